"""A training that is killed goes on from its checkpoint; an import that is cancelled leaves nothing."""

import io
import os
import signal
import threading
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.import_file import StartImport
from registry.actions.start_training import StartTraining
from registry.catalogue import ensure_properties
from registry.jobs.run import run_job
from registry.models import Job, JobEvent, Measurement, ModelVersion, Structure
from tests import factories
from tests.faults.conftest import parent_of, wait_until

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True)]

SAMPLE = Path(__file__).parents[1] / "data" / "htpmd-sample.csv"
STRINGS = Path(__file__).parents[1] / "data" / "htpmd_1500.txt"
MAPPING = {"structure": {"column": "mol_smiles"}, "values": [{"column": "conductivity", "property": "conductivity"}]}
CONFIG = {
    "model": {"layers": 1, "heads": 2, "width": 16, "forms": 1},
    "training": {"steps": 400, "batch_size": 16, "checkpoint_every": 20},
    "condition": {"report_samples": 0},
}


def imported(content: bytes) -> Job:
    run = StartImport(
        actor=None, dataset=factories.dataset(), stream=io.BytesIO(content), file_name="x.csv", mapping=MAPPING
    ).run()
    return run.job


def children() -> list[int]:
    """Processes that this one has started and that run mlcore."""
    numbers = [int(path.name) for path in Path("/proc").iterdir() if path.name.isdecimal()]
    return [pid for pid in numbers if _runs_mlcore(pid)]


def _runs_mlcore(pid: int) -> bool:
    try:
        return parent_of(pid) == os.getpid() and b"mlcore" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def kill_after_checkpoint(job: Job) -> None:
    saved = JobEvent.objects.filter(job=job, message__startswith="checkpoint at step")
    wait_until(saved.exists, 120)
    for pid in children():
        os.kill(pid, signal.SIGKILL)
    connection.close()


def test_killed_training_goes_on_from_its_checkpoint(valkey: object, quick: None) -> None:
    ensure_properties()
    job = imported(SAMPLE.read_bytes())
    run_job(str(job.pk))
    version = FreezeDataset(actor=None, dataset=job.importrun.dataset).run()
    model = factories.registered_model("generate")
    run = StartTraining(actor=None, model=model, dataset_version=version, architecture="gpt", config=CONFIG).run()
    killer = threading.Thread(target=kill_after_checkpoint, args=[run.job])
    killer.start()
    run_job(str(run.job_id))
    killer.join()
    run.job.refresh_from_db()
    assert (run.job.state, run.job.message) == (Job.State.QUEUED, "mlcore died of SIGKILL")
    run_job(str(run.job_id))
    run.job.refresh_from_db()
    assert run.job.state == Job.State.SUCCEEDED, run.job.error
    again = run.job.events.filter(attempt=2)
    assert again.filter(message__startswith="resumed at step").exists()
    assert again.filter(kind="metric").order_by("sequence").first().data["step"] > 20
    assert ModelVersion.objects.filter(training_run=run).count() == 1


def test_cancelled_import_leaves_nothing(quick: None, valkey: object) -> None:
    ensure_properties()
    rows = (f"{text},1e-5" for text in STRINGS.read_text().split())
    job = imported("\n".join(["mol_smiles,conductivity", *rows]).encode())
    Job.objects.filter(pk=job.pk).update(cancel_requested_at=timezone.now())
    run_job(str(job.pk))
    job.refresh_from_db()
    assert job.state == Job.State.CANCELLED
    assert not Measurement.objects.exists()
    assert not Structure.objects.exists()
