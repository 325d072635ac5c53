"""Strings from the generator that ships with the code, as the job of a run takes them in."""

from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command

from mlcore import bundle, catalog, config
from mlcore.data import tables
from mlcore.events import Events
from mlcore.run import Run
from registry.actions.register_model import RegisterModel
from registry.actions.start_generation import StartGeneration
from registry.jobs.run import run_job
from registry.models import GenerationRun, Job, ModelVersion, RegisteredModel
from tests.mlcore.conftest import SAMPLE, tiny

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]


def drawn(version: ModelVersion | None = None, **options: Any) -> GenerationRun:
    """A finished run of the shipped generator or another, cold, so that strings come again."""
    call_command("register_zoo", verbosity=0)
    version = version or RegisteredModel.objects.get(name="polymer-generator").champion()
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


def test_a_network_that_learned_nothing_keeps_to_the_grammar_of_smiles(tmp_path: Path) -> None:
    settings = config.load(tiny())
    table = tables.read(SAMPLE, settings.data, Events())
    trained = catalog.get("gpt").train(Run(settings, table, Events(), tmp_path / "checkpoint"))
    folder = bundle.save(tmp_path / "model", settings, table, trained).path
    version = RegisterModel(actor=None, folder=folder, model_name="novice", origin=ModelVersion.Origin.UPLOADED).run()
    said = drawn(version, config={"grammar": True}).metrics["mlcore"]
    assert said["grammar"] is True
    assert said["valid"] > 1000 * said["unmasked_grammatical"]
