"""Writers, and that what they write is read back as it was."""

import csv
import io

import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from registry.formats import open_table
from registry.formats.writing import Column, safe_cell, write_table

COLUMNS = [Column("smiles"), Column("value", "number"), Column("count", "integer"), Column("ok", "boolean")]
ROWS = [
    {"smiles": "*CCO*", "value": 1.0e-5, "count": 3, "ok": True},
    {"smiles": "*CC*", "value": None, "count": None, "ok": None},
]


def written(file_format: str, columns=COLUMNS, rows=ROWS) -> bytes:
    file = io.BytesIO()
    assert write_table(file, file_format, columns, rows) == len(rows)
    return file.getvalue()


def test_csv():
    assert written("csv") == b"smiles,value,count,ok\r\n*CCO*,1e-05,3,true\r\n*CC*,,,\r\n"


def test_jsonl_keeps_types():
    assert written("jsonl").splitlines()[0] == b'{"smiles": "*CCO*", "value": 1e-05, "count": 3, "ok": true}'


def test_parquet_keeps_types():
    assert pq.read_table(io.BytesIO(written("parquet"))).to_pylist() == ROWS


def test_sdf_holds_the_drawing_and_the_data():
    supplier = Chem.ForwardSDMolSupplier(io.BytesIO(written("sdf")))
    mols = list(supplier)
    assert Chem.MolToSmiles(mols[0]) == "*CCO*"
    assert mols[0].GetProp("value") == "1e-05"
    assert not mols[1].HasProp("value")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-cmd", "@SUM(A1)", "\tx", "\rx"])
def test_text_cannot_start_a_formula(text):
    assert safe_cell(text) == f"'{text}"
    cell = next(
        csv.reader(io.StringIO(written("csv", [Column("note")], [{"note": text}]).decode(), newline=""), strict=True)
    )
    assert cell == ["note"]


def test_negative_numbers_stay_numbers():
    assert safe_cell(-1.5) == -1.5
    assert b"-1.5" in written("csv", [Column("x", "number")], [{"x": -1.5}])


printable = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=30)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.tuples(printable, printable), min_size=1, max_size=8))
@pytest.mark.parametrize("file_format", ["csv", "jsonl"])
def test_any_text_survives_writing_and_reading(file_format, rows):
    columns = [Column("one"), Column("two"), Column("last")]
    content = written(file_format, columns, [{"one": a, "two": b, "last": "end"} for a, b in rows])
    table = open_table(io.BytesIO(content))
    guard = safe_cell if file_format == "csv" else str
    assert [(row.cells["one"], row.cells["two"]) for row in table.rows] == [(guard(a), guard(b)) for a, b in rows]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=8))
@pytest.mark.parametrize("file_format", ["csv", "jsonl", "parquet"])
def test_no_digit_of_a_number_is_lost(file_format, numbers):
    columns = [Column("id"), Column("x", "number")]
    content = written(file_format, columns, [{"id": "a", "x": number} for number in numbers])
    table = open_table(io.BytesIO(content))
    assert [float(row.cells["x"]) for row in table.rows] == numbers
