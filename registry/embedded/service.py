"""What PostgreSQL and Valkey have in common when Solvate runs them itself.

A service lives in its own folder of the state folder:

    <state>/postgres/users.lock       every process that uses the server holds this lock, shared
    <state>/postgres/supervisor.lock  the process that runs the server holds this lock, exclusively
    <state>/postgres/ready            there while the server takes connections; the supervisor's PID
    <state>/log/postgres.log          what the server and its supervisor had to say

The kernel drops a lock with the process that holds it, however that process ends, so nobody has to clean up after a
`kill -9`. The server listens on a Unix socket alone, in a private folder of /tmp: a checkout may lie too deep for the
107 bytes that a socket's path may have, and no TCP port is taken from anybody.
"""

import abc
import fcntl
import os
import shutil
import signal
import socket
import stat
import subprocess
import time
from collections.abc import Callable
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

from registry.processes import die_with_parent

Server = subprocess.Popen[bytes]

STOP_SECONDS = 15
LOG_BYTES = 10_000_000
ENVIRONMENT = {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}  # the caller's PGDATA, PGPORT and the like stay out


class EmbeddedError(RuntimeError):
    """Why a server could not be had, in one line: what, where, what to do."""


class Account(NamedTuple):
    """The user who runs a server started by root."""

    uid: int
    gid: int


class Service(abc.ABC):
    """One server, its files and how to start and stop it."""

    name: ClassVar[str]
    variable: ClassVar[str]  # the environment variable with the address of a server that is used instead
    package: ClassVar[str]  # whose wheel brings the program
    socket_name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, state: Path) -> None:
        self.state = state
        self.folder = state / self.name
        self.log = state / "log" / f"{self.name}.log"
        self.ready = self.folder / "ready"

    @property
    @abc.abstractmethod
    def url(self) -> str:
        """The address for clients."""

    @abc.abstractmethod
    def start(self) -> Server:
        """Starts the server and returns when it takes connections; EmbeddedError says why it could not."""

    @cached_property
    def socket_folder(self) -> Path:
        """Stays the same when the checkout moves or the server starts anew, so that clients find it again."""
        here = self.folder.stat()
        return Path(f"/tmp/solvate-{here.st_uid}-{here.st_dev:x}-{here.st_ino:x}")  # noqa: S108 - made private below

    @property
    def socket(self) -> Path:
        return self.socket_folder / self.socket_name

    def make_folders(self) -> None:
        for folder in (self.state, self.folder, self.log.parent):
            if not folder.is_dir():
                folder.mkdir(parents=True, exist_ok=True)
                belong_like_parent(folder)

    def lock_file(self, role: str) -> int:
        """A file descriptor of `<role>.lock`, not locked yet."""
        return os.open(self.folder / f"{role}.lock", os.O_RDONLY | os.O_CREAT, 0o644)

    def runs(self) -> bool:
        """Whether a supervisor lives whose server takes connections."""
        if not self.folder.is_dir():
            return False
        guard = self.lock_file("supervisor")
        try:
            return not try_exclusive(guard) and self.ready.exists()
        finally:
            os.close(guard)

    def answers(self) -> bool:
        try:
            with socket.socket(socket.AF_UNIX) as probe:
                probe.connect(str(self.socket))
        except (FileNotFoundError, ConnectionError):
            return False
        return True

    def account(self) -> Account | None:
        """As root, servers run as the owner of the state folder; None stands for oneself."""
        if os.geteuid() != 0:
            return None
        owner = self.folder.stat()
        return Account(owner.st_uid, owner.st_gid)

    def make_socket_folder(self, account: Account | None) -> None:
        folder = self.socket_folder
        owner = account.uid if account else os.geteuid()
        try:
            folder.mkdir(mode=0o700)
            if account:
                os.chown(folder, *account)
        except FileExistsError:
            found = folder.lstat()
            if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
                raise EmbeddedError(f"{folder} is not a private folder of user {owner}: remove it.") from None

    def open_log(self) -> int:
        """A file descriptor at the end of the log; a long log makes room first."""
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES:
            self.log.replace(self.log.with_suffix(".log.1"))
        descriptor = os.open(self.log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        belong_like_parent(self.log)
        return descriptor

    def log_size(self) -> int:
        return self.log.stat().st_size if self.log.exists() else 0

    def last_words(self, begin: int) -> str:
        """Why a server gave up, from what was logged after `begin` bytes."""
        with self.log.open(errors="replace") as log:
            log.seek(min(begin, self.log_size()))
            return last_complaint(log.read())

    def spawn(self, command: list[str | Path], folder: Path, account: Account | None) -> Server:
        """Starts the server in `folder`; it stops by itself when this process ends."""
        log = self.open_log()
        try:
            return subprocess.Popen(
                command,
                cwd=folder,
                env=ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                preexec_fn=die_with_parent(self.stop_signal),
                **drop_to(account),
            )
        finally:
            os.close(log)

    def stop(self, server: Server) -> None:
        for sig in (self.stop_signal, signal.SIGQUIT, signal.SIGKILL):
            server.send_signal(sig)
            try:
                server.wait(STOP_SECONDS)
                break
            except subprocess.TimeoutExpired:
                continue
        shutil.rmtree(self.socket_folder, ignore_errors=True)


def package_folder(package: str, variable: str) -> Path:
    """Where a wheel lies. It is not imported: only its programs are used."""
    found = find_spec(package)
    if not found or not found.submodule_search_locations:
        name = package.replace("_", "-")
        raise EmbeddedError(f"{name} is not installed: pip install -r requirements.txt, or set {variable}.")
    return Path(found.submodule_search_locations[0])


def last_complaint(text: str) -> str:
    """The line of a program's output that says what went wrong."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    complaints = [line for line in lines if any(word in line for word in ("FATAL", "PANIC", "rror", "an't"))]
    return (complaints or lines or ["no message"])[-1]


def belong_like_parent(path: Path) -> None:
    """What root makes in another user's checkout belongs to that user, who would be shut out otherwise."""
    if os.geteuid() == 0:
        parent = path.parent.stat()
        os.chown(path, parent.st_uid, parent.st_gid)


def drop_to(account: Account | None) -> dict[str, Any]:
    """Arguments of subprocess that run a command as `account`."""
    return {"user": account.uid, "group": account.gid, "extra_groups": []} if account else {}


def try_exclusive(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def wait_until(condition: Callable[[], bool], server: Server, seconds: float) -> bool:
    """Whether `condition` came true while the server lived and before the time was up."""
    deadline = time.monotonic() + seconds
    while server.poll() is None and time.monotonic() < deadline:
        if condition():
            return True
        time.sleep(0.01)
    return False
