"""Short times, a scripted child and a queue that nobody reads."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings

from registry.jobs.run import run_job
from registry.models import Job
from tests.faults.conftest import quick, valkey

__all__ = ["quick", "valkey"]


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch, quick: None) -> Callable[[str], None]:
    """Children follow this plan; see tests.faults.scripted."""

    def follow(plan: str) -> None:
        monkeypatch.setattr(settings, "MLCORE_COMMAND", [sys.executable, "-m", "tests.faults.scripted"])
        monkeypatch.setenv("PLAN", plan)

    return follow


@pytest.fixture
def after() -> Callable[[Any], Job]:
    """The job of a run after one attempt made here."""

    def run(of: Any) -> Job:
        run_job(str(of.job_id))
        return Job.objects.get(pk=of.job_id)

    return run
