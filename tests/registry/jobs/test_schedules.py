"""When schedules fire, and what a turn does."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection, transaction

from registry import catalogue
from registry.actions.start_training import MINIMUM_LABELS
from registry.jobs import schedules
from registry.models import Dataset, Job, Schedule, TrainingRun
from tests import factories

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 23, 12, 30, tzinfo=UTC)


@pytest.fixture
def dataset() -> Dataset:
    found = factories.dataset()
    measure(found, MINIMUM_LABELS)
    return found


def measure(dataset: Dataset, count: int, **fields: object) -> None:
    for _ in range(count):
        factories.measurement(dataset=dataset, **fields)


@pytest.fixture
def schedule(dataset: Dataset) -> Schedule:
    """Every day at 3:00, on a dataset with as many pending measurements as a training needs."""
    template = {"architecture": "polymer-gnn", "properties": ["conductivity"], "training": {"steps": 5}}
    return factories.schedule(cron="0 3 * * *", dataset=dataset, template=template, start_from_champion=False)


def tick(schedule: Schedule, when: datetime) -> Schedule:
    assert schedules.tick(when)
    schedule.refresh_from_db()
    return schedule


def end_trainings() -> None:
    Job.objects.update(state=Job.State.SUCCEEDED, finished_at=NOW)


def test_new_schedule_waits_for_its_turn(schedule: Schedule) -> None:
    assert tick(schedule, NOW).next_fire_at == datetime(2026, 11, 24, 3, tzinfo=UTC)
    tick(schedule, NOW + timedelta(hours=14))
    assert not TrainingRun.objects.exists()


def test_turn_freezes_what_is_pending_and_trains(schedule: Schedule) -> None:
    due = tick(schedule, NOW).next_fire_at
    tick(schedule, due)
    run = schedule.training_runs.get()
    assert run.dataset_version.number == 1
    assert run.dataset_version.measurement_count == MINIMUM_LABELS
    assert run.config["training"]["steps"] == 5
    assert [item["name"] for item in run.config["data"]["properties"]] == ["conductivity"]
    assert (schedule.last_fired_at, schedule.next_fire_at) == (due, due + timedelta(days=1))
    assert schedule.last_outcome == f"Training {run.pk} started on {run.dataset_version}."


def test_missed_turns_fire_once(schedule: Schedule) -> None:
    tick(schedule, NOW)
    tick(schedule, NOW + timedelta(days=5))
    tick(schedule, NOW + timedelta(days=5, minutes=1))
    assert schedule.training_runs.count() == 1
    assert schedule.next_fire_at == datetime(2026, 11, 29, 3, tzinfo=UTC)


def test_turn_without_news_is_skipped(schedule: Schedule, dataset: Dataset) -> None:
    tick(schedule, NOW)
    tick(schedule, NOW + timedelta(days=1))
    tick(schedule, NOW + timedelta(days=2))
    assert schedule.last_outcome == "Skipped: the last training has not ended yet."
    end_trainings()
    tick(schedule, NOW + timedelta(days=3))
    assert schedule.last_outcome == f"Skipped: nothing new since {dataset.latest_version()}."
    factories.measurement(dataset=dataset)
    tick(schedule, NOW + timedelta(days=4))
    assert [run.dataset_version.number for run in schedule.training_runs.order_by("pk")] == [1, 2]


def test_values_of_another_property_are_no_news(schedule: Schedule, dataset: Dataset) -> None:
    tick(schedule, NOW)
    tick(schedule, NOW + timedelta(days=1))
    end_trainings()
    seen = dataset.latest_version()
    factories.measurement(dataset=dataset, property=factories.property_(name="hue"))
    tick(schedule, NOW + timedelta(days=2))
    assert dataset.latest_version() != seen  # frozen all the same
    assert schedule.last_outcome == f"Skipped: no new value of conductivity since {seen}."
    factories.measurement(dataset=dataset)
    tick(schedule, NOW + timedelta(days=3))
    assert schedule.training_runs.count() == 2


def test_a_dataset_without_any_value_waits_for_one(schedule: Schedule) -> None:
    schedule.dataset = factories.dataset()
    schedule.save()
    measure(schedule.dataset, 12, property=factories.property_(name="hue"))
    tick(schedule, NOW)
    tick(schedule, NOW + timedelta(days=1))
    assert schedule.last_outcome == f"Skipped: {schedule.dataset} v1 has no value of conductivity."


def test_a_shipped_champion_has_learned_what_its_public_dataset_began_with(schedule: Schedule) -> None:
    entry = catalogue.entry("htp-md-transport")
    schedule.dataset = catalogue.ensure_dataset(entry)
    schedule.save()
    factories.alias(version=factories.model_version(model=schedule.model, training_data_digest=entry.tables[0]))
    measure(schedule.dataset, MINIMUM_LABELS)
    tick(schedule, NOW)
    tick(schedule, NOW + timedelta(days=1))
    assert schedule.last_outcome == f"Skipped: nothing new since {schedule.dataset} v1."
    factories.measurement(dataset=schedule.dataset)
    tick(schedule, NOW + timedelta(days=2))
    assert schedule.training_runs.get().dataset_version.number == 2


def test_a_champion_goes_on_from_a_single_value(schedule: Schedule) -> None:
    champion = factories.model_version(model=schedule.model, architecture="polymer-gnn")
    factories.alias(version=champion)
    Schedule.objects.filter(pk=schedule.pk).update(
        template={"training": {"steps": 5}}, start_from_champion=True, dataset=factories.measurement().dataset
    )
    schedule.refresh_from_db()
    tick(schedule, NOW)
    tick(schedule, NOW + timedelta(days=1))
    run = schedule.training_runs.get()
    assert (run.init_version, run.dataset_version.measurement_count) == (champion, 1)


def test_changed_and_disabled_schedules_forget_their_turn(schedule: Schedule) -> None:
    tick(schedule, NOW)
    schedule.cron = "45 12 * * *"
    schedule.save()
    assert tick(schedule, NOW).next_fire_at == NOW + timedelta(minutes=15)
    schedule.enabled = False
    schedule.save()
    assert tick(schedule, NOW + timedelta(days=1)).next_fire_at is None
    schedule.enabled = True
    schedule.save()
    tick(schedule, NOW + timedelta(days=9))
    assert not schedule.training_runs.exists()


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ({"architecture": "polymer-gnn", "epochs": 3}, "Failed: template: epochs is unknown"),
        ({"architecture": "polymer-gnn", "properties": ["hue"]}, "Failed: template: there is no property hue"),
        ({"architecture": "gnn", "properties": ["conductivity"]}, "Failed: unknown architecture 'gnn'"),
        ({"architecture": "polymer-gnn", "properties": ["conductivity"], "training": {"step": 1}}, "unknown setting"),
    ],
)
def test_faulty_template_is_said_and_harms_no_other(schedule: Schedule, template: object, said: str) -> None:
    other = factories.schedule(cron="0 3 * * *", dataset=schedule.dataset, template=schedule.template,
                               start_from_champion=False)  # fmt: skip
    schedule.template = template
    schedule.save()
    tick(schedule, NOW)
    tick(schedule, NOW + timedelta(days=1))
    assert said in schedule.last_outcome
    assert not schedule.training_runs.exists()
    assert other.training_runs.count() == 1


@pytest.mark.django_db(transaction=True)
def test_two_tickers_never_double(schedule: Schedule) -> None:
    tick(schedule, NOW)
    inside, go_on, outcomes = threading.Event(), threading.Event(), []

    def first() -> None:
        with transaction.atomic(), schedules._alone() as alone:
            outcomes.append(alone)
            inside.set()
            go_on.wait(10)
        connection.close()

    other = threading.Thread(target=first)
    other.start()
    assert inside.wait(10)
    outcomes.append(schedules.tick(NOW + timedelta(days=1)))
    go_on.set()
    other.join()
    assert outcomes == [True, False]
    assert not schedule.training_runs.exists()
    assert schedules.tick(NOW + timedelta(days=1))
    assert schedule.training_runs.count() == 1
