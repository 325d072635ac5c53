"""mlcore in a process group of its own: its events become the job's, and it is gone when the attempt ends."""

import json
import os
import selectors
import signal
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import Any

from django.conf import settings

from registry.jobs.attempt import SUPERSEDED, Attempt
from registry.processes import die_with_parent

LOOK_EVERY = 0.1  # seconds between looks at whether to stop
SECRETS = ("DATABASE_URL", "REDIS_URL", "SECRET_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN")


class ChildFailed(Exception):
    """mlcore said, in one line, why it could not do it; the same again would fail again."""


class ChildCrashed(Exception):
    """The process died of a signal that was not ours (out of memory, an abort in a library): worth another attempt."""


def run_mlcore(attempt: Attempt, arguments: Sequence[str | Path], stage: str, until: float = 1.0) -> dict[str, Any]:
    """Runs mlcore with these arguments and returns its result.

    stage: the text of those progress events that move the job's bar, up to `until`.
    Raises: ChildFailed, ChildCrashed, Ended.
    """
    complaints = attempt.folder / "stderr.txt"
    with complaints.open("wb") as stderr, _started(arguments, stderr) as process:
        try:
            reader = _Reader(attempt, stage, until)
            for line in _lines(process, attempt):
                reader.take(line)
            status = process.wait()
        except BaseException:
            _end(process, 0 if attempt.stop == SUPERSEDED else settings.JOB_KILL_AFTER)
            raise
    if status < 0:
        raise ChildCrashed(f"mlcore died of {signal.Signals(-status).name}")
    if status or reader.result is None:
        raise ChildFailed(reader.error or _last_line(complaints) or f"mlcore ended with status {status}")
    return reader.result


def _started(arguments: Sequence[str | Path], stderr: Any) -> "subprocess.Popen[bytes]":
    environment = {name: value for name, value in os.environ.items() if name not in SECRETS}
    environment.setdefault("OMP_NUM_THREADS", str(len(os.sched_getaffinity(0))))
    return subprocess.Popen(
        [*settings.MLCORE_COMMAND, *arguments, "--events"],
        cwd=settings.ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=stderr,
        process_group=0,
        preexec_fn=die_with_parent(signal.SIGKILL),
    )


def _lines(process: "subprocess.Popen[bytes]", attempt: Attempt) -> Iterator[bytes]:
    """Lines as they come, to the end of the stream; Ended is raised in between when the attempt has to stop."""
    assert process.stdout is not None  # noqa: S101 - Popen was asked for it
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(process.stdout, selectors.EVENT_READ)
        while True:
            attempt.check()
            if not selector.select(LOOK_EVERY):
                continue
            chunk = os.read(process.stdout.fileno(), 1 << 16)
            if not chunk:
                return
            *lines, rest = (rest + chunk).split(b"\n")
            yield from lines


def _end(process: "subprocess.Popen[bytes]", patience: float) -> None:
    """SIGTERM to the whole group, SIGKILL after `patience` seconds; what it still says is read and dropped."""
    if process.poll() is None and patience:
        os.killpg(process.pid, signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.communicate(timeout=patience)
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)  # also whatever the child has left behind
    process.communicate()


class _Reader:
    """Translates mlcore's events into the attempt's."""

    def __init__(self, attempt: Attempt, stage: str, until: float) -> None:
        self.attempt, self.stage, self.until = attempt, stage, until
        self.result: dict[str, Any] | None = None
        self.error = ""

    def take(self, line: bytes) -> None:
        try:
            event = json.loads(line)
            kind, at = event.pop("event"), datetime.fromisoformat(event.pop("time"))
        except (ValueError, KeyError, AttributeError, TypeError):  # a library wrote to stdout
            self.attempt.log("debug", self._plain(line.decode(errors="replace")))
            return
        if kind == "progress":
            self._progress(event["step"], event["total"], event["text"])
        elif kind == "metric":
            self.attempt.metric(event["name"], event["value"], event["step"], event["split"], at)
        elif kind == "log":
            self.attempt.log(event["level"], self._plain(event["message"]), at)
        elif kind == "checkpoint":
            self.attempt.log("debug", f"checkpoint at step {event['step']}", at)
        elif kind == "error":
            self.error = self._plain(event["message"])
        elif kind == "result":
            self.result = event

    def _plain(self, text: str) -> str:
        """Without the folder of this attempt: it means nothing to a reader, and is gone when the job ends."""
        return text.replace(f"{self.attempt.folder}/", "")

    def _progress(self, step: int, total: int, text: str) -> None:
        share = self.until * step / total if text == self.stage and total else None
        self.attempt.progress(share, f"{text} {step:,} of {total:,}")


def _last_line(path: Path) -> str:
    """Of what the child wrote to stderr: after a traceback, the exception itself."""
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1][:500] if lines else ""
