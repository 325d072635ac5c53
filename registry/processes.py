"""Child processes that never outlive the process that started them."""

import contextlib
import ctypes
import os
import select
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from mlcore.processes import die_with_parent

__all__ = ["Program", "die_with_parent", "run_together"]

GRACE = 10.0  # seconds from the request to end until SIGKILL

_PR_SET_CHILD_SUBREAPER = 36
_LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None

Process = subprocess.Popen[str]


@dataclass(frozen=True)
class Program:
    """One of several programs that make up a whole, such as the web server."""

    name: str
    command: Sequence[str | Path]


def run_together(
    programs: Sequence[Program], log_folder: Path, grace: float = GRACE, needed: Callable[[], str] = str
) -> int:
    """Runs the programs until one of them ends or this process is asked to (Ctrl-C, SIGTERM, SIGHUP).

    Their lines appear here with the program's name in front and in `log_folder/<name>.log`. Afterwards nothing runs any
    more that they started. Returns 0 when asked to end, 1 when a program ended by itself. Main thread only.

    needed: looked at ten times a second; says in a line what the programs cannot do without and has ended, else "".

    The programs are children of a keeper, forked from here: it ends them too when this very process is killed by
    `kill -9`, and it inherits open leases, so that databases stay until the programs have ended.
    """
    sys.stdout.flush()
    watched, watching = os.pipe()
    keeper = os.fork()
    if keeper == 0:
        os.close(watching)
        os.setsid()  # Ctrl-C reaches the process in front alone
        code = 1
        try:
            code = _Keeper(programs, log_folder, grace, needed).keep(watched)
        finally:
            sys.stdout.flush()
            os._exit(code)
    os.close(watched)
    with _forwarding_to(keeper):
        _, status = os.waitpid(keeper, 0)
    os.close(watching)
    return 0 if status == 0 else 1


@contextlib.contextmanager
def _forwarding_to(keeper: int) -> Iterator[None]:
    def ask(*_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(keeper, signal.SIGTERM)

    before = {sig: signal.signal(sig, ask) for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    try:
        yield
    finally:
        for sig, handler in before.items():
            signal.signal(sig, handler)


class _Keeper:
    """The parent of the programs, and on Linux of every process that they leave behind."""

    def __init__(self, programs: Sequence[Program], log_folder: Path, grace: float, needed: Callable[[], str]) -> None:
        self.programs = programs
        self.log_folder = log_folder
        self.grace = grace
        self.needed = needed
        self.running: dict[str, Process] = {}
        self.asked = 0

    def keep(self, watched: int) -> int:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, self._ask)
        if _LIBC is not None:
            _LIBC.prctl(_PR_SET_CHILD_SUBREAPER, 1)
        self.log_folder.mkdir(parents=True, exist_ok=True)
        try:
            return self._run(watched)
        finally:
            self._stop_all()

    def _ask(self, *_: object) -> None:
        self.asked += 1

    def _run(self, watched: int) -> int:
        for number, program in enumerate(self.programs):
            try:
                self._start(program, number)
            except OSError as error:
                _say(f"{program.name} could not start: {error}")
                return 1
        while not self.asked and not _at_end(watched):
            for name, process in self.running.items():
                if process.poll() is not None:
                    _say(f"{name} {_how_it_ended(process.returncode)}; its log is {self.log_folder / name}.log")
                    return 1
            if lost := self.needed():
                _say(lost)
                return 1
        return 0

    def _start(self, program: Program, number: int) -> None:
        process = Process(
            program.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            process_group=0,
            preexec_fn=die_with_parent(signal.SIGTERM),
        )
        self.running[program.name] = process
        width = max(len(program.name) for program in self.programs)
        prefix = f"{program.name:<{width}} | "
        if sys.stdout.isatty():
            prefix = f"\x1b[{31 + number % 6}m{prefix}\x1b[0m"
        log = self.log_folder / f"{program.name}.log"
        threading.Thread(target=_copy_lines, args=(process, log, prefix), daemon=True).start()

    def _stop_all(self) -> None:
        """SIGTERM, again at half time (RQ workers then give up their job, too), SIGKILL at the end."""
        asked = self.asked
        start = time.monotonic()
        for patience in (self.grace / 2, self.grace):
            self._signal_groups(signal.SIGTERM)
            while time.monotonic() < start + patience and self.asked == asked:  # a second Ctrl-C cuts it short
                if _all_children_ended():
                    return
                time.sleep(0.05)
        self._signal_groups(signal.SIGKILL)
        while not _all_children_ended():
            for child in _children():
                os.kill(child, signal.SIGKILL)
            time.sleep(0.02)

    def _signal_groups(self, sig: signal.Signals) -> None:
        for process in self.running.values():
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, sig)


def _copy_lines(process: Process, log: Path, prefix: str) -> None:
    with log.open("a", buffering=1) as file:
        for line in process.stdout or ():
            file.write(line)
            with contextlib.suppress(BrokenPipeError):  # nobody reads here any more; the log goes on
                _say(prefix + line.rstrip("\n"))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def _at_end(pipe: int) -> bool:
    """Whether the process in front has ended: waits a moment for the end of the pipe that only it holds open."""
    return bool(select.select([pipe], [], [], 0.1)[0])


def _how_it_ended(code: int) -> str:
    return f"ended with exit code {code}" if code >= 0 else f"was killed by {signal.Signals(-code).name}"


def _all_children_ended() -> bool:
    """Whether none is left, orphans adopted from them included; takes leave of those that ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return True
    return False


def _children() -> list[int]:
    """PIDs of this process's children; where there is no /proc, none."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            parent = status.read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid():
                found.append(int(status.parent.name))
    return found
