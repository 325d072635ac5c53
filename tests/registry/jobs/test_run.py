"""How attempts end, by what became of the child."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings

from registry.actions.retry_job import RetryJob
from registry.models import Job, ModelVersion, TrainingRun
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)

After = Callable[[Any], Job]
Scripted = Callable[[str], None]


@pytest.fixture
def run() -> TrainingRun:
    return factories.training_run(architecture="gpt", model=factories.registered_model("generate"))


def test_work_is_registered_and_the_folder_goes(run: TrainingRun, after: After, scripted: Scripted) -> None:
    scripted("work")
    job = after(run)
    assert (job.state, job.progress, job.error) == (Job.State.SUCCEEDED, 1, "")
    version = ModelVersion.objects.get(training_run=run)
    assert version.origin == ModelVersion.Origin.TRAINED
    assert version.dataset_version == run.dataset_version
    run.refresh_from_db()
    assert run.device == ("scripted processor, " + "x" * 60)[:60]
    assert not (Path(settings.JOB_FOLDER) / str(job.pk)).exists()


def test_what_mlcore_refuses_fails_at_once(run: TrainingRun, after: After, scripted: Scripted) -> None:
    scripted("fail,work")
    job = after(run)
    assert (job.state, job.error) == (Job.State.FAILED, "data.csv: column 'x' is missing")
    assert job.events.filter(message="bundle: going to fail").exists()  # and not where it lay on that machine


def test_a_crash_costs_one_attempt(run: TrainingRun, after: After, scripted: Scripted, valkey: object) -> None:
    scripted("die,work")
    job = after(run)
    assert (job.state, job.message) == (Job.State.QUEUED, "mlcore died of SIGKILL")
    assert after(run).state == Job.State.SUCCEEDED


def test_only_a_later_attempt_looks_for_a_checkpoint(
    run: TrainingRun, after: After, scripted: Scripted, valkey: object
) -> None:
    scripted("die,work")
    after(run)
    said = after(run).events.filter(message__startswith="bundle: going to").order_by("attempt")
    assert [event.message for event in said] == ["bundle: going to die", "bundle: going to work from where it was"]


@pytest.mark.parametrize(
    ("metric", "promoted", "reason"),
    [("test.loss", True, "There was no champion before."), ("", False, "The schedule names no gate metric.")],
)
def test_the_gates_verdict_stays_with_the_training(
    after: After, scripted: Scripted, metric: str, promoted: bool, reason: str
) -> None:
    scripted("work")
    schedule = factories.schedule(model=factories.registered_model("generate"), gate_metric=metric)
    run = factories.training_run(architecture="gpt", model=schedule.model, schedule=schedule)
    assert after(run).state == Job.State.SUCCEEDED
    run.refresh_from_db()
    assert run.metrics == run.model_version.metrics | {"gate": {"promoted": promoted, "reason": reason}}
    assert (run.model.champion() == run.model_version) is promoted


def test_crashes_end_with_the_last_attempt(run: TrainingRun, after: After, scripted: Scripted, valkey: object) -> None:
    scripted("die")
    Job.objects.update(max_attempts=2)
    after(run)
    job = after(run)
    assert job.state == Job.State.FAILED
    assert job.error == "mlcore died of SIGKILL, in the last of 2 attempts"


def test_second_delivery_does_nothing(run: TrainingRun, after: After, scripted: Scripted) -> None:
    scripted("work")
    first, second = after(run), after(run)
    assert (first.state, first.attempt) == (second.state, second.attempt)
    assert ModelVersion.objects.filter(training_run=run).count() == 1


def test_failed_run_is_retried_as_a_new_job(run: TrainingRun, after: After, scripted: Scripted, valkey: object) -> None:
    scripted("fail")
    failed = after(run)
    scripted("work")
    job = RetryJob(actor=None, job=failed).run()
    run.refresh_from_db()
    assert run.job == job != failed
    assert after(run).state == Job.State.SUCCEEDED
    assert Job.objects.get(pk=failed.pk).state == Job.State.FAILED


def test_unexpected_errors_are_recorded(run: TrainingRun, after: After, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings, "MLCORE_COMMAND", ["/nowhere/python"])
    job = after(run)
    assert job.state == Job.State.FAILED
    assert job.error.startswith("unexpected FileNotFoundError")
