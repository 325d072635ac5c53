"""Claims, fencing, events and ends of attempts."""

import time
import uuid
from collections.abc import Iterator

import pytest
from django.utils import timezone

from registry.actions.cancel_job import CancelJob
from registry.jobs.attempt import Attempt, Ended
from registry.models import Job, JobEvent, Tag
from tests import factories
from tests.faults.conftest import wait_until

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("quick")]


@pytest.fixture
def attempt() -> Iterator[Attempt]:
    taken = Attempt.claim(str(factories.job().pk))
    assert taken is not None
    yield taken
    taken.close()


def current(attempt: Attempt) -> Job:
    return Job.objects.get(pk=attempt.job.pk)


def test_a_job_is_taken_once(attempt: Attempt) -> None:
    assert Attempt.claim(str(attempt.job.pk)) is None
    assert Attempt.claim(str(uuid.uuid4())) is None
    assert (current(attempt).state, current(attempt).attempt) == (Job.State.RUNNING, 1)


def test_superseded_attempt_changes_nothing(attempt: Attempt) -> None:
    Job.objects.filter(pk=attempt.job.pk).update(fencing_token=uuid.uuid4(), attempt=2)
    with pytest.raises(Ended, match="superseded"):
        attempt.write(lambda: Tag.objects.create(name="late"))
    attempt.log("info", "still there?")
    attempt.finish(Job.State.SUCCEEDED)
    assert not Tag.objects.exists()
    assert (current(attempt).state, current(attempt).attempt) == (Job.State.RUNNING, 2)
    assert not JobEvent.objects.filter(message="still there?").exists()


def test_attempt_learns_that_it_was_superseded_or_cancelled(attempt: Attempt) -> None:
    other = Attempt.claim(str(factories.job().pk))
    assert other is not None
    CancelJob(actor=None, job=attempt.job).run()
    Job.objects.filter(pk=other.job.pk).update(fencing_token=uuid.uuid4())
    wait_until(lambda: attempt.stop and other.stop, 2)
    assert (attempt.stop, other.stop) == ("cancelled", "superseded")
    other.close()


def test_a_cancelled_job_says_by_whom(attempt: Attempt) -> None:
    Job.objects.filter(pk=attempt.job.pk).update(cancel_requested_by=factories.user(username="ada"))
    attempt.finish(Job.State.CANCELLED)
    assert JobEvent.objects.filter(job=attempt.job).latest("sequence").message == "cancelled by ada"


def test_events_arrive_in_order_within_a_second_or_two(attempt: Attempt) -> None:
    attempt.log("warning", "bad\0byte")
    for step in range(50):
        attempt.metric("loss", 1 / (step + 1), step, "train")
    attempt.progress(0.4, "training")
    wait_until(lambda: current(attempt).progress == 0.4, 2)
    events = list(attempt.job.events.order_by("sequence"))
    assert [event.sequence for event in events] == list(range(52))
    assert events[1].message == "bad␀byte"
    assert events[-1].data == {"name": "loss", "value": 1 / 50, "step": 49, "split": "train"}
    assert current(attempt).message == "training"


def test_beats_go_on_while_the_work_holds_a_long_transaction(attempt: Attempt) -> None:
    before = current(attempt).heartbeat_at

    def work() -> None:
        Tag.objects.create(name="slow")
        attempt.progress(0.5, "halfway")
        time.sleep(1)

    attempt.write(work)
    job = current(attempt)
    assert job.heartbeat_at > before
    assert (timezone.now() - job.heartbeat_at).total_seconds() < 0.9  # a beat from within
    assert job.progress == 0.5


def test_final_states_are_entered_once(attempt: Attempt) -> None:
    attempt.finish(Job.State.FAILED, "no such column")
    attempt.finish(Job.State.SUCCEEDED)
    job = current(attempt)
    assert (job.state, job.error, job.fencing_token) == (Job.State.FAILED, "no such column", None)
    assert job.finished_at is not None
    assert job.events.last().message == "no such column"


def test_released_job_waits_for_its_next_attempt(attempt: Attempt, valkey: object) -> None:
    attempt.release("the worker was stopped", spare=True)
    job = current(attempt)
    assert (job.state, job.attempt, job.max_attempts) == (Job.State.QUEUED, 1, 4)
    again = Attempt.claim(str(job.pk))
    assert again is not None
    assert again.job.attempt == 2
    again.close()
