"""Exports of predictions: what a row says, which rows there are, and that nobody imports them as measured values."""

import csv
import io
import json

import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rdkit import Chem

from registry import artifacts
from registry.actions.base import ActionError
from registry.actions.export import StartExport, WriteExport
from registry.actions.export_rows import contents
from registry.actions.import_file import ImportFile, StartImport
from registry.formats import first_look
from registry.models import Measurement, Property
from tests import factories

pytestmark = pytest.mark.django_db


def export(selection=None, file_format="csv", sort="", subject="predictions") -> bytes:
    run = StartExport(
        actor=None, subject=subject, selection=selection or {}, file_format=file_format, sort=sort, queue=None
    ).run()
    run = WriteExport(actor=None, export_run=run).run()
    with artifacts.opened(run.file_digest) as stream:
        return stream.read()


def table(content):
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


@pytest.fixture
def made():
    """A conductivity at 353 K, that the model does not know, and an energy of a molecule that states no deviation."""
    conditions = {"temperature_k": 353, "salt": "LiTFSI", "concentration": 1.5}
    one = factories.prediction(
        structure=factories.structure("*CCO*"), conditions=conditions, value=2e-4, in_domain=False,
        out_of_domain="-no training structure has Br",
    )  # fmt: skip
    energy = factories.property_("u0", unit="Ha", scale="linear", lower=None, upper=None)
    other = factories.prediction(
        structure=factories.structure("CCO", kind="molecule"), property=energy, value=-154.9, geometry="guessed",
        standard_deviation=None, in_domain=None,
    )  # fmt: skip
    return one, other


def test_a_row_says_what_was_predicted_by_whom_and_under_what(made):
    one, _ = made
    version, structure = one.model_version, one.structure
    rows = table(export())
    assert rows[0] == {
        "id": str(one.pk), "smiles": "*OCC*", "key": structure.key, "property": "conductivity",
        "predicted value": "0.0002", "unit": "S/cm", "predicted std": "0.1", "predicted std unit": "decades",
        "in_domain": "false", "out_of_domain": "'-no training structure has Br", "temperature [K]": "353",
        "salt": "LiTFSI", "concentration [mol/kg]": "1.5",
        "conditions": '{"concentration": 1.5, "salt": "LiTFSI", "temperature_k": 353}', "geometry": "",
        "model_version": f"{version.model.name}@{version.number}", "scoring_run": str(one.scoring_run_id),
        "created_at": one.created_at.isoformat(),
    }  # fmt: skip
    names = ("smiles", "predicted value", "unit", "predicted std", "predicted std unit", "in_domain", "geometry")
    assert [rows[1][name] for name in names] == ["CCO", "-154.9", "Ha", "", "Ha", "", "guessed"]
    assert (rows[1]["conditions"], rows[1]["temperature [K]"]) == ("", "")


@pytest.mark.parametrize("file_format", ["csv", "jsonl", "sdf", "parquet"])
@pytest.mark.parametrize("name", ["conductivity", "value"])
def test_no_format_brings_predictions_in_as_measured_values(made, file_format, name):
    """Not even where somebody has a property of that name."""
    factories.property_(name)
    stream = io.BytesIO(export({"property": "conductivity"}, file_format))
    mapping = first_look(stream).mapping(Property.objects.all())
    assert "values" not in mapping
    assert mapping["structure"] == {"column": "smiles"}
    run = StartImport(
        actor=None, dataset=factories.dataset(), stream=stream, file_name="export", mapping=mapping, queue=None
    ).run()  # fmt: skip
    run = ImportFile(actor=None, import_run=run).run()
    assert (run.rows_total, run.rows_rejected) == (1, 0)
    assert not Measurement.objects.exists()


def test_other_formats_hold_the_same(made):
    lines = [json.loads(line) for line in export(file_format="jsonl").splitlines()]
    assert [(line["predicted value"], line["in_domain"]) for line in lines] == [(2e-4, False), (-154.9, None)]
    assert pq.read_table(io.BytesIO(export(file_format="parquet"))).to_pylist() == lines
    mols = list(Chem.ForwardSDMolSupplier(io.BytesIO(export(file_format="sdf"))))
    assert [mol.GetProp("predicted value") for mol in mols] == ["0.0002", "-154.9"]
    assert [mol.GetNumAtoms() for mol in mols] == [5, 3]


def test_those_of_a_run_of_a_model_or_of_a_frozen_version(made):
    one, other = made
    version = factories.dataset_version()
    factories.measurement(structure=other.structure, dataset=version.dataset, added_in=version)
    later = factories.measurement(structure=one.structure, dataset=version.dataset)
    for selection, expected in (
        ({"scoring_run": one.scoring_run_id}, [one]),
        ({"model_version": other.model_version_id}, [other]),
        ({"dataset_version": version.pk}, [other]),
        ({"search": "C(C)O"}, [other]),  # another spelling of the whole structure
        ({"search": "OCC*"}, [one]),
        ({"std_min": 0.05}, [one]),
        ({"std_min": 0.2}, []),
        ({"created_after": "2000-01-01"}, [one, other]),
        ({"created_before": "2000-01-01"}, []),
        ({"in_domain": False, "temperature_min": 300}, [one]),
    ):
        assert [int(row["id"]) for row in table(export(selection))] == [row.pk for row in expected], selection
    later.added_in = factories.dataset_version(dataset=version.dataset, number=version.number + 1)
    later.save()
    both = table(export({"dataset_version": later.added_in.pk}))
    assert len(both) == 2


@pytest.mark.parametrize(
    ("sort", "order"),
    [("", (0, 1)), ("-id", (1, 0)), ("value", (1, 0)), ("-value", (0, 1)), ("standard_deviation", (0, 1)),
     ("-standard_deviation", (0, 1)), ("temperature_k", (0, 1)), ("-created_at", (1, 0))],
)  # fmt: skip
def test_rows_come_in_the_order_that_was_asked_for(made, sort, order):
    assert [int(row["id"]) for row in table(export(sort=sort))] == [made[place].pk for place in order]


@pytest.mark.parametrize(
    ("selection", "sort", "field", "words"),
    [
        ({"scoring_rnu": 1}, "", "selection", "did you mean scoring_run"),
        ({"scoring_run": "the last"}, "", "selection", "scoring_run: Enter a whole number"),
        ({"value_min": 2, "value_max": 1}, "", "selection", "Swap them"),
        ({"std_min": 2, "std_max": 1}, "", "selection", "Swap them"),
        ({"dataset_version": 999}, "", "selection", "There is no dataset version 999"),
        ({"similar_to": "CCO"}, "", "selection", "similar_to: Unknown parameter"),
        ({}, "-conductivity", "sort", "'conductivity' is unknown"),
        ({}, "similarity", "sort", "'similarity' is unknown"),
    ],
)
def test_what_cannot_be_asked_is_refused_by_name(selection, sort, field, words):
    factories.property_()
    with pytest.raises(ActionError, match=words) as caught:
        export(selection, sort=sort)
    assert caught.value.field == field


def test_rows_stream_without_a_query_for_each(made):
    few = _queries()
    for _ in range(4):
        factories.prediction(conditions={"temperature_k": 298.15})
    assert _queries() == few


def _queries() -> int:
    with CaptureQueriesContext(connection) as queries:
        found = contents("predictions", {})
        assert iter(found.rows) is found.rows
        assert len(list(found.rows)) == found.total
    assert not any("metrics" in query["sql"] for query in queries)  # large, and the same in every row
    return len(queries)
