"""Once round the loop: data, model, candidates, scores, a decision, a measurement, and the retrained model."""

import csv
import io
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command

from registry import artifacts
from registry.actions.decide import Decide
from registry.actions.export import StartExport
from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.import_file import StartImport
from registry.actions.move_alias import MoveAlias
from registry.actions.record_measurement import RecordMeasurement
from registry.actions.start_generation import StartGeneration
from registry.actions.start_scoring import StartScoring
from registry.actions.start_training import StartTraining
from registry.catalogue import ensure_properties
from registry.jobs import schedules
from registry.jobs.run import run_job
from registry.models import (
    Candidate,
    DatasetVersion,
    Job,
    Measurement,
    ModelVersion,
    Property,
    RegisteredModel,
    Schedule,
    TrainingRun,
)
from registry.models.run import Run
from tests import factories

SAMPLE = Path(__file__).parents[1] / "data" / "htpmd-sample.csv"
MAPPING = {
    "structure": {"column": "mol_smiles"},
    "values": [{"column": "conductivity", "property": "conductivity", "unit": "S/cm", "scale": "linear"}],
    "temperature": {"value": 353, "unit": "K"},
    "salt": {"value": "LiTFSI"},
    "method": "md",
}
SMALL_GPT = {
    "model": {"layers": 2, "heads": 2, "width": 48, "forms": 2, "dropout": 0.0},
    "training": {"steps": 200, "batch_size": 32, "learning_rate": 3e-3, "warmup_steps": 10},
    "condition": {"report_samples": 0},
}
SMALL_GNN = {"members": 1, "width": 16, "layers": 2, "landmarks": 16}


def finished(run: Run) -> Run:
    """Do the run's job here, as a worker would, and insist that it succeeds."""
    run_job(str(run.job_id))
    run.refresh_from_db()
    assert run.job.state == Job.State.SUCCEEDED, run.job.error
    return run


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
def test_full_circle() -> None:
    conductivity = next(item for item in ensure_properties() if item.name == "conductivity")
    engineer, curator = factories.user("Engineer"), factories.user("Curator")
    first = bring_data(engineer)
    generator = train_generator(engineer, first, conductivity)
    candidate = generate_and_score(curator, generator)
    accept_and_export(curator, candidate)
    RecordMeasurement(
        actor=curator, dataset=first.dataset, structure=candidate.structure, property=conductivity, value=3e-4,
        temperature_k=353, salt="LiTFSI",
    ).run()  # fmt: skip
    champion = retrain_by_schedule(engineer, first, train_predictor(engineer, first, conductivity))
    assert_lineage(champion, candidate, generator, first)


def bring_data(engineer: User) -> DatasetVersion:
    with SAMPLE.open("rb") as stream:
        run = StartImport(
            actor=engineer, dataset=factories.dataset(), stream=stream, file_name=SAMPLE.name, mapping=MAPPING
        ).run()
    assert finished(run).rows_imported > 50
    return FreezeDataset(actor=engineer, dataset=run.dataset).run()


def train_generator(engineer: User, data: DatasetVersion, item: Property) -> ModelVersion:
    model = RegisteredModel.objects.create(name="generator", task=RegisteredModel.Task.GENERATE)
    run = StartTraining(
        actor=engineer, model=model, dataset_version=data, architecture="gpt", properties=[item], config=SMALL_GPT
    ).run()
    version = finished(run).model_version
    assert run.job.events.filter(kind="metric", data__name="loss", data__split="train").count() > 5  # a loss curve
    MoveAlias(actor=engineer, model=model, version=version, reason="the first").run()
    return version


def train_predictor(engineer: User, data: DatasetVersion, item: Property) -> ModelVersion:
    """Hardly trained at all, so that the gate has something to gain."""
    model = RegisteredModel.objects.create(name="predictor", task=RegisteredModel.Task.PREDICT)
    config = {"model": SMALL_GNN, "training": {"steps": 1, "learning_rate": 1e-6, "batch_size": 16}}
    run = StartTraining(
        actor=engineer, model=model, dataset_version=data, architecture="polymer-gnn", properties=[item], config=config
    ).run()
    version = finished(run).model_version
    MoveAlias(actor=engineer, model=model, version=version, reason="the first").run()
    return version


def generate_and_score(curator: User, generator: ModelVersion) -> Candidate:
    """With the predictor that ships with the code."""
    call_command("register_zoo", verbosity=0)
    predictor = RegisteredModel.objects.get(name="polymer-properties").champion()
    drawn = finished(StartGeneration(actor=curator, model_version=generator, requested=300).run())
    assert drawn.proposals.count() == 300
    assert drawn.metrics["new_structures"] == Candidate.objects.count() > 0
    scored = finished(StartScoring(actor=curator, model_version=predictor, generation_run=drawn).run())
    assert scored.scored == Candidate.objects.count()
    assert drawn.device == scored.device == generator.training_run.device != ""
    assert "out" not in drawn.metrics["mlcore"]  # a path of whatever machine drew them
    best = Candidate.objects.filter(scores__property__name="conductivity").order_by("-scores__value").first()
    assert best.scores.count() == predictor.properties.count()
    assert best.scores.get(property__name="conductivity").prediction.scoring_run == scored
    return best


def accept_and_export(curator: User, candidate: Candidate) -> None:
    Decide(actor=curator, candidates=[candidate.pk], verdict="accept", reason="best predicted").run()
    export = StartExport(actor=curator, subject="candidates", selection={"status": "accepted"}, file_format="csv").run()
    with artifacts.opened(finished(export).file_digest) as file:
        [row] = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8-sig"))
    assert candidate.structure.smiles in row.values()


def retrain_by_schedule(engineer: User, first: DatasetVersion, champion: ModelVersion) -> ModelVersion:
    training = {"steps": 80, "learning_rate": 5e-3, "batch_size": 32, "valid_every": 25, "warmup_steps": 5}
    schedule = Schedule.objects.create(
        name="nightly", cron="0 3 * * *", model=champion.model, dataset=first.dataset, template={"training": training},
        gate_metric="conductivity.test.mae", created_by=engineer,
    )  # fmt: skip
    schedules.tick()  # learns when its turn is
    schedule.refresh_from_db()
    assert not schedule.training_runs.exists()
    schedules.tick(schedule.next_fire_at)
    run = finished(schedule.training_runs.get())
    schedule.refresh_from_db()
    assert "promoted" in schedule.last_outcome
    assert "held-out" in schedule.last_outcome
    assert champion.model.champion() == run.model_version, schedule.last_outcome
    assert champion.model.aliases.get().reason.startswith("nightly: conductivity.test.mae")
    return run.model_version


def assert_lineage(
    champion: ModelVersion, candidate: Candidate, generator: ModelVersion, first: DatasetVersion
) -> None:
    """From the new champion back to the uploaded file, by foreign keys alone."""
    learned = Measurement.objects.get(
        added_in__training_runs__model_version=champion,
        structure__candidate=candidate,
        structure__candidate__decisions__verdict="accept",
        structure__candidate__proposals__run__model_version=generator,
        structure__candidate__proposals__duplicate=False,
    )
    assert learned.value == 3e-4
    assert learned.added_in.number == 2
    assert TrainingRun.objects.get(model_version=generator).dataset_version == first
    sources = Measurement.objects.in_version(first).values_list("import_run__file_name", flat=True).distinct()
    assert list(sources) == [SAMPLE.name]
    assert champion.parent.dataset_version == first
