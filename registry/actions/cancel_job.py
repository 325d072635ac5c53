"""Stop a job."""

from dataclasses import dataclass
from typing import ClassVar

from django.utils import timezone

from registry.actions.base import Action, ActionError
from registry.actions.queueing import note
from registry.models import Job


@dataclass(kw_only=True)
class CancelJob(Action[Job]):
    """End a waiting job at once; ask a running one to stop, which its attempt sees within a second."""

    permission: ClassVar[str] = "registry.cancel_job"

    job: Job

    def execute(self) -> Job:
        job = Job.objects.select_for_update(no_key=True).get(pk=self.job.pk)
        if job.finished:
            raise ActionError(f"The {job} has {job.state} already.", conflict=True)
        now = timezone.now()
        if job.cancel_requested_at is None:
            job.cancel_requested_at, job.cancel_requested_by = now, self.actor
        if job.state == Job.State.QUEUED:
            job.state, job.finished_at, job.message = Job.State.CANCELLED, now, ""
            note(job, f"cancelled by {self.actor or 'the system'} before it started")
        job.save(update_fields=["state", "finished_at", "message", "cancel_requested_at", "cancel_requested_by"])
        return job
