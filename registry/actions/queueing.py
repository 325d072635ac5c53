"""From a committed row to a worker: the one place that puts work on a queue."""

from typing import Any

import django_rq
from django.contrib.auth.models import User
from django.db import transaction

from registry.models import Job

RUN_JOB = "registry.jobs.run.run_job"  # by name: actions do not import jobs


def create_job(kind: str, actor: User | None, queue: str = Job.Queue.CPU, **fields: Any) -> Job:
    """A queued job row; its message leaves when the transaction commits, carrying nothing but the id."""
    job = Job.objects.create(kind=kind, queue=queue, created_by=actor, **fields)
    transaction.on_commit(lambda: enqueue(job))
    return job


def enqueue(job: Job) -> None:
    """Send the job to its queue. Sending twice is harmless: only one attempt can take the row."""
    django_rq.get_queue(job.queue).enqueue(RUN_JOB, str(job.pk), result_ttl=0, failure_ttl=86_400)
