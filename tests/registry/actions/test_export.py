"""Exports: what is asked for, in every format, safe to open in a spreadsheet."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from django.core.exceptions import PermissionDenied
from rdkit import Chem

from registry import artifacts
from registry.actions.base import ActionError
from registry.actions.decide import Decide
from registry.actions.export import StartExport, WriteExport
from registry.models import Job
from tests import factories

pytestmark = pytest.mark.django_db


def export(subject="candidates", selection=None, file_format="csv") -> bytes:
    run = StartExport(actor=None, subject=subject, selection=selection or {}, file_format=file_format, queue=None).run()
    run = WriteExport(actor=None, export_run=run).run()
    run.refresh_from_db()
    with artifacts.opened(run.file_digest) as stream:
        content = stream.read()
    if file_format == "csv":
        assert run.rows == len(table(content))
    return content


def table(content):
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@pytest.fixture
def candidate():
    made = factories.candidate(smiles="*CCO*")
    factories.score(made, value=2e-4, standard_deviation=0.1, in_domain=True)
    made.tags.add(factories.tag(name="glassy"))
    reviewer = factories.user("Curator", username="ada")
    Decide(actor=reviewer, candidates=[made.pk], verdict="accept", reason="-good").run()
    factories.candidate(smiles="*CC*")
    return made


def test_candidates_come_with_scores_tags_and_decision(candidate):
    rows = {row["smiles"]: row for row in table(export())}
    row = rows["*OCC*"]
    assert (row["id"], row["status"], row["tags"]) == (str(candidate.pk), "accepted", "glassy")
    assert (row["conductivity"], row["conductivity_std"], row["conductivity_in_domain"]) == ("0.0002", "0.1", "true")
    assert "@" in row["conductivity_model"]
    assert (row["decision"], row["decided_by"]) == ("accept", "ada")
    assert row["decision_reason"] == "'-good"
    assert rows["*C*"]["conductivity"] == ""


def test_the_selection_is_that_of_the_lists(candidate):
    assert [row["smiles"] for row in table(export(selection={"status": "accepted"}))] == ["*OCC*"]
    assert table(export(selection={"conductivity_min": 1e-3})) == []


@pytest.mark.parametrize("subject", ["candidates", "measurements", "structures"])
def test_unknown_filters_are_refused_at_the_door(subject):
    with pytest.raises(ActionError, match="colour") as caught:
        StartExport(actor=None, subject=subject, selection={"colour": "red"}, file_format="csv").run()
    assert caught.value.field == "selection"


@pytest.mark.parametrize(("field", "value"), [("subject", "users"), ("file_format", "exe")])
def test_unknown_subjects_and_formats(field, value):
    with pytest.raises(ActionError, match=value) as caught:
        StartExport(
            **({"actor": None, "subject": "candidates", "selection": {}, "file_format": "csv"} | {field: value})
        ).run()
    assert caught.value.field == field


def test_other_formats(candidate):
    lines = [json.loads(line) for line in export(file_format="jsonl").splitlines()]
    assert {line["smiles"]: line.get("conductivity") for line in lines} == {"*OCC*": 2e-4, "*C*": None}
    assert {row["id"] for row in pq.read_table(io.BytesIO(export(file_format="parquet"))).to_pylist()} == {
        line["id"] for line in lines
    }
    mols = list(Chem.ForwardSDMolSupplier(io.BytesIO(export(file_format="sdf"))))
    assert {mol.GetProp("smiles") for mol in mols} == {"*OCC*", "*C*"}


def test_measurements_and_structures():
    one = factories.measurement(structure=factories.structure("*CCO*"), value=1e-5, salt="=LiTFSI")
    factories.measurement(structure=factories.structure("*CC*"))
    rows = table(export("measurements", {"dataset": one.dataset.slug}))
    assert [(row["value"], row["unit"], row["salt"]) for row in rows] == [("1e-05", "S/cm", "'=LiTFSI")]
    assert [row["smiles"] for row in table(export("structures", {"substructure": "COC"}))] == ["*OCC*"]
    assert len(table(export("structures"))) == 2


def test_the_job_is_queued_and_permission_is_needed():
    run = StartExport(actor=factories.user("Chemist"), subject="structures", selection={}, file_format="csv").run()
    assert (run.job.kind, run.job.state) == (Job.Kind.EXPORT, Job.State.QUEUED)
    with pytest.raises(PermissionDenied):
        StartExport(actor=factories.user("Viewer"), subject="structures", selection={}, file_format="csv").run()
