"""Whether the parts that must run do run. For load balancers and monitoring; tells nothing that is secret."""

from datetime import timedelta

import django_rq
from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from redis.exceptions import RedisError
from rq import Worker

from registry.models import Schedule

OVERDUE = timedelta(minutes=2)


@require_safe
@never_cache
def health(request: HttpRequest) -> JsonResponse:
    """200 when requests can be served, 503 when not; missing workers and a stopped clock are only shown."""
    workers, on_time = _workers(), _schedules_on_time()
    parts = {"database": on_time is not None, "redis": workers is not None}
    served = all(parts.values())
    more = {"workers": workers or {}, "schedules_on_time": bool(on_time)}
    return JsonResponse({"status": "ok" if served else "failing", **parts, **more}, status=200 if served else 503)


def _schedules_on_time() -> bool | None:
    """False when a turn is overdue, so that `manage.py run_schedules` seems to be stopped; None without a database."""
    late = timezone.now() - OVERDUE
    try:
        waiting = Schedule.objects.filter(enabled=True).filter(
            Q(next_fire_at__lt=late) | Q(next_fire_at=None, created_at__lt=late)
        )
        return not waiting.exists()
    except DatabaseError:
        return None


def _workers() -> dict[str, int] | None:
    """Live workers by queue, without those whose last sign of life has expired; None when Redis does not answer."""
    try:
        queues = {name: django_rq.get_queue(name) for name in settings.RQ_QUEUES}
        return {name: len(Worker.all(queue=queue)) for name, queue in queues.items()}
    except RedisError:
        return None
