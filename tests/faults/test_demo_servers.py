"""The demonstration ends with the servers that it cannot do without, and says which one it was."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.conftest import wait_until

ROOT = Path(__file__).parents[2]
DEMO = """
from registry import embedded
with embedded.lease():
    import django
    django.setup()
    from django.core.management import call_command, execute_from_command_line
    from registry import catalogue
    from registry.demo.steps import Demo
    def first_steps(demo):
        call_command("migrate", verbosity=0)
        catalogue.ensure_properties()
    Demo.run = first_steps  # what takes minutes is not what is looked at here
    execute_from_command_line(["manage.py", "demo"])
"""

pytestmark = [pytest.mark.slow, pytest.mark.skipif(sys.platform != "linux", reason="looks for processes in /proc")]


@pytest.fixture(scope="module")
def state() -> Iterator[Path]:
    outer = Path(tempfile.mkdtemp(prefix="solvate-demo-"))
    outer.chmod(0o755)  # root hands PostgreSQL to another user, who must get in
    yield outer / "state"
    wait_until(lambda: not left_over(outer / "state"))
    shutil.rmtree(outer)


def left_over(state: Path) -> list[str]:
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if f"SOLVATE_STATE={state}".encode() in (process / "environ").read_bytes():
                found.append((process / "cmdline").read_text())
        except OSError:
            continue
    return found


def server(state: Path, name: str) -> int:
    if name == "postgres":
        return int((state / "postgres/data/postmaster.pid").read_text().split()[0])
    supervisor = (state / "valkey/ready").read_text().strip()
    return int(Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()[0])


@pytest.mark.parametrize("name", ["postgres", "valkey"])
def test_a_killed_server_ends_the_demonstration(state: Path, name: str) -> None:
    clean = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "REDIS_URL"}}
    settings = {"SOLVATE_STATE": str(state), "DJANGO_SETTINGS_MODULE": "registry.settings.dev"}
    command = [sys.executable, "-c", DEMO]
    demo = subprocess.Popen(command, cwd=ROOT, env=clean | settings, text=True, stdout=-1, stderr=subprocess.STDOUT)
    try:
        while (line := demo.stdout.readline()) and "Ctrl-C stops everything" not in line:
            pass
        assert line
        wait_until(lambda: "run_schedules" in str(left_over(state)), seconds=60)
        os.kill(server(state, name), signal.SIGKILL)
        said = demo.communicate(timeout=60)[0]
        assert demo.returncode == 1
        assert f"{name} ended by itself; its log is {state}/log/{name}.log" in said.splitlines()
        assert said.count("cannot be reached") <= 1
        wait_until(lambda: not left_over(state))
    finally:
        demo.kill()
        demo.wait()
