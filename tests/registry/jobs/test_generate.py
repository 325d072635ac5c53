"""Strings from the generator that ships with the code, as the job of a run takes them in."""

from typing import Any

import pytest
from django.core.management import call_command

from registry.actions.start_generation import StartGeneration
from registry.jobs.run import run_job
from registry.models import GenerationRun, Job, RegisteredModel

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def drawn(**options: Any) -> GenerationRun:
    """A finished run of the shipped generator, cold, so that strings come again."""
    call_command("register_zoo", verbosity=0)
    version = RegisteredModel.objects.get(name="polymer-generator").champion()
    settings = {"condition": {"conductivity": "high"}, "config": {"temperature": 0.4}}
    run = StartGeneration(actor=None, model_version=version, requested=40, **(settings | options)).run()
    run_job(str(run.job_id))
    run.refresh_from_db()
    assert run.job.state == Job.State.SUCCEEDED, run.job.error
    return run


def test_without_replacement_every_string_is_kept_and_both_rates_told() -> None:
    run = drawn(distinct=True)
    texts = list(run.proposals.values_list("text", flat=True))
    raw, different = run.metrics, run.metrics["distinct"]
    assert len(set(texts)) == different["n"] == raw["mlcore"]["distinct"]["strings"] == 40
    assert len(texts) == raw["n"] == raw["mlcore"]["drawn"] > 40
    assert run.proposals.filter(valid=True, duplicate=True).exists()
    assert different["valid"] == raw["mlcore"]["distinct"]["valid"]
    assert raw["unique"] * raw["n"] == pytest.approx(different["unique"] * 40)
    assert raw["vun"] < different["vun"]
