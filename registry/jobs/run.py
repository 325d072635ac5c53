"""What a worker calls: take a job, do what its kind asks for, and leave it in the state that follows."""

import logging
import shutil
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import PermissionDenied

from mlcore.events import Events
from registry.actions.base import ActionError
from registry.actions.retry_job import run_of
from registry.artifacts import ArtifactError
from registry.jobs.attempt import CANCELLED, RELEASED, UNREACHABLE, Attempt, Ended
from registry.jobs.child import ChildCrashed, ChildFailed
from registry.jobs.handlers import files, generate, score, train
from registry.models import Job
from registry.search.parameters import SelectionError

logger = logging.getLogger("registry.jobs")

HANDLERS: dict[str, Callable[[Attempt, Any], None]] = {
    Job.Kind.IMPORT: files.import_file,
    Job.Kind.EXPORT: files.export_file,
    Job.Kind.TRAIN: train.train,
    Job.Kind.GENERATE: generate.generate,
    Job.Kind.SCORE: score.score,
}
EXPLAINED = (
    ActionError,
    ArtifactError,
    ChildFailed,
    PermissionDenied,
    SelectionError,
)  # their message says all there is to say


def run_job(job_id: str, watcher: Events | None = None) -> None:
    """One attempt at the job. Nothing to do when it is not queued: messages may come twice, late, or for nothing.

    watcher: shows a person what goes on, where one is looking.
    """
    attempt = Attempt.claim(job_id, watcher)
    if attempt is None:
        logger.info("Job %s is not waiting; nothing to do.", job_id)
        return
    try:
        with _signals(attempt):
            _conclude(attempt)
    finally:
        attempt.close()
    if Job.objects.filter(pk=job_id, state__in=Job.FINAL).exists():
        shutil.rmtree(attempt.folder, ignore_errors=True)


def _conclude(attempt: Attempt) -> None:
    """Run the handler; every way in which it can end leads to one state."""
    job = attempt.job
    try:
        HANDLERS[job.kind](attempt, run_of(job))
    except Ended as end:
        if end.why == CANCELLED:
            attempt.finish(Job.State.CANCELLED)
        elif end.why == RELEASED:
            attempt.release("the worker was stopped", spare=True)
        else:
            logger.warning("%s: attempt %s was superseded and stopped.", job, job.attempt)
    except (ChildCrashed, *UNREACHABLE) as error:
        if job.attempt < job.max_attempts:
            attempt.release(_one_line(error))
        else:
            attempt.finish(Job.State.FAILED, f"{_one_line(error)}, in the last of {job.attempt} attempts")
    except EXPLAINED as error:
        attempt.finish(Job.State.FAILED, _one_line(error))
    except Exception as error:  # whatever it is, the job's record has to say so
        logger.exception("%s failed unexpectedly.", job)
        attempt.finish(Job.State.FAILED, f"unexpected {type(error).__name__}: {_one_line(error)}")
    else:
        attempt.finish(Job.State.SUCCEEDED)


@contextmanager
def _signals(attempt: Attempt) -> Iterator[None]:
    """A worker that shuts down gives the job back (SIGTERM); where a person waits for it, either signal cancels it."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def stop_for(why: str) -> Callable[[int, object], None]:
        return lambda *_: setattr(attempt, "stop", attempt.stop or why)

    reasons = {signal.SIGTERM: CANCELLED, signal.SIGINT: CANCELLED} if attempt.watcher else {signal.SIGTERM: RELEASED}
    before = {number: signal.signal(number, stop_for(why)) for number, why in reasons.items()}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())[:1000]
