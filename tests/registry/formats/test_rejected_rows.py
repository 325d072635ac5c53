"""Refused rows leave as a file of the columns that they came with, which can be mended and imported."""

import csv
import gzip
import io
import json

import pytest

from registry import artifacts
from registry.actions.import_file import ImportFile, StartImport
from registry.catalogue import ensure_properties
from registry.formats import first_look, open_table
from registry.formats.rejected_rows import write_rejected_rows
from registry.models import Measurement, Property
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def properties():
    ensure_properties()


def bring(content, mapping=None, dataset=None):
    """The run, and the mapping that it was given or that was guessed."""
    stream = io.BytesIO(content.encode() if isinstance(content, str) else content)
    mapping = mapping or first_look(stream).mapping(Property.objects.all())
    run = StartImport(
        actor=None, dataset=dataset or factories.dataset(), stream=stream, file_name="a", mapping=mapping, queue=None
    ).run()
    return ImportFile(actor=None, import_run=run).run(), mapping


def refused(run):
    file = io.BytesIO()
    assert write_rejected_rows(run, file) == run.rows_rejected
    return file.getvalue()


HEADER = "smiles;conductivity (mS/cm);T (°C);note\r\n"


def test_mended_rows_are_imported_with_the_mapping_of_the_whole_file():
    run, mapping = bring(f"{HEADER}*CCO*;0,12;25;a\r\nCCO;0,13;25;'b'\r\n*CC*;warm;-20;=c\r\n")
    content = refused(run).decode("utf-8-sig")
    lines = content.splitlines()
    assert lines[0] == HEADER.strip() + ";refused_row;refused_reason"
    assert lines[1].startswith("CCO;0,13;25;'b';3;")
    assert lines[2].startswith("*CC*;warm;-20;'=c;4;")  # a number is no formula, a formula is
    mended = content.replace("CCO;", "*CCO*;").replace("warm", "0,14")
    assert first_look(io.BytesIO(mended.encode())).mapping(Property.objects.all()) == mapping
    again, _ = bring(mended, mapping, run.dataset)
    assert (again.rows_imported, again.rows_rejected) == (2, 0)
    assert sorted(row.value for row in Measurement.objects.all()) == pytest.approx([1.2e-4, 1.3e-4, 1.4e-4])


@pytest.mark.parametrize("line", ["*CCO*,1,2,25", "*CCO*,1e-5", '*CCO*,"1"e-5,25'])
def test_rows_that_were_not_split_stay_refused_until_they_are_mended(line):
    run, mapping = bring(f"smiles,conductivity (mS/cm),T\n*CC*,0.1,25\n{line}\n")
    content = refused(run)
    again, _ = bring(content, mapping, run.dataset)
    assert (again.rows_imported, again.rows_rejected) == (0, 1)
    [row] = list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline="")))[1:]
    assert row[-2] == "3"


def test_a_second_round_names_the_columns_once():
    run, mapping = bring("smiles,conductivity (S/cm)\nCCO,1e-5\nCCC,1e-4\n")
    again, _ = bring(refused(run), mapping)
    table = list(csv.DictReader(io.StringIO(refused(again).decode("utf-8-sig"), newline="")))
    assert list(table[0]) == ["smiles", "conductivity (S/cm)", "refused_row", "refused_reason"]
    assert [row["refused_row"] for row in table] == ["2", "3"]


def test_other_formats_become_columns_too():
    lines = [json.dumps({"smiles": text, "conductivity": 1e-5, "more": {"a": True}}) for text in ("*CCO*", "CCO")]
    run, _ = bring(gzip.compress("\n".join([*lines, "no JSON"]).encode()))
    one, other = open_table(io.BytesIO(refused(run))).rows
    assert (one.cells["smiles"], one.cells["more"], one.cells["refused_row"]) == ("CCO", '{"a": true}', "2")
    assert other.raw.startswith("no JSON,3,")


def test_without_the_upload_the_text_is_still_there():
    row = factories.rejected_row()
    with pytest.raises(artifacts.ArtifactError), artifacts.opened(row.import_run.file_digest):
        pass
    row.import_run.rows_rejected = 1
    assert refused(row.import_run).decode("utf-8-sig").startswith('raw_text,refused_row,refused_reason\r\n"*C(*)C*,')
