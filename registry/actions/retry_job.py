"""Run a job again that did not succeed."""

from dataclasses import dataclass
from typing import ClassVar

from django.db.models import Q

from registry.actions.base import Action, ActionError
from registry.actions.queueing import create_job, note
from registry.models import Job
from registry.models.run import Run


@dataclass(kw_only=True)
class RetryJob(Action[Job]):
    """A final state is never left, so the run gets a new job; the old one stays as the record of what happened."""

    permission: ClassVar[str] = "registry.cancel_job"

    job: Job

    def execute(self) -> Job:
        old = Job.objects.select_for_update(no_key=True).get(pk=self.job.pk)
        if not old.finished or old.state == Job.State.SUCCEEDED:
            raise ActionError(f"The {old} is {old.state}; only what failed, was cancelled or lost is run again.",
                              conflict=True)  # fmt: skip
        run = run_of(old)
        if run is None:
            raise ActionError(f"The {old} was run again before; retry its successor.", conflict=True)
        new = create_job(old.kind, self.actor, old.queue, max_attempts=old.max_attempts)
        run.job = new
        run.save(update_fields=["job"])
        Job.objects.filter(Q(pk=old.pk) | Q(taken_over_by=old)).update(taken_over_by=new)
        note(old, f"run again as job {new.pk}")
        return new


def run_of(job: Job) -> Run | None:
    """The run whose state the job is; None when a later job took it over."""
    names = {Job.Kind.IMPORT: "importrun", Job.Kind.TRAIN: "trainingrun", Job.Kind.GENERATE: "generationrun",
             Job.Kind.SCORE: "scoringrun", Job.Kind.EXPORT: "exportrun"}  # fmt: skip
    return getattr(job, names[Job.Kind(job.kind)], None)


def subject_of(job: Job) -> Run | None:
    """The run that the job was for, also when a later job has taken it over."""
    return run_of(job) or (run_of(job.taken_over_by) if job.taken_over_by is not None else None)
