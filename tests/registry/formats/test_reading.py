"""Readers: what comes out of good and bad files, byte for byte."""

import csv
import gzip
import io

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem

from registry.formats import FormatError, first_look, open_table
from registry.formats.opening import guess_format


def read(content: bytes, **options):
    table = open_table(io.BytesIO(content), **options)
    return table, list(table.rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiter_is_told_from_the_header(delimiter):
    text = f"smiles{delimiter}conductivity\n*CCO*{delimiter}1e-5\n"
    table, rows = read(text.encode())
    assert table.columns == ["smiles", "conductivity"]
    assert rows[0].cells == {"smiles": "*CCO*", "conductivity": "1e-5"}


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_byte_order_marks_are_no_part_of_the_first_name(encoding):
    table, rows = read("smiles,note\n*CCO*,σ\n".encode(encoding))
    assert table.columns[0] == "smiles"
    assert rows[0].cells["note"] == "σ"


def test_rows_are_numbered_as_a_spreadsheet_counts():
    _, rows = read(b'a,b\n1,2\n\n3,"x\ny"\n4,5\n')
    assert [row.number for row in rows] == [2, 4, 5]
    assert rows[1].cells["b"] == "x\ny"
    assert rows[1].raw == '3,"x\ny"'


def test_what_a_spreadsheet_adds_is_no_data():
    table, rows = read(b"sep=;\r\nsmiles;sigma\r\n*CCO*;1e-5;;\r\n;;;\r\n*CC*;1e-6\r\n;\r\n")
    assert table.columns == ["smiles", "sigma"]
    assert [(row.number, row.cells, row.problem) for row in rows] == [
        (3, {"smiles": "*CCO*", "sigma": "1e-5"}, None),
        (5, {"smiles": "*CC*", "sigma": "1e-6"}, None),
    ]


def test_wrong_field_counts_keep_the_row_and_say_so():
    _, rows = read(b"a,b\n1\n1,2,3\n4,5\n")
    assert [row.problem and row.problem.code for row in rows] == ["field_count", "field_count", None]
    assert rows[1].raw == "1,2,3"


def test_broken_quotes_refuse_one_row_only():
    _, rows = read(b'a,b\n"x"y,2\n3,4\n')
    assert rows[0].problem.code == "quoting"
    assert rows[1].cells == {"a": "3", "b": "4"}


def test_nul_bytes_stay_in_the_cell():
    _, rows = read(b"a,b\n1\0,2\n")
    assert rows[0].cells["a"] == "1\0"


def test_a_megabyte_in_one_cell_is_read():
    _, rows = read(b"a,b\n" + b"C" * 1_000_000 + b",2\n")
    assert len(rows[0].cells["a"]) == 1_000_000


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n\n", "empty"),
        (b"\xef\xbb\xbf", "empty"),
        (b"a,a\n1,2\n", "more than once (columns 1, 2)"),
        (b"a,b\n1,2\n3,\xb0\n", "line 3 holds the byte 0xb0"),
        (b'a,b\n1,"2\n3,4\n', "opens in row 2 never closes"),
        (b"PK\x03\x04rest", "Excel"),
        (b"PAR1 but not really", "parquet"),
        (gzip.compress(b"a,b\n1,2\n", mtime=0)[:-6], "damaged"),
        (b"{not json}\n", "JSON"),
    ],
)
def test_unreadable_files_are_refused_with_a_reason(content, words):
    with pytest.raises(FormatError, match=words.replace("(", r"\(").replace(")", r"\)")):
        read(content)


def test_an_encoding_can_be_named():
    _, rows = read("a,b\n25 °C,2\n".encode("latin-1"), encoding="latin-1")
    assert rows[0].cells["a"] == "25 °C"
    with pytest.raises(FormatError, match="unknown"):
        read(b"a,b\n", encoding="klingon")


GERMAN = "SMILES;Leitfähigkeit (mS/cm);T (°C)\r\n*CCO*;0,12;25\r\n"


@pytest.mark.parametrize(
    ("encoding", "told"),
    [("utf-8", ""), ("utf-8-sig", ""), ("utf-16", ""), ("cp1252", "cp1252"), ("utf-16-le", "utf-16-le"),
     ("utf-16-be", "utf-16-be")],
)  # fmt: skip
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_encoding_is_told_from_the_bytes(encoding, told, pack):
    look = first_look(io.BytesIO(pack(GERMAN.encode(encoding))))
    assert look.encoding == told
    assert look.columns == ["SMILES", "Leitfähigkeit (mS/cm)", "T (°C)"]


@pytest.mark.parametrize(
    ("cells", "kind"),
    [(["*CCO*"], "polymer"), (["[Cu]CCO[Au]"], "polymer"), (["CCO", "*CC*"], "polymer"), (["PEO"], "polymer"),
     ([""], "polymer"), (["C1COC(=O)O1", "COC"], "molecule")],
)  # fmt: skip
def test_the_kind_of_structures_is_told_from_the_first(cells, kind):
    look = first_look(io.BytesIO("\n".join(["smiles,x", *(f"{cell},1" for cell in cells)]).encode()))
    assert look.structure_kind({"structure": {"column": "smiles"}}) == kind


def test_one_byte_at_the_end_of_a_large_file_tells_it():
    content = b"smiles,note\n" + b"*CCO*,dry\n" * 200_000
    assert first_look(io.BytesIO(content)).encoding == ""
    assert first_look(io.BytesIO(content + b"*CC*,25 \xb0C\n")).encoding == "cp1252"
    with pytest.raises(FormatError, match="neither UTF-8 nor Windows-1252: line 200,002 holds the byte 0x81"):
        first_look(io.BytesIO(content + b"*CC*,\x81\n"))


def test_a_wrong_encoding_is_refused_with_the_letter_that_was_meant():
    with pytest.raises(FormatError, match="which is '°' in Windows-1252") as caught:
        read("a,b\n25 °C,2\n".encode("cp1252"))
    assert "cp1252" in caught.value.message
    record = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")).encode() + b"> <note>\n25 \xb0C\n\n$$$$\n"
    for content in (b'{"a": "25 \xb0C"}\n', record):
        with pytest.raises(FormatError, match="not UTF-8: line"):
            read(content)


def test_gzip_is_unpacked_up_to_a_limit():
    packed = gzip.compress(b"a,b\n" + b"1,2\n" * 10_000, mtime=0)
    assert len(read(packed)[1]) == 10_000
    with pytest.raises(FormatError, match="more than 1,000 bytes"):
        read(packed, max_bytes=1_000)


def test_jsonl_keeps_digits_and_refuses_single_lines():
    lines = b'{"a": 1.50, "b": null}\n\n{"a": NaN}\n[1]\n{"a": 1, "a": 2}\n{bad\n'
    table, rows = read(lines)
    assert table.file_format == "jsonl"
    assert table.columns == ["a", "b"]
    assert rows[0].cells == {"a": "1.50", "b": ""}
    assert [(row.number, row.problem and row.problem.code) for row in rows] == [
        (1, None), (3, None), (4, "not_json"), (5, "duplicate_key"), (6, "not_json"),
    ]  # fmt: skip


def test_sdf_gives_smiles_and_data_items():
    record = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")) + "> <logS>\n-0.5\n\n> <note>\ntwo\nlines\n\n$$$$\n"
    table, rows = read((record + "garbage\n$$$$\n").encode())
    assert table.columns == ["structure", "name", "logS", "note"]
    assert rows[0].cells["structure"] == "CCO"
    assert rows[0].cells["logS"] == "-0.5"
    assert rows[1].problem.code == "unparsable"
    assert rows[1].raw == "garbage\n"


def test_parquet_values_become_text():
    table = pa.table({"smiles": ["*CCO*", None], "value": [1e-5, float("nan")], "n": [1, None]})
    file = io.BytesIO()
    pq.write_table(table, file)
    _, rows = read(file.getvalue())
    assert rows[0].cells == {"smiles": "*CCO*", "value": "1e-05", "n": "1"}
    assert rows[1].cells == {"smiles": "", "value": "nan", "n": ""}


@pytest.mark.parametrize("cell", ["\nM  END", "a\n$$$$\n", Chem.MolToMolBlock(Chem.MolFromSmiles("CCO"))])
def test_a_table_with_mol_blocks_in_its_cells_is_a_table(cell):
    file = io.StringIO(newline="")
    csv.writer(file).writerows([["smiles", "block"], ["CCO", cell], ["CCN", cell]])
    table = open_table(io.BytesIO(file.getvalue().encode()))
    assert [(row.cells["smiles"], row.cells["block"]) for row in table.rows] == [("CCO", cell), ("CCN", cell)]


def test_an_sdf_of_blocks_without_a_version_is_one():
    block = Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")).replace(" V2000", "")
    assert guess_format(f"\ufeff{block}\n$$$$\n".encode()) == "sdf"
    assert guess_format(f"{Chem.MolToV3KMolBlock(Chem.MolFromSmiles('CCO'))}\n$$$$\n".encode()) == "sdf"
