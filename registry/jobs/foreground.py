"""Runs that a person waits for: started, done in this process and shown, without a queue or a worker."""

from typing import TypeVar

from mlcore.events import Events
from registry.actions.base import Action, ActionError
from registry.actions.queueing import in_this_process
from registry.jobs.run import run_job
from registry.models import Job
from registry.models.run import Run

AnyRun = TypeVar("AnyRun", bound=Run)


def run_here(action: Action[AnyRun], watcher: Events) -> AnyRun:
    """Start a run and do its job, attempt after attempt as a worker would, until it is in a final state.

    Raises: ActionError when the run cannot start or does not succeed.
    """
    try:
        with in_this_process():
            run = action.run()
            while not Job.objects.filter(pk=run.job_id, state__in=Job.FINAL).exists():
                run_job(str(run.job_id), watcher)
    finally:
        watcher.close()
    run.refresh_from_db()
    if run.job.state != Job.State.SUCCEEDED:
        raise ActionError(f"{run} {run.job.state}{': ' if run.job.error else ''}{run.job.error}")
    return run
