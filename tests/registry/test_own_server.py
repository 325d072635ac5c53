"""A PostgreSQL server of one's own, named by DATABASE_URL."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
from django.conf import settings

NAME = "solvate_own_server"


@pytest.fixture
def server() -> Iterator[psycopg.Connection]:
    with psycopg.connect(os.environ["DATABASE_URL"], autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {NAME}")
        connection.execute(f"CREATE DATABASE {NAME}")
        yield connection
        connection.execute(f"DROP DATABASE {NAME} WITH (FORCE)")


def manage(*arguments: str) -> subprocess.CompletedProcess[str]:
    address = urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{NAME}")
    environment = os.environ | {"DATABASE_URL": urlunsplit(address), "DJANGO_SETTINGS_MODULE": "registry.settings.dev"}
    command = [sys.executable, str(Path(settings.ROOT) / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def test_it_is_migrated(server):
    result = manage("migrate")
    assert result.returncode == 0, result.stderr
    assert manage("migrate", "--check").returncode == 0


def test_a_server_without_pgvector_is_told_in_one_line(server):
    # The server looks for extensions where there are none, as if the package were not installed.
    server.execute(f"ALTER DATABASE {NAME} SET extension_control_path = '/nonexistent'")
    result = manage("migrate")
    assert result.returncode == 1
    (line,) = result.stderr.strip().splitlines()
    assert line.startswith("CommandError: This PostgreSQL server cannot create the extension vector (pgvector)")
    assert "Install pgvector" in line
