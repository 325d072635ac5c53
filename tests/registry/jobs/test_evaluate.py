"""The evaluation that a generation run ends with: against what, by which judges, and what becomes of failures."""

import csv
import itertools
import json
import sys
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from registry import artifacts
from registry.jobs.attempt import Attempt
from registry.jobs.handlers.evaluate import asked_of, evaluate, judges_of
from registry.models import GenerationRun, JobEvent, ModelVersion
from tests import factories
from tests.bundles import CONDUCTIVITY, write_bundle
from tests.registry.jobs.test_generate import drawn

SPAN = CONDUCTIVITY | {"minimum": 1e-6, "maximum": 1e-3, "threshold": 1e-4}
TELL = """
import json, sys
given = sys.argv[1:]
folders = [given[at + 1].split("/")[-1] for at, word in enumerate(given) if word == "--predictor"]
judges = [{"name": name, "digest": "d", "above_threshold": {"conductivity": 0.8}} for name in folders]
report = {"n": 3, "by_key": {"vun": 0.5}, "judges": judges, "asked": given, "strings": open(given[1]).read().split(),
          "histograms": [{"name": "mass"}, *({"name": "conductivity", "judge": name} for name in folders[:1])]}
print(json.dumps({"event": "result", "time": "2026-11-25T00:00:00+00:00", **report}))
"""
FAIL = "import sys; sys.exit('no memory left')"


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    return artifacts.put_folder(write_bundle(tmp_path / "bundle", properties=[SPAN]))


@pytest.fixture
def run(db: None, bundle: str) -> GenerationRun:
    """Three strings drawn, one of them twice; no evaluation yet."""
    version = factories.model_version("generate", bundle_digest=bundle)
    made = factories.generation_run(model_version=version, condition={"conductivity": "high"}, metrics={"n": 3})
    for text in ("*OCC*", "*OCC*", "C("):
        factories.proposal(run=made, text=text)
    return made


def play(monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    monkeypatch.setattr(settings, "MLCORE_COMMAND", [sys.executable, "-c", script])


def evaluated(run: GenerationRun) -> dict[str, Any]:
    """The run's metrics after its job has measured."""
    attempt = Attempt.claim(str(run.job_id))
    evaluate(attempt, run)
    attempt.close()
    run.refresh_from_db()
    return run.metrics


def logged(run: GenerationRun) -> list[str]:
    return list(run.job.events.filter(kind=JobEvent.Kind.LOG).values_list("message", flat=True))


def judge(architecture: str, tmp_path: Path, **fields: Any) -> ModelVersion:
    folder = write_bundle(tmp_path / f"judge-{architecture}", "predict", weights=architecture.encode())
    return factories.model_version(architecture=architecture, bundle_digest=artifacts.put_folder(folder), **fields)


@pytest.mark.django_db(transaction=True)
def test_report_names_reference_threshold_and_judges(
    run: GenerationRun, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, TELL)
    factories.measurement(structure=factories.structure("*CC*"), value=2e-5)
    factories.measurement(property=factories.property_("hue"), value=1.0)
    second, first = judge("trees", tmp_path), judge("polymer-gnn", tmp_path)
    factories.alias(version=first)
    report = evaluated(run)["evaluation"]
    assert report["strings"] == ["smiles", "*OCC*", "*OCC*", "C("]
    assert (report["population"], report["drawn"]) == ("drawn", 3)
    assert report["thresholds"] == {"conductivity": 1e-4}
    assert (report["reference"]["name"], report["reference"]["rows"]) == ("all measured polymers", 2)
    assert [(one["name"], one["version"]) for one in report["judges"]] == [
        (str(first), first.pk),
        (str(second), second.pk),
    ]
    assert [one.get("judge") for one in report["histograms"]] == [None, str(first)]
    assert report["asked"][report["asked"].index("--threshold") + 1] == "conductivity=0.0001"
    assert run.metrics["n"] == 3


@pytest.mark.django_db(transaction=True)
def test_of_a_run_without_replacement_the_different_strings_are_measured(
    run: GenerationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    play(monkeypatch, TELL)
    factories.measurement()
    GenerationRun.objects.update(distinct=True)
    run.refresh_from_db()
    report = evaluated(run)["evaluation"]
    assert report["strings"] == ["smiles", "*OCC*", "C("]
    assert (report["population"], report["drawn"]) == ("distinct", 3)
    assert "--predictor" not in report["asked"]


@pytest.mark.django_db(transaction=True)
def test_a_model_trained_here_is_held_against_its_own_table(bundle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    play(monkeypatch, TELL.replace("given[1]", "given[3]"))
    data = factories.dataset_version(structure_count=1)
    factories.measurement(dataset=data.dataset, added_in=data, structure=factories.structure("*OCC*"), value=3e-5)
    factories.measurement()
    other = factories.dataset_version()
    root = factories.model_version("generate", dataset_version=other)
    parent = factories.model_version("generate", dataset_version=data, parent=root)
    version = factories.model_version("generate", bundle_digest=bundle, dataset_version=data, parent=parent)
    run = factories.generation_run(model_version=version)
    factories.proposal(run=run)
    report = evaluated(run)["evaluation"]
    head, row = csv.reader(report["strings"])
    assert head == ["smiles", "key", "conductivity"]
    assert (row[0], row[2]) == ("*OCC*", "3e-05")
    assert report["reference"]["name"] == str(data)
    tables = [after for word, after in itertools.pairwise(report["asked"]) if word == "--lineage"]
    assert [Path(table).name for table in tables] == [f"lineage-{other.pk}.csv"]


@pytest.mark.django_db(transaction=True)
def test_nothing_to_compare_with_is_said_in_one_line(run: GenerationRun) -> None:
    metrics = evaluated(run)
    assert metrics == {"n": 3, "not_evaluated": "there are no measured structures to compare with"}
    assert logged(run)[-1] == "not evaluated: there are no measured structures to compare with"


@pytest.mark.django_db(transaction=True)
def test_a_failure_keeps_the_run_and_a_later_attempt_measures_once(
    run: GenerationRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    factories.measurement()
    play(monkeypatch, FAIL)
    assert evaluated(run) == {"n": 3, "not_evaluated": "no memory left"}
    assert run.proposals.count() == 3
    again = factories.job("generate")
    GenerationRun.objects.update(job=again)
    play(monkeypatch, TELL)
    run.refresh_from_db()
    first = evaluated(run)
    assert set(first) == {"n", "evaluation"}
    play(monkeypatch, FAIL)
    GenerationRun.objects.update(job=factories.job("generate"))
    run.refresh_from_db()
    assert evaluated(run) == first


@pytest.mark.django_db
def test_judges_are_champions_first_and_of_unlike_architecture() -> None:
    item, other = factories.property_(), factories.property_("hue")
    factories.model_version(architecture="trees", properties=[other])
    factories.model_version(architecture="schnet", config={"data": {"kind": "molecule"}})
    champion = factories.model_version(architecture="polymer-gnn")
    factories.alias(version=champion)
    factories.model_version(architecture="polymer-gnn")
    trees, kernel = factories.model_version(architecture="trees"), factories.model_version(architecture="kernel")
    assert judges_of(item, "polymer") == [champion, kernel]
    factories.alias(version=trees)
    assert judges_of(item, "polymer") == [trees, champion]
    assert judges_of(factories.property_("mass"), "polymer") == []


def test_threshold_is_that_of_the_wish_or_else_of_the_model(run: GenerationRun) -> None:
    assert asked_of(run).threshold == 1e-4
    run.condition = {}
    assert asked_of(run).property.name == "conductivity"
    run.model_version = factories.model_version("generate")  # its bundle cannot be read
    assert asked_of(run) is None


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_mlcore_measures_the_shipped_generators_strings() -> None:
    sample = Path(__file__).parents[2] / "data" / "htpmd-sample.csv"
    with sample.open() as file:
        for row in list(csv.DictReader(file))[:12]:
            factories.measurement(structure=factories.structure(row["mol_smiles"]), value=float(row["conductivity"]))
    run = drawn(distinct=True)
    report = run.metrics["evaluation"]
    assert (report["n"], report["drawn"], report["uniqueness"]) == (40, run.proposals.count(), 1.0)
    assert report["validity"] == run.metrics["distinct"]["valid"]
    assert report["reference"]["rows"] == 12
    assert report["thresholds"] == {"conductivity": pytest.approx(1.23422e-4)}
    assert 0 <= report["by_key"]["vun"] <= report["vun"]
    assert "not_evaluated" not in run.metrics
    assert json.dumps(report)
