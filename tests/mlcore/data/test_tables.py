import gzip
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from mlcore import config
from mlcore.config import DataConfig
from mlcore.data import tables
from mlcore.errors import UserError
from tests.mlcore.conftest import SAMPLE, TINY, Recorder

DATA: DataConfig = config.load(TINY).data
HEADER = "mol_smiles,conductivity\n"


def write(tmp_path: Path, text: str, encoding: str = "utf-8") -> Path:
    file = tmp_path / "table.csv"
    file.write_text(text, encoding=encoding)
    return file


def test_the_sample_is_read_whole() -> None:
    table = tables.read(SAMPLE, DATA, Recorder())
    assert len(table.smiles) == len(set(table.keys)) == 61
    assert not table.dropped
    assert not table.blanked
    assert np.allclose(table.targets[:, 0], np.log10(table.values[:, 0]))


def test_bad_rows_are_kept_with_number_and_reason(tmp_path: Path, recorder: Recorder) -> None:
    file = write(tmp_path, HEADER + "[Cu]CO[Au],1e-5\nnonsense,1e-5\n*CCO*,-1\n*CCCO*,abc\n*CCN*,\n*CCS*,inf\n")
    table = tables.read(file, DATA, recorder)
    assert [problem.row for problem in table.dropped] == [3]
    assert [problem.row for problem in table.blanked] == [4, 5, 7]
    assert np.isnan(table.values[:, 0]).tolist() == [False, True, True, True, True]
    warnings = " ".join(line["message"] for line in recorder.of("log"))
    assert "row 3" in warnings
    assert "must be positive" in warnings


def test_a_byte_order_mark_does_no_harm(tmp_path: Path) -> None:
    file = write(tmp_path, HEADER + "*CCO*,1e-5\n", "utf-8-sig")
    assert tables.read(file, DATA, Recorder()).smiles == ["*CCO*"]


def test_the_digest_follows_the_content(tmp_path: Path) -> None:
    texts = ("*CCO*,1e-5\n", "*CCO*,2e-5\n", "*OCC*,1e-5\n")
    digests = {tables.read(write(tmp_path, HEADER + text), DATA, Recorder()).digest for text in texts}
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"table\.csv: the file is empty$"),
        ("\ufeff", "the file is empty$"),
        ("\n\n", "the file is empty$"),
        ("\n*CCO*,1\n", "the first line, that of the column names, is blank"),
        ("polymer,conductivity\n*CCO*,1\n", "'mol_smiles' is missing; the columns are: polymer, conductivity"),
        (
            "smiles,conductivity\n*CCO*,1\n",
            r"'mol_smiles' is missing; did you mean 'smiles'\? the columns are: smiles,",
        ),
        ("MOL_SMILES ,conductivity\n*CCO*,1\n", r"is missing; did you mean 'MOL_SMILES '\?"),
        ("mol_smiles,conductivty\n*CCO*,1\n", r"'conductivity' is missing; did you mean 'conductivty'\?"),
        ("mol_smiles,mol_smiles,conductivity\n", "'mol_smiles' occurs twice"),
        (HEADER, "there are no rows below the column names$"),
        (HEADER + "x,1\n", "no usable row among 1; the first was refused because"),
    ],
)
def test_a_table_without_rows_is_one_clear_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        tables.read(write(tmp_path, text), DATA, Recorder())


def test_files_that_are_no_text_or_not_there(tmp_path: Path) -> None:
    (tmp_path / "binary.csv").write_bytes(b"\xff\xfe\x00mol")
    with pytest.raises(UserError, match="not a CSV table"):
        tables.read_rows(tmp_path / "binary.csv", ["a"])
    with pytest.raises(UserError, match="No such file"):
        tables.read_rows(tmp_path / "none.csv", ["a"])


def test_long_rows_may_be_left_unread(tmp_path: Path) -> None:
    path = write(tmp_path, HEADER + "*CCCCCCCCCCCC*,1e-5\n*CC*,2e-5\nnonsense,3e-5\n")
    recorder = Recorder()
    table = tables.read(path, replace(DATA, max_characters=10), recorder)
    assert table.smiles == ["*CC*"]
    assert [problem.row for problem in table.dropped] == [4]
    assert "left unread for more than 10 characters: 1" in recorder.of("log")[0]["message"]


def test_one_column_of_a_long_table_packed_or_not(tmp_path: Path) -> None:
    content = '\ufeffname,smiles\n"a, b", *CC* \nc\n\nd,*CO*,more\n'
    plain, packed = tmp_path / "table.csv", tmp_path / "table.csv.gz"
    plain.write_text(content, encoding="utf-8")
    packed.write_bytes(gzip.compress(plain.read_bytes()))
    for path in (plain, packed):
        assert tables.read_column(path, "smiles") == ["*CC*", "", "*CO*"]
        assert [row["smiles"].strip() for row in tables.read_rows(path, ["smiles"])] == ["*CC*", "", "*CO*"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "the file is empty"),
        (b"name\n", "column 'smiles' is missing"),
        (b"smiles\n", "there are no rows below the column names"),
        (b"smiles,smiles\na,b\n", "column 'smiles' occurs twice"),
        (b"smiles\n\xff\n", "not a CSV table in UTF-8"),
    ],
)
def test_a_column_that_cannot_be_read(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(UserError, match=message):
        tables.read_column(path, "smiles")
