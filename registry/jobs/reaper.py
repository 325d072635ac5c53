"""Finds jobs that nobody works on any more and puts them right.

"Forward only" is meant within an attempt: a final state is never left, and a lost attempt is over for good, since its
token is void. What goes back to the queue is the job, for its next attempt; only the reaper, and an attempt that gives
its job back, can send it there.
"""

import logging
import shutil
from datetime import timedelta
from pathlib import Path

import django_rq
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from redis.exceptions import RedisError

from registry.actions.queueing import enqueue, message_id, note, send_on_commit
from registry.models import Job

logger = logging.getLogger("registry.jobs")

SETTLED = timedelta(seconds=5)  # a row younger than this may still be on its way to the queue


def reap() -> None:
    """One round; two at once do no harm."""
    for job in _silent():
        _bury(job)
    _resend()
    _clear_folders()


def _silent() -> list[Job]:
    limit = timezone.now() - timedelta(seconds=settings.JOB_LOST_AFTER)
    return list(Job.objects.filter(state=Job.State.RUNNING, heartbeat_at__lt=limit))


@transaction.atomic
def _bury(job: Job) -> None:
    """End the attempt whose token was seen, unless it has spoken since."""
    mine = Job.objects.filter(
        pk=job.pk, state=Job.State.RUNNING, fencing_token=job.fencing_token, heartbeat_at=job.heartbeat_at
    )
    now = timezone.now()
    reason = f"attempt {job.attempt} on {job.worker} was lost: no heartbeat for {settings.JOB_LOST_AFTER:g} s"
    if job.cancel_requested_at is not None:
        state, finished, error = Job.State.CANCELLED, now, ""
    elif job.attempt < job.max_attempts:
        state, finished, error = Job.State.QUEUED, None, ""
    else:
        state, finished, error = Job.State.LOST, now, f"{reason}; it was the last of {job.max_attempts}"
    changed = mine.update(
        state=state, finished_at=finished, error=error, message="", fencing_token=None, heartbeat_at=None
    )
    if not changed:
        return
    note(job, reason, "error")
    logger.warning("%s: %s; now %s.", job, reason, state)
    if state == Job.State.QUEUED:
        send_on_commit(job)


def _resend() -> None:
    """Send jobs again whose message is gone: the queue lost its data, or the sender died after its commit."""
    waiting = Job.objects.filter(state=Job.State.QUEUED, created_at__lt=timezone.now() - SETTLED)
    try:
        for name in Job.Queue.values:
            sent = set(django_rq.get_queue(name).get_job_ids())
            for job in waiting.filter(queue=name):
                if message_id(job) not in sent:
                    logger.warning("%s was not on its queue; sent again.", job)
                    enqueue(job)
    except RedisError as error:
        logger.warning("The queue does not answer (%s).", error)


def _clear_folders() -> None:
    """Remove what finished jobs left on this machine because their worker died."""
    folders = {path.name: path for path in Path(settings.JOB_FOLDER).glob("*-*-*-*-*")}
    for pk in Job.objects.filter(pk__in=folders, state__in=Job.FINAL).values_list("pk", flat=True):
        shutil.rmtree(folders[str(pk)], ignore_errors=True)
