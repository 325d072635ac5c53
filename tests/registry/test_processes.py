"""Programs that run together end together, whatever ends them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNNER = """
import sys
from pathlib import Path
from registry.processes import Program, run_together
log_folder, *scripts = sys.argv[1:]
programs = [Program(f"part{n}", [sys.executable, "-uc", script]) for n, script in enumerate(scripts)]
sys.exit(run_together(programs, Path(log_folder), grace=2))
"""
OBEDIENT = "import time; print('up'); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up'); time.sleep(60)"
WITH_ORPHAN = """
import os, signal, time
if os.fork() == 0:  # what RQ does for each job: a process group of its own
    os.setpgrp()
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
print('up'); time.sleep(60)
"""
FAILING = "import sys, time; print('up'); time.sleep(.3); print('about to fail'); sys.exit(3)"

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="orphans are only caught on Linux")


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    started = []

    def start(*scripts: str, wait_for: int | None = None) -> "subprocess.Popen[str]":
        command = [sys.executable, "-uc", RUNNER, tmp_path / "log", *scripts]
        process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True, start_new_session=True)
        started.append(process)
        ups = 0
        while ups < (len(scripts) if wait_for is None else wait_for):
            ups += process.stdout.readline().endswith("up\n")
        return process

    yield start
    for process in started:
        process.stdout.close()
        process.wait(15)


def left_over(tmp_path: Path) -> list[str]:
    """Command lines of the processes that a runner of this test started; the log folder marks the runner."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(tmp_path).encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def ends_within(seconds: float, tmp_path: Path) -> bool:
    deadline = time.monotonic() + seconds
    while left_over(tmp_path) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not left_over(tmp_path)


@pytest.fixture(autouse=True)
def _marked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MARK_OF_THIS_TEST", str(tmp_path))


@pytest.mark.parametrize("sig", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_asked_to_end(start: Callable, tmp_path: Path, sig: signal.Signals) -> None:
    process = start(OBEDIENT, OBEDIENT)
    process.send_signal(sig)
    assert process.wait(15) == 0
    assert not left_over(tmp_path)


def test_ctrl_c_in_a_terminal_reaches_the_whole_group(start: Callable, tmp_path: Path) -> None:
    process = start(OBEDIENT, OBEDIENT)
    os.killpg(process.pid, signal.SIGINT)
    assert process.wait(15) == 0
    assert not left_over(tmp_path)


def test_a_program_that_ends_takes_the_others_along(start: Callable, tmp_path: Path) -> None:
    process = start(OBEDIENT, FAILING)
    output = process.stdout.read().splitlines()
    assert process.wait(15) == 1
    assert f"part1 ended with exit code 3; its log is {tmp_path}/log/part1.log" in output
    assert (tmp_path / "log/part1.log").read_text() == "up\nabout to fail\n"
    assert not left_over(tmp_path)


def test_lines_carry_the_name_of_their_program(start: Callable) -> None:
    process = start(FAILING, wait_for=0)
    assert process.stdout.readline() == "part0 | up\n"
    assert process.stdout.readline() == "part0 | about to fail\n"


def test_a_program_that_does_not_exist(tmp_path: Path) -> None:
    script = RUNNER.replace("[sys.executable", "['no-such-program'")
    done = subprocess.run(
        [sys.executable, "-c", script, tmp_path, OBEDIENT], cwd=ROOT, capture_output=True, text=True, timeout=10
    )
    assert done.returncode == 1
    assert "part0 could not start" in done.stdout
    assert "no-such-program" in done.stdout
    assert done.stderr == ""


@pytest.mark.parametrize("script", [STUBBORN, WITH_ORPHAN])
def test_programs_that_do_not_obey_are_killed_in_the_end(start: Callable, tmp_path: Path, script: str) -> None:
    process = start(OBEDIENT, script)
    begin = time.monotonic()
    process.terminate()
    assert process.wait(15) == 0
    assert time.monotonic() - begin > 1.5
    assert not left_over(tmp_path)


def test_a_second_ctrl_c_cuts_the_wait_short(start: Callable, tmp_path: Path) -> None:
    process = start(STUBBORN)
    begin = time.monotonic()
    process.send_signal(signal.SIGINT)
    time.sleep(0.5)
    process.send_signal(signal.SIGINT)
    assert process.wait(15) == 0
    assert time.monotonic() - begin < 1.9
    assert not left_over(tmp_path)


def test_kill_minus_nine_leaves_nothing(start: Callable, tmp_path: Path) -> None:
    process = start(OBEDIENT, STUBBORN, WITH_ORPHAN)
    assert len(left_over(tmp_path)) == 6  # the one in front, the keeper, three programs and an orphan to be
    process.kill()
    process.wait(15)
    assert ends_within(15, tmp_path)
