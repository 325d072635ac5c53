"""Lost attempts, lost messages, left-over folders."""

import uuid
from datetime import timedelta
from pathlib import Path

import django_rq
import pytest
from django.conf import settings
from django.utils import timezone

from registry.actions.queueing import create_job, enqueue, message_id
from registry.jobs.reaper import reap
from registry.models import Job
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("valkey")]


def running(silent_for: float, **fields: object) -> Job:
    beat = timezone.now() - timedelta(seconds=silent_for)
    fields = {"attempt": 1, "fencing_token": uuid.uuid4(), "worker": "host:1", "heartbeat_at": beat} | fields
    return factories.job(state=Job.State.RUNNING, **fields)


def messages() -> list[str]:
    return list(django_rq.get_queue("cpu").get_job_ids())


def test_silent_attempt_is_lost_and_its_job_waits_again() -> None:
    job, lively = running(silent_for=61), running(silent_for=30)
    reap()
    job.refresh_from_db()
    lively.refresh_from_db()
    assert (job.state, job.fencing_token, job.attempt) == (Job.State.QUEUED, None, 1)
    assert lively.state == Job.State.RUNNING
    assert messages() == [f"{job.pk}-2"]
    assert job.events.get().message == "attempt 1 on host:1 was lost: no heartbeat for 60 s"


def test_last_attempt_lost_is_the_end() -> None:
    job = running(silent_for=61, attempt=3)
    reap()
    job.refresh_from_db()
    assert job.state == Job.State.LOST
    assert "last of 3" in job.error
    assert messages() == []


def test_lost_attempt_of_a_cancelled_job_is_cancelled() -> None:
    job = running(silent_for=61, cancel_requested_at=timezone.now())
    reap()
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED


def test_row_without_message_is_sent_again_once() -> None:
    sent, forgotten, fresh = factories.job(), factories.job(), factories.job()
    Job.objects.exclude(pk=fresh.pk).update(created_at=timezone.now() - timedelta(minutes=1))
    enqueue(sent)
    reap()
    reap()
    assert sorted(messages()) == sorted([message_id(sent), message_id(forgotten)])


def test_job_is_created_when_the_queue_is_away(valkey: object) -> None:
    valkey.stop()  # type: ignore[attr-defined]
    job = create_job(Job.Kind.EXPORT, None)
    assert job.state == Job.State.QUEUED
    valkey.start()  # type: ignore[attr-defined]
    Job.objects.update(created_at=timezone.now() - timedelta(minutes=1))
    reap()
    assert messages() == [message_id(job)]


def test_folders_of_finished_jobs_go() -> None:
    done, active = factories.job(state=Job.State.LOST), factories.job()
    folders = [Path(settings.JOB_FOLDER) / str(job.pk) for job in (done, active)]
    for folder in folders:
        folder.mkdir(parents=True)
    reap()
    assert [folder.exists() for folder in folders] == [False, True]
