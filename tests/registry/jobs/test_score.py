"""What a scoring run says that it did."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from registry.actions.start_scoring import StartScoring
from registry.jobs.handlers import score
from registry.models import CandidateScore, Job
from registry.salts import SALTS
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_what_was_predicted_before_is_kept_and_not_counted_as_scored(after: Callable[[Any], Job]) -> None:
    candidate, version = factories.candidate(), factories.model_version()
    earlier = factories.prediction(structure=candidate.structure, model_version=version)
    run = factories.scoring_run(model_version=version, conditions=earlier.conditions)
    assert after(run).state == Job.State.SUCCEEDED
    run.refresh_from_db()
    assert (run.scored, run.kept, run.failed) == (0, 1, 0)


OVER_TEMPERATURE = {
    "data": {
        "conditions": [
            {"name": "temperature", "column": "celsius", "unit": "degC", "kind": "number"},
            {"name": "salt", "column": "", "unit": "", "kind": "structure"},
        ]
    }
}


def test_several_temperatures_are_asked_for_in_the_models_own_columns_and_kept_one_by_one(
    after: Callable[[Any], Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "JOB_FOLDER", tmp_path)
    candidate = factories.candidate()
    version = factories.model_version(properties=[factories.property_()], config=OVER_TEMPERATURE)
    factories.alias(version=version)
    kelvin = {"temperature_k": [333.15, 298.15], "salt": "LiTFSI"}
    run = StartScoring(actor=None, model_version=version, conditions=kelvin).run()
    folder = tmp_path / str(run.job_id)
    folder.mkdir()
    chosen = score._chosen(run)
    states = [{"temperature_k": t, "salt": "LiTFSI"} for t in (333.15, 298.15)]
    assert score._write(run, chosen, states, folder / "asked.csv") == 2
    with (folder / "asked.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(float(row["celsius"]), row["salt"]) for row in rows] == [(25.0, SALTS["LiTFSI"]), (60.0, SALTS["LiTFSI"])]
    with (folder / "predicted.csv").open("w", newline="") as file:  # as an attempt that died after mlcore leaves it
        writer = csv.DictWriter(file, [*rows[0], "conductivity", "conductivity_std", "conductivity_in_domain", "error"])
        writer.writeheader()
        for row, value in zip(rows, (1e-5, 1e-4), strict=True):
            said = {"conductivity": value, "conductivity_std": 0.2, "conductivity_in_domain": 1, "error": ""}
            writer.writerow(row | said)
    assert after(run).state == Job.State.SUCCEEDED
    run.refresh_from_db()
    assert (run.scored, run.kept, run.failed) == (1, 0, 0)
    found = {p.conditions["temperature_k"]: p.value for p in run.predictions.filter(conditions__salt="LiTFSI")}
    assert found == {298.15: 1e-5, 333.15: 1e-4}
    assert CandidateScore.objects.get(candidate=candidate).value == 1e-4  # of the first temperature
    again = StartScoring(actor=None, model_version=version, conditions=kelvin).run()
    assert after(again).state == Job.State.SUCCEEDED
    again.refresh_from_db()
    assert (again.scored, again.kept, again.failed) == (0, 1, 0)
