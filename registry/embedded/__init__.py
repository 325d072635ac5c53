"""PostgreSQL and Valkey without any set-up, for everybody who has not configured servers of their own.

    with embedded.lease() as services:
        ...  # DATABASE_URL and REDIS_URL are set, both servers take connections

The first lease starts the servers, later ones, in whatever process, join them, and the last one to end stops them. The
end of a process is the end of its leases, even by `kill -9`. Neither Django nor torch is imported here.
"""

import fcntl
import os
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from registry.embedded.service import EmbeddedError, Service, try_exclusive
from registry.embedded.supervisor import SERVICES, start_supervisor

__all__ = ["EmbeddedError", "Services", "Watch", "lease", "state_folder"]

PATIENCE = 600  # seconds that another process may take to start a server


def state_folder() -> Path:
    """Everything that a checkout writes at run time: `.local` beside the code, or SOLVATE_STATE."""
    return Path(os.environ.get("SOLVATE_STATE") or Path(__file__).parents[2] / ".local").absolute()


def lease(state: Path | None = None) -> "Services":
    """Makes sure that both servers run until the returned object is closed, and exports their addresses.

    A server whose variable (DATABASE_URL, REDIS_URL) is set already is left alone. EmbeddedError: one cannot be had.
    """
    services = Services()
    try:
        for kind in SERVICES.values():
            if not os.environ.get(kind.variable):
                services.join(kind(state or state_folder()))
    except BaseException:
        services.close()
        raise
    return services


class Services:
    """A lease on the servers; close it, or use it in a `with` statement. A forked child shares it."""

    def __init__(self) -> None:
        self.locks: list[int] = []
        self._exported: list[str] = []

    @property
    def database_url(self) -> str:
        return os.environ["DATABASE_URL"]

    @property
    def redis_url(self) -> str:
        return os.environ["REDIS_URL"]

    def join(self, service: Service) -> None:
        try:
            service.make_folders()
            users = service.lock_file("users")
            self.locks.append(users)
            fcntl.flock(users, fcntl.LOCK_SH)  # waits while the last user's server is being stopped
            _start_or_find(service)
        except OSError as error:
            raise EmbeddedError(
                f"No {service.name} in {service.folder}: {error.strerror or error}. Run as that folder's owner, set "
                f"SOLVATE_STATE to a folder of your own, or set {service.variable} to use another server."
            ) from error
        os.environ[service.variable] = service.url
        self._exported.append(service.variable)

    def close(self) -> None:
        while self._exported:
            os.environ.pop(self._exported.pop(), None)
        while self.locks:
            os.close(self.locks.pop())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


class Watch:
    """Notices that a server which this process uses has ended, even when another process starts it anew at once."""

    def __init__(self) -> None:
        kinds = [kind(state_folder()) for kind in SERVICES.values()]
        self._seen = {service: _supervisor(service) for service in kinds if _is_used(service)}

    def ended(self) -> str:
        """A line that names the server and its log; empty while all of them run."""
        for service, supervisor in self._seen.items():
            if not service.runs() or _supervisor(service) != supervisor:
                return f"{service.name} ended by itself; its log is {service.log}"
        return ""


def _is_used(service: Service) -> bool:
    return service.folder.is_dir() and os.environ.get(service.variable) == service.url


def _supervisor(service: Service) -> str:
    """Its PID as it wrote it down; empty when it is gone."""
    try:
        return service.ready.read_text()
    except FileNotFoundError:
        return ""


def _start_or_find(service: Service) -> None:
    """Exactly one of all that come at once gets the supervisor's lock and starts it; the others wait for it."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        guard = service.lock_file("supervisor")
        try:
            if try_exclusive(guard):
                return start_supervisor(service, guard)
        finally:
            os.close(guard)
        if service.ready.exists() and service.answers():
            return None
        time.sleep(0.02)
    raise EmbeddedError(f"{service.name} was being started by another process for {PATIENCE} s (see {service.log}).")
