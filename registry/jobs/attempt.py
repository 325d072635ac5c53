"""One attempt at a job: what it may write, and how it learns that it has to stop.

Every write checks the fencing token that the attempt got when it took the job, in the transaction of the write itself.
So an attempt that was declared lost and comes back (a machine that slept, a network that was cut) changes nothing.
"""

import logging
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection, transaction
from django.db.models import F, QuerySet
from django.utils import timezone

from mlcore.events import Events, Level
from registry.actions.queueing import note, send_on_commit
from registry.models import Job, JobEvent

logger = logging.getLogger("registry.jobs")

Result = TypeVar("Result")
UNREACHABLE = (OperationalError, InterfaceError)

CANCELLED = "cancelled"  # somebody asked for it
SUPERSEDED = "superseded"  # the attempt no longer owns the job
RELEASED = "released"  # the worker is shutting down and gives the job back


class Ended(BaseException):
    """The attempt has to stop now. Not an Exception, so that no handler on the way takes it for a failure."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Attempt:
    """Made by `claim`; only the attempt whose token the job row holds can write.

    Progress and events go into a list in memory, which a thread brings to the database once a tick; it also beats, and
    sees whether the job was cancelled or given to somebody else. It has a connection of its own, so that all this works
    while the job's own work sits in a long transaction.
    """

    def __init__(self, job: Job, token: uuid.UUID, watcher: Events | None = None) -> None:
        self.job, self.token, self.watcher = job, token, watcher
        self.folder = Path(settings.JOB_FOLDER) / str(job.pk)
        self.stop = ""  # why to end, once there is a reason
        self._events: list[JobEvent] = []
        self._progress: dict[str, Any] = {}
        self._sequence = 0
        self._lock = threading.Lock()
        self._quit = threading.Event()
        self._alive_at = time.monotonic()  # when the database last confirmed that the job is ours
        self._beat_at = self._alive_at
        self._voice = threading.Thread(target=self._speak, name=f"voice of {job}", daemon=True)

    @classmethod
    def claim(cls, job_id: str, watcher: Events | None = None) -> "Attempt | None":
        """Take a queued job by compare-and-set; None when there is nothing to take."""
        token, now = uuid.uuid4(), timezone.now()
        worker = f"{socket.gethostname()}:{os.getpid()}"
        taken = Job.objects.filter(pk=job_id, state=Job.State.QUEUED).update(
            state=Job.State.RUNNING,
            attempt=F("attempt") + 1,
            fencing_token=token,
            worker=worker,
            started_at=now,
            heartbeat_at=now,
            progress=0,
            message="starting",
        )
        if not taken:
            return None
        attempt = cls(Job.objects.get(pk=job_id), token, watcher)
        attempt._record(JobEvent.Kind.STATE, f"attempt {attempt.job.attempt} started on {worker}")
        attempt.folder.mkdir(parents=True, exist_ok=True)
        attempt._voice.start()
        return attempt

    def log(self, level: Level, message: str, at: datetime | None = None) -> None:
        """A line for the job's log."""
        self._record(JobEvent.Kind.LOG, message, level=level, at=at)
        if self.watcher:
            self.watcher.log(level, message)

    def metric(self, name: str, value: float | None, step: int, split: str, at: datetime | None = None) -> None:
        """A point of a curve."""
        point = {"name": name, "value": value, "step": step, "split": split}
        self._record(JobEvent.Kind.METRIC, data=point, at=at)
        if self.watcher and value is not None:
            self.watcher.metric(name, value, step, split)

    def progress(self, share: float | None, message: str) -> None:
        """How far the job is, 0 to 1, and what it is doing; None leaves the bar where it is."""
        with self._lock:
            changed = message != self._progress.get("message")
            self._progress["message"] = message[:200]
            if share is not None:
                self._progress["progress"] = min(max(share, 0.0), 1.0)
        if self.watcher and share is not None:
            self.watcher.progress(round(1000 * share), 1000, message)
        elif self.watcher and changed:
            self.watcher.log("info", message)

    def check(self) -> None:
        """Raises: Ended when the job was cancelled, given to another attempt, or is to be given back."""
        if self.stop:
            raise Ended(self.stop)

    def write(self, work: Callable[[], Result]) -> Result:
        """Run `work` in a transaction that commits only while the job is ours; `work` must bear being run again.

        The row is locked last, for the moment of the commit, so that beats do not wait for long work. While the
        database cannot be reached it is tried again, for as long as the attempt may still own the job.
        """

        def fenced() -> Result:
            result = work()
            self._hold()
            return result

        return self._commit(fenced)

    def finish(self, state: str, error: str = "") -> None:
        """Enter a final state, once everything said so far is written."""
        message = error or state
        changes: dict[str, Any] = {"state": state, "error": error, "message": "", "finished_at": timezone.now()}
        if state == Job.State.SUCCEEDED:
            changes["progress"] = 1
        self._leave(changes, message, "error" if error else "info")

    def release(self, reason: str, *, spare: bool = False) -> None:
        """Give the job back to its queue; with `spare` this attempt does not count against the limit."""
        changes: dict[str, Any] = {"state": Job.State.QUEUED, "heartbeat_at": None, "message": reason[:200]}
        if spare:
            changes["max_attempts"] = F("max_attempts") + 1
        self._leave(changes, f"given back: {reason}", "warning", again=True)

    def close(self) -> None:
        """End the thread, after it has brought the last events home."""
        self._quit.set()
        self._voice.join()

    def _leave(self, changes: dict[str, Any], message: str, level: str, *, again: bool = False) -> None:
        self.close()

        def leave() -> None:
            self._hold()
            note(self.job, _cancelled(self.job) if message == Job.State.CANCELLED else message, level)
            Job.objects.filter(pk=self.job.pk).update(fencing_token=None, **changes)
            if again:
                send_on_commit(self.job)

        if self.stop == SUPERSEDED:
            return
        self.stop = ""  # this last write is due even when the job is being cancelled
        try:
            self._commit(leave)
        except (Ended, *UNREACHABLE) as error:
            logger.warning("%s: attempt %s wrote nothing at its end (%s).", self.job, self.job.attempt, error)

    def _commit(self, work: Callable[[], Result]) -> Result:
        """In one transaction, again while the database cannot be reached."""
        deadline = time.monotonic() + settings.JOB_LOST_AFTER
        while True:
            self.check()
            try:
                with transaction.atomic():
                    return work()
            except UNREACHABLE as error:
                if time.monotonic() > deadline:
                    raise
                logger.warning("%s: the database cannot be reached (%s); trying again.", self.job, error)
                connection.close()
                time.sleep(settings.JOB_TICK_EVERY)

    def _hold(self) -> None:
        """Lock the job's row and make sure that it is ours."""
        if not self._mine().select_for_update(no_key=True).exists():
            self.stop = SUPERSEDED
            raise Ended(SUPERSEDED)
        self._alive_at = time.monotonic()

    def _mine(self) -> QuerySet[Job]:
        """The job's row while this attempt owns it, else nothing."""
        return Job.objects.filter(pk=self.job.pk, state=Job.State.RUNNING, fencing_token=self.token)

    def _record(
        self,
        kind: str,
        message: str = "",
        *,
        level: str = "info",
        data: dict[str, Any] | None = None,
        at: datetime | None = None,
    ) -> None:
        with self._lock:
            self._events.append(
                JobEvent(
                    job=self.job,
                    attempt=self.job.attempt,
                    sequence=self._sequence,
                    time=at or timezone.now(),
                    kind=kind,
                    level=level,
                    message=message.replace("\0", "␀"),
                    data=data or {},
                )
            )
            self._sequence += 1

    def _speak(self) -> None:
        """The thread: one tick after another, and a last one when the attempt ends."""
        last = False
        while not last:
            last = self._quit.wait(settings.JOB_TICK_EVERY)
            try:
                self._tick()
            except UNREACHABLE as error:
                logger.warning("%s: the database cannot be reached (%s).", self.job, error)
                connection.close()
            if time.monotonic() - self._alive_at > settings.JOB_LOST_AFTER:
                self.stop = SUPERSEDED  # nobody heard of us for so long that the job was given away
        connection.close()

    def _tick(self) -> None:
        with self._lock:
            events, changes = list(self._events), dict(self._progress)
        now = time.monotonic()
        if now - self._beat_at >= settings.JOB_HEARTBEAT_EVERY or events or changes:
            changes["heartbeat_at"] = timezone.now()
        with transaction.atomic():
            if changes and self._mine().update(**changes):  # which also locks the row, so that the events are fenced
                JobEvent.objects.bulk_create(events, ignore_conflicts=True)
            row = self._mine().values_list("cancel_requested_at").first()
        if row is None:
            self.stop = SUPERSEDED
            return
        if row[0] is not None:
            self.stop = self.stop or CANCELLED
        self._alive_at = now
        self._forget(len(events), changes)

    def _forget(self, written: int, changes: dict[str, Any]) -> None:
        if changes:
            self._beat_at = self._alive_at
        with self._lock:
            del self._events[:written]
            if all(changes.get(name) == value for name, value in self._progress.items()):
                self._progress = {}


def _cancelled(job: Job) -> str:
    """By whom, where that was written down: Ctrl-C in a terminal leaves no name."""
    name = Job.objects.filter(pk=job.pk).values_list("cancel_requested_by__username", flat=True).first()
    return f"cancelled by {name}" if name else "cancelled"
