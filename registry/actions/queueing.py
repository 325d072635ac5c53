"""From a committed row to a worker: the one place that puts work on a queue."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import django_rq
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import transaction
from django.db.models import Max
from django.utils import timezone
from redis.exceptions import RedisError

from registry.actions.base import ActionError
from registry.models import Job, JobEvent

RUN_JOB = "registry.jobs.run.run_job"  # by name: actions do not import jobs

logger = logging.getLogger("registry.jobs")
_in_this_process: ContextVar[bool] = ContextVar("in_this_process", default=False)


def create_job(kind: str, actor: AbstractUser | None, queue: str = Job.Queue.CPU, **fields: Any) -> Job:
    """A queued job row; its message leaves when the transaction commits, carrying nothing but the id."""
    if queue not in Job.Queue.values:
        raise ActionError(f"There is no queue {queue!r}; known: {', '.join(Job.Queue.values)}.", field="queue")
    fields = {"max_attempts": settings.JOB_MAX_ATTEMPTS, **fields}
    job = Job.objects.create(kind=kind, queue=queue, created_by_id=actor.pk if actor else None, **fields)
    note(job, f"queued by {actor or 'the system'}")
    send_on_commit(job)
    return job


def send_on_commit(job: Job) -> None:
    """Enqueue after the commit. Should the queue not answer then, the reaper finds the row and sends it later."""
    if not _in_this_process.get():
        transaction.on_commit(lambda: _send(job))


def enqueue(job: Job) -> None:
    """Send the job to its queue. Sending twice is harmless: only one attempt can take the row."""
    django_rq.get_queue(job.queue).enqueue(
        RUN_JOB, str(job.pk), job_id=message_id(job), result_ttl=0, failure_ttl=86_400
    )


def message_id(job: Job) -> str:
    """Name of the message that asks for the job's next attempt."""
    return f"{job.pk}-{job.attempt + 1}"


def note(job: Job, message: str, level: str = "info") -> None:
    """A line in the job's log from outside of its attempts; the caller holds the job's row or has just changed it."""
    last = JobEvent.objects.filter(job=job, attempt=job.attempt).aggregate(last=Max("sequence"))["last"]
    JobEvent.objects.create(
        job=job,
        attempt=job.attempt,
        sequence=0 if last is None else last + 1,
        time=timezone.now(),
        kind=JobEvent.Kind.STATE,
        level=level,
        message=message,
    )


@contextmanager
def in_this_process() -> Iterator[None]:
    """Jobs created meanwhile are not sent to a queue: the caller runs them itself."""
    token = _in_this_process.set(True)
    try:
        yield
    finally:
        _in_this_process.reset(token)


def _send(job: Job) -> None:
    try:
        enqueue(job)
    except RedisError as error:
        logger.warning("%s waits in the database: the queue does not answer (%s).", job, error)
