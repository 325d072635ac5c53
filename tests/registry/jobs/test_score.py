"""What a scoring run says that it did."""

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from mlcore.chem.salts import SALTS
from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.scoring_source import Source
from registry.actions.start_scoring import StartScoring
from registry.jobs.handlers import score
from registry.models import CandidateScore, Job, ScoringRun, Structure
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def answer(run: ScoringRun, folder: Path, **values: float) -> None:
    """Writes what mlcore would have answered: one value for each SMILES, as an attempt that died after it leaves it."""
    folder.mkdir()
    properties = [item.name for item in run.model_version.properties.all()]
    columns = [f"{name}{end}" for name in properties for end in ("", "_std", "_in_domain")]
    with (folder / "predicted.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["structure_id", "smiles", score.STATE, *columns, "out_of_domain", "error"])
        for smiles, value in values.items():
            of = Structure.objects.get(smiles=smiles)
            writer.writerow([of.pk, smiles, 0, *[value, 0.1, 0] * len(properties), "no training structure has Br", ""])


def test_a_structure_that_is_no_candidate_is_scored_where_it_is_named(
    after: Callable[[Any], Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "JOB_FOLDER", tmp_path)
    named, other = factories.structure("*CCCO*"), factories.structure("*CCCCO*")
    run = factories.scoring_run(
        model_version=factories.model_version(), subject="structures", selection={"ids": [named.pk]}
    )
    answer(run, tmp_path / str(run.job_id), **{named.smiles: 1e-5})
    job = after(run)
    assert job.state == Job.State.SUCCEEDED
    assert [p.structure for p in run.predictions.all()] == [named]
    assert not other.predictions.exists()
    assert "Predicting the values of 1 structure." in [event.message for event in job.events.all()]


def test_what_was_predicted_before_is_kept_and_not_counted_as_scored(after: Callable[[Any], Job]) -> None:
    candidate, version = factories.candidate(), factories.model_version()
    earlier = factories.prediction(structure=candidate.structure, model_version=version)
    run = factories.scoring_run(model_version=version, conditions=earlier.conditions)
    assert after(run).state == Job.State.SUCCEEDED
    run.refresh_from_db()
    assert (run.scored, run.kept, run.failed) == (0, 1, 0)
    assert run.job.events.filter(message="All values of 1 candidate were predicted before.").exists()


READS_MOLECULES = {"data": {"kind": "molecule"}}


def test_a_dataset_version_is_scored_whose_molecules_are_no_candidates(
    after: Callable[[Any], Job], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(settings, "JOB_FOLDER", tmp_path)
    dataset = factories.dataset()
    for smiles, kind in (("CCO", "molecule"), ("CCN", "molecule"), ("*CCO*", "polymer")):
        factories.measurement(dataset=dataset, structure=factories.structure(smiles, kind))
    frozen = FreezeDataset(actor=None, dataset=dataset).run()
    factories.measurement(
        dataset=dataset, structure=factories.structure("CCF", "molecule")
    )  # later: not of the version
    version = factories.model_version(config=READS_MOLECULES)
    run = StartScoring(actor=None, model_version=version, dataset_version=frozen).run()
    asked = Source.of(run).structures()
    assert sorted(asked.values_list("smiles", flat=True)) == ["*OCC*", "CCN", "CCO"]
    answer(run, tmp_path / str(run.job_id), CCO=1e-5, CCN=1e-4)
    assert after(run).state == Job.State.SUCCEEDED
    run.refresh_from_db()
    assert (run.scored, run.kept, run.failed, run.left_out) == (2, 0, 0, 1)
    assert {p.structure.smiles: p.value for p in run.predictions.all()} == {"CCO": 1e-5, "CCN": 1e-4}
    assert {(p.in_domain, p.out_of_domain) for p in run.predictions.all()} == {(False, "no training structure has Br")}
    said = list(run.job.events.values_list("message", flat=True))
    assert "Predicting the values of 2 structures." in said
    assert "1 structure left out: the model reads molecules." in said
    assert not CandidateScore.objects.exists()


def test_a_run_whose_candidates_are_gone_or_of_another_kind_says_so(after: Callable[[Any], Job]) -> None:
    factories.candidate()
    run = factories.scoring_run(model_version=factories.model_version(config=READS_MOLECULES))
    assert after(run).state == Job.State.SUCCEEDED
    run.refresh_from_db()
    assert (run.scored, run.kept, run.failed, run.left_out) == (0, 0, 0, 1)
    said = list(run.job.events.filter(level="warning").values_list("message", flat=True))
    assert said == [
        "Nothing to score among the candidates asked for.",
        "1 candidate left out: the model reads molecules.",
    ]


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
    chosen = Source().structures()
    states = [{"temperature_k": t, "salt": "LiTFSI"} for t in (333.15, 298.15)]
    assert score._write(run, chosen, states, folder / "asked.csv") == 2
    with (folder / "asked.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(float(row["celsius"]), row["salt"]) for row in rows] == [(25.0, SALTS["LiTFSI"]), (60.0, SALTS["LiTFSI"])]
    with (folder / "predicted.csv").open("w", newline="") as file:  # as an attempt that died after mlcore leaves it
        added = {
            "conductivity": 0,
            "conductivity_std": 0.2,
            "conductivity_in_domain": 1,
            "out_of_domain": "",
            "error": "",
        }
        writer = csv.DictWriter(file, [*rows[0], *added])
        writer.writeheader()
        for row, value in zip(rows, (1e-5, 1e-4), strict=True):
            writer.writerow(row | added | {"conductivity": value})
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
    assert again.job.events.filter(message="All values of 1 candidate were predicted before.").exists()


def test_the_log_counts_structures_and_at_several_temperatures_predictions_too() -> None:
    items = [factories.property_(), factories.property_("hue")]
    version = factories.model_version(properties=items, config=OVER_TEMPERATURE)
    first, *_ = [factories.candidate().structure for _ in range(3)]

    def plan(*kelvin: float) -> str:
        run = factories.scoring_run(model_version=version)
        states: list[score.State] = [{"temperature_k": one} for one in kelvin]
        return score._plan(run, Source().structures(), states)

    assert plan(298.0) == "Predicting the values of 3 candidates"
    assert plan(298.0, 333.0) == "Predicting the values of 3 candidates at 2 temperatures, 12 predictions"
    for item in items:
        factories.prediction(structure=first, property=item, model_version=version, conditions={"temperature_k": 298.0})
    assert plan(298.0) == "Predicting the values of 2 candidates; 1 candidate was predicted before"
    assert plan(298.0, 333.0) == (
        "Predicting the values of 3 candidates at 2 temperatures, 10 predictions; 2 predictions were made before"
    )
