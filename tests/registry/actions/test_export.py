"""Exports: what is asked for, in every format, safe to open in a spreadsheet."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from django.core.exceptions import PermissionDenied
from django.utils import timezone
from rdkit import Chem

from registry import artifacts
from registry.actions.base import ActionError
from registry.actions.decide import Decide
from registry.actions.export import StartExport, WriteExport
from registry.actions.import_file import ImportFile, StartImport
from registry.formats import first_look
from registry.models import Job, Property
from tests import factories

pytestmark = pytest.mark.django_db


def export(subject="candidates", selection=None, file_format="csv", sort="") -> bytes:
    run = StartExport(
        actor=None, subject=subject, selection=selection or {}, file_format=file_format, sort=sort, queue=None
    ).run()
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
    Decide(actor=reviewer, candidates=[made.pk], verdict="accept", reason="-good", comment="dries well").run()
    factories.candidate(smiles="*CC*")
    return made


def test_candidates_come_with_scores_tags_and_decision(candidate):
    rows = {row["smiles"]: row for row in table(export())}
    row = rows["*OCC*"]
    assert (row["id"], row["status"], row["tags"]) == (str(candidate.pk), "accepted", "glassy")
    assert row["conductivity predicted [S/cm]"] == "0.0002"
    assert row["conductivity predicted std [log10 S/cm]"] == "0.1"
    assert row["conductivity predicted in domain"] == "true"
    assert "@" in row["conductivity predicted by"]
    assert (row["decision"], row["decided_by"]) == ("accept", "ada")
    assert row["decision_reason"] == "'-good"
    assert row["decision_comment"] == "dries well"
    assert (row["mass [g/mol]"], row["sa_score"]) == (
        f"{candidate.structure.mass:.3f}",
        f"{candidate.structure.sa_score:.2f}",
    )
    assert rows["*C*"]["conductivity predicted [S/cm]"] == ""


def test_measured_values_stand_beside_the_predicted_ones(candidate):
    for temperature, value in ((298.15, 1e-5), (353, 1e-3)):
        factories.measurement(
            structure=candidate.structure, value=value, temperature_k=temperature, method="experiment"
        )
    factories.measurement(structure=candidate.structure, value=None, missing_reason="decomposed")
    factories.measurement(structure=candidate.structure, value=1e-9, retired_at=timezone.now())
    factories.measurement(structure=candidate.structure, value=1e-9, method="computed")
    rows = {row["smiles"]: row for row in table(export())}
    row = rows["*OCC*"]
    assert float(row["conductivity measured [S/cm]"]) == pytest.approx(1e-4)  # geometric, as models are trained
    assert (row["conductivity measured n"], row["conductivity measured by"]) == ("2", "experiment")
    assert row["conductivity measured at [K]"] == "298.15 to 353"
    assert rows["*C*"]["conductivity measured [S/cm]"] == ""


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "sdf", "parquet"])
def test_an_exported_file_brings_its_measurements_back_and_no_predictions(candidate, file_format):
    factories.measurement(structure=candidate.structure, value=3.3e-5, temperature_k=353)
    stream = io.BytesIO(export(file_format=file_format, selection={"status": "accepted"}))
    mapping = first_look(stream).mapping(Property.objects.all()) | {"structure": {"column": "smiles"}}
    [value] = mapping["values"]
    assert (value["column"], value["unit"]) == ("conductivity measured [S/cm]", "S/cm")
    dataset = factories.dataset()
    run = StartImport(
        actor=None, dataset=dataset, stream=stream, file_name="export", mapping=mapping, queue=None
    ).run()  # fmt: skip
    run = ImportFile(actor=None, import_run=run).run()
    assert (run.rows_imported, run.rows_rejected) == (1, 0)
    assert [row.value for row in dataset.measurements.all()] == [3.3e-5]


def test_the_run_the_deviation_and_the_training_conditions_are_told(candidate):
    run = factories.generation_run()
    factories.proposal(run=run, candidate=candidate)
    factories.measurement(structure=candidate.structure, value=1e-5, standard_deviation=2e-6)
    version = factories.dataset_version()
    for kelvin, salt in ((298.15, "LiTFSI"), (353, "LiPF6")):
        factories.measurement(temperature_k=kelvin, salt=salt, method="md", dataset=version.dataset, added_in=version)
    trained = factories.model_version(dataset_version=version)
    factories.score(other := factories.candidate(smiles="*CS*"), value=1e-5, model_version=trained)
    rows = {row["id"]: row for row in table(export())}
    row = rows[str(candidate.pk)]
    assert (row["generation_run"], row["conductivity measured std [S/cm]"]) == (str(run.pk), "2e-06")
    assert row["conductivity predicted from"] == ""
    assert rows[str(other.pk)]["conductivity predicted from"] == "md; 298.15 to 353 K; LiPF6, LiTFSI"


def test_without_measurements_there_are_no_columns_for_them(candidate):
    assert not any("measured" in name for name in table(export())[0])


@pytest.fixture
def three():
    """Candidates that somebody scored 1e-5, 1e-3 and not at all, in this order."""
    made = [factories.candidate(smiles=smiles) for smiles in ("*CCO*", "*CC(C)O*", "*CC*")]
    for candidate, value in zip(made, (1e-5, 1e-3), strict=False):
        factories.score(candidate, value=value, standard_deviation=100 * value)
    return [candidate.pk for candidate in made]


@pytest.mark.parametrize(
    ("sort", "order"),
    [("", (1, 0, 2)), ("-conductivity", (1, 0, 2)), ("conductivity", (0, 1, 2)), ("-id", (2, 1, 0)),
     ("conductivity_std", (0, 1, 2)),
     ("status,id", (0, 1, 2)), ("-mass", (1, 0, 2))],
)  # fmt: skip
def test_rows_come_in_the_order_that_was_asked_for(three, sort, order):
    assert [int(row["id"]) for row in table(export(sort=sort))] == [three[place] for place in order]


def test_a_search_by_similarity_is_sorted_by_it(three):
    rows = table(export(selection={"similar_to": "*CC(C)O*", "threshold": 0.1}))
    assert rows[0]["smiles"] == "*OCC(*)C"


@pytest.mark.parametrize(
    ("subject", "sort"), [("candidates", "colour"), ("candidates", "-similarity"), ("structures", "conductivity")]
)
def test_an_unknown_order_is_refused(subject, sort):
    factories.property_()
    with pytest.raises(ActionError) as caught:
        export(subject=subject, sort=sort)
    assert caught.value.field == "sort"


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
    assert {line["smiles"]: line.get("conductivity predicted [S/cm]") for line in lines} == {"*OCC*": 2e-4, "*C*": None}
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
