"""Production refuses to start half-configured."""

import os
import subprocess
import sys

import pytest

COMPLETE = {
    "SECRET_KEY": "x" * 60,
    "ALLOWED_HOSTS": "example.org",
    "DATABASE_URL": "postgres://u:p@localhost:5432/n",
    "REDIS_URL": "redis://localhost:6379/0",
}


def start(**missing: str) -> subprocess.CompletedProcess[str]:
    environment = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "registry.settings.prod"} | COMPLETE | missing
    return subprocess.run(
        [sys.executable, "-c", "import django; django.setup()"], env=environment, capture_output=True, text=True
    )


def test_starts_when_all_is_said():
    assert start().returncode == 0


@pytest.mark.parametrize("name", COMPLETE)
def test_names_the_missing_value(name):
    result = start(**{name: ""})
    assert result.returncode != 0
    assert f"{name} is not set" in result.stderr
