"""The Idempotency-Key header: a POST that starts a run, sent again after a lost answer, starts nothing twice."""

import json
from collections.abc import Callable
from hashlib import sha256

from django.db import IntegrityError, transaction
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from registry.actions.base import ActionError
from registry.actions.retry_job import subject_of
from registry.models import Job
from registry.models.run import Run

HEADER = "Idempotency-Key"
LONGEST = 200


def once(request: Request, start: Callable[[], Run]) -> Run:
    """The run that this user's key has started, or else a new one. Without the header, always a new one.

    Raises: ActionError when the key came with another request before.
    """
    key = request.headers.get(HEADER, "")
    if not key:
        return start()
    if len(key) > LONGEST or not key.isprintable():
        raise ValidationError({HEADER: f"At most {LONGEST} printable characters."})
    digest = _digest(request)
    if earlier := _started(request, key, digest):
        return earlier
    try:
        with transaction.atomic():
            run = start()
            Job.objects.filter(pk=run.job_id, request_key="").update(request_key=key, request_digest=digest)
            return run
    except IntegrityError:  # the same request came twice at once: the other one has just committed
        if earlier := _started(request, key, digest):
            return earlier
        raise


def _started(request: Request, key: str, digest: str) -> Run | None:
    job = Job.objects.filter(created_by=request.user, request_key=key).first()
    if job is None:
        return None
    if job.request_digest != digest:
        raise ActionError("This key came with another request before; use a new one.", field=HEADER, conflict=True)
    return subject_of(job)


def _digest(request: Request) -> str:
    """Of the path and the body; of an uploaded file, its name and size."""
    body = {name: getattr(value, "name", value) for name, value in dict(request.data).items()}
    sizes = {name: upload.size for name, upload in request.FILES.items()}
    return sha256(json.dumps([request.path, body, sizes], sort_keys=True, default=str).encode()).hexdigest()
