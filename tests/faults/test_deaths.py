"""Whatever dies, the job ends once, its results are there once, and no process is left behind."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable

import pytest
from django.conf import settings
from django.db import connection

from registry.actions.cancel_job import CancelJob
from registry.jobs.reaper import reap
from registry.models import Job, JobEvent, ModelVersion
from tests.faults.conftest import Valkey, alive, parent_of, queued_training, wait_until
from tests.faults.scripted import POINTS

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

Work = Callable[..., "subprocess.Popen[bytes]"]
Starts = Callable[[Job], list[int]]


def state(job: Job) -> str:
    return Job.objects.values_list("state", flat=True).get(pk=job.pk)


def assert_whole(job: Job, attempts: int) -> None:
    """It succeeded in the last of so many attempts, with the whole loss curve and one version."""
    job.refresh_from_db()
    assert (job.state, job.attempt) == (Job.State.SUCCEEDED, attempts), job.error
    curve = JobEvent.objects.filter(job=job, attempt=attempts, kind="metric").order_by("sequence")
    assert [event.data["step"] for event in curve] == list(range(1, POINTS + 1))
    assert ModelVersion.objects.filter(training_run__job=job).count() == 1


def test_killed_worker_leaves_no_process_and_its_job_goes_to_the_next(work: Work, starts: Starts) -> None:
    job = queued_training().job
    worker = work("hang,work")
    wait_until(lambda: starts(job))
    [child] = starts(job)
    horse = parent_of(child)
    assert parent_of(horse) == worker.pid
    worker.kill()
    wait_until(lambda: not alive(horse) and not alive(child), 3)
    assert state(job) == Job.State.RUNNING
    wait_until(lambda: reap() or state(job) == Job.State.QUEUED, 10)
    work("hang,work", "--burst").wait(60)
    assert_whole(job, attempts=2)
    assert JobEvent.objects.filter(job=job, kind="state", message__contains="was lost: no heartbeat").count() == 1


def test_killed_child_and_killed_horse_cost_an_attempt_each_and_not_the_worker(work: Work, starts: Starts) -> None:
    job = queued_training().job
    worker = work("die,hang,work")
    wait_until(lambda: len(starts(job)) == 2)  # the first child died; the job came back by itself
    child = starts(job)[-1]
    os.kill(parent_of(child), signal.SIGKILL)
    wait_until(lambda: not alive(child), 3)
    wait_until(lambda: reap() or state(job) == Job.State.SUCCEEDED, 30)
    assert_whole(job, attempts=3)
    assert worker.poll() is None


def test_stopped_worker_gives_its_job_back_at_once(work: Work, starts: Starts) -> None:
    job = queued_training().job
    worker = work("hang,work")
    wait_until(lambda: starts(job))
    [child] = starts(job)
    worker.terminate()
    assert worker.wait(10) == 0
    assert state(job) == Job.State.QUEUED
    assert not alive(child)
    work("hang,work", "--burst").wait(60)
    assert_whole(job, attempts=2)


def test_cancel_takes_down_a_child_that_ignores_sigterm(work: Work, starts: Starts) -> None:
    job = queued_training().job
    worker = work("stubborn")
    wait_until(lambda: starts(job))
    [child] = starts(job)
    asked = time.monotonic()
    CancelJob(actor=None, job=job).run()
    wait_until(lambda: state(job) == Job.State.CANCELLED, 10)
    assert time.monotonic() - asked < 5
    assert not alive(child)
    assert worker.poll() is None


def test_lost_database_connections_cost_nothing(work: Work, starts: Starts) -> None:
    job = queued_training().job
    work("slow", "--burst")
    wait_until(lambda: JobEvent.objects.filter(job=job, kind="metric").exists())
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        assert cursor.fetchone()[0] >= 1
    wait_until(lambda: state(job) in Job.FINAL)
    assert_whole(job, attempts=1)


def test_queue_that_loses_its_data_loses_no_job(work: Work, valkey: Valkey) -> None:
    worker = work()
    wait_until(lambda: valkey_knows_a_worker())
    valkey.stop()
    valkey.start()
    run = queued_training()
    valkey.stop()  # and with it the message
    Job.objects.update(created_at="2026-01-01T00:00Z")
    valkey.start()
    wait_until(lambda: reap() or state(run.job) == Job.State.SUCCEEDED, 30)
    assert_whole(run.job, attempts=1)
    assert worker.poll() is None


def valkey_knows_a_worker() -> bool:
    import django_rq
    from rq import Worker

    return bool(Worker.all(connection=django_rq.get_connection("cpu")))


def test_killed_import_leaves_none_of_its_helpers() -> None:
    """Structures are identified in a pool of processes, which would otherwise wait for more work for ever."""
    script = (
        "import os, signal\n"
        "from mlcore.chem.identity import identify_many\n"
        "found = identify_many(('*' + 'C' * (1 + n % 30) + 'O*' for n in range(3000)), 'polymer', processes=2)\n"
        "next(found)\n"
        "children = open(f'/proc/self/task/{os.getpid()}/children').read()\n"
        "print(children, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=settings.ROOT, capture_output=True, text=True)
    helpers = [int(pid) for pid in done.stdout.split()]
    assert len(helpers) == 2, done.stderr
    wait_until(lambda: not any(map(alive, helpers)), 3)
