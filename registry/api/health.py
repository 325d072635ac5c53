"""Whether the parts that must run do run. For load balancers and monitoring; tells nothing that is secret."""

import django_rq
from django.conf import settings
from django.db import DatabaseError, connection
from django.http import HttpRequest, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError
from rq import Worker


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, 503 when not. Missing workers are shown but are no failure of the web server."""
    workers = _workers()
    parts = {"database": _database(), "redis": workers is not None}
    state = {"status": "ok" if all(parts.values()) else "failing", **parts, "workers": workers or {}}
    return JsonResponse(state, status=200 if all(parts.values()) else 503)


def _database() -> bool:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return False
    return True


def _workers() -> dict[str, int] | None:
    """Live workers by queue; None when Redis does not answer."""
    try:
        queues = {name: django_rq.get_queue(name) for name in settings.RQ_QUEUES}
        return {name: Worker.count(queue=queue) for name, queue in queues.items()}
    except RedisError:
        return None
