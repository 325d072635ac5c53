"""`python -m mlcore predict`: every row comes back, scored or with its reason."""

import csv
import json
from pathlib import Path

import pytest

from mlcore import device
from mlcore.__main__ import main

ZOO = Path(__file__).parents[3] / "mlcore" / "zoo" / "gnn-htpmd"
PROPERTIES = [
    "conductivity",
    "li_diffusivity",
    "tfsi_diffusivity",
    "poly_diffusivity",
    "transference_number",
    "molarity",
]
ADDED = [column for name in PROPERTIES for column in (name, f"{name}_std", f"{name}_in_domain")]
ADDED += ["out_of_domain", "error"]


def table(folder: Path, texts: list[str], header: str = "smiles") -> Path:
    path = folder / "in.csv"
    path.write_text("\n".join([header, *texts]) + "\n")
    return path


def predict(source: Path, *options: str) -> tuple[int, list[dict[str, str]]]:
    out = source.with_name("out.csv")
    status = main(["predict", str(ZOO), str(source), "--out", str(out), *options])
    with out.open(newline="") as file:
        return status, list(csv.DictReader(file))


def test_three_bad_rows_among_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    texts = [f"*{'C' * (1 + i % 7)}OC(=O)N{'C' * (1 + i % 5)}*" for i in range(600)]
    bad = {4: "CCO", 511: "C1CC", 512: "*CC*.[Li+]"}
    for row, text in bad.items():
        texts[row] = text
    status, rows = predict(table(tmp_path, texts))
    error = capsys.readouterr().err
    assert status == 0
    assert [row["smiles"] for row in rows] == texts
    assert {number for number, row in enumerate(rows) if row["error"]} == set(bad)
    for number, text in bad.items():
        assert f"row {number + 2}: {text!r}: " in error
        assert not any(rows[number][column] for column in ADDED[:-1])
    assert all(rows[i][column] for i in range(600) if i not in bad for column in ADDED[:-2])


def test_columns_are_kept_and_a_name_taken_twice_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = table(tmp_path, ['"a, b",*CCOC(=O)O*,1e-5,7'], "note,polymer,conductivity,conductivity_input")
    status, rows = predict(source, "--smiles-column", "polymer")
    assert status == 0
    assert list(rows[0]) == ["note", "polymer", "conductivity_input_input", "conductivity_input", *ADDED]
    assert (rows[0]["note"], rows[0]["conductivity_input_input"], rows[0]["conductivity_input"]) == (
        "a, b",
        "1e-5",
        "7",
    )
    assert "'conductivity' is called 'conductivity_input_input'" in capsys.readouterr().err
    assert predict(source, "--smiles-column", "polymer", "--events")[0] == 0
    assert "is called" not in capsys.readouterr().out


def test_events_are_json_lines_with_progress_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, rows = predict(table(tmp_path, ["*CCOC(=O)O*", "*c1ccc(*)cc1", "?"]), "--events")
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    result = events[-1]
    assert status == 0
    assert [row["conductivity_in_domain"] for row in rows] == ["1", "0", ""]
    assert (rows[0]["out_of_domain"], rows[2]["out_of_domain"]) == ("", "")
    assert rows[1]["out_of_domain"].startswith("no training structure has an atom like its C (")
    assert [event["step"] for event in events if event["event"] == "progress"] == [3]
    assert result["device"] == device.describe(device.select("auto"))
    assert (result["rows"], result["scored"], result["refused"], result["out_of_domain"]) == (3, 2, 1, 1)


def test_the_last_line_names_units_and_scales(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert predict(table(tmp_path, ["*CCOC(=O)O*"]))[0] == 0
    name, said = capsys.readouterr().out.splitlines()[-1].split(maxsplit=1)
    told = said.split("; ")
    assert (name, len(told)) == ("units", len(PROPERTIES))
    assert told[0] == "conductivity in S/cm, conductivity_std in decades (log10 scale)"
    assert told[4] == "transference_number without unit, transference_number_std likewise (linear scale)"
    with pytest.raises(SystemExit):
        main(["predict", "--help"])
    helped = " ".join(capsys.readouterr().out.split())
    assert "in decades" in helped
    assert "the temperature of all rows in K, whatever the unit of the model" in helped


@pytest.mark.parametrize(
    ("texts", "header", "message"),
    [
        (["*CC*"], "structure", "column 'smiles' is missing; the columns are: structure"),
        ([], "smiles", "there are no rows below the column names"),
        (["CCO", "x"], "smiles", "no row could be scored; the first was refused because: 0 chain ends"),
    ],
)
def test_one_clear_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], texts: list[str], header: str, message: str
) -> None:
    source = table(tmp_path, texts, header)
    assert main(["predict", str(ZOO), str(source), "--out", str(tmp_path / "out.csv")]) == 2
    error = capsys.readouterr().err.strip().splitlines()
    assert message in error[-1]
    assert not (tmp_path / "out.csv").exists()


def test_a_table_of_refused_rows_alone_is_kept_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, rows = predict(table(tmp_path, ["CCO", "x"]), "--keep-refused")
    assert status == 0
    assert "not scored" not in capsys.readouterr().err  # each row says it in the table
    assert [row["smiles"] for row in rows] == ["CCO", "x"]
    assert all(row["error"] and not row["conductivity"] for row in rows)


def test_the_table_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = table(tmp_path, ["*CC*"])
    before = source.read_bytes()
    (tmp_path / "link.csv").symlink_to(source)
    (tmp_path / "more").mkdir()
    for spelling in (source, tmp_path / "more" / ".." / "in.csv", tmp_path / "link.csv"):
        assert main(["predict", str(ZOO), str(source), "--out", str(spelling)]) == 2
        error = capsys.readouterr().err.strip()
        assert error == f"error: --out {spelling}: this is {source} itself, which is read; name another file"
    assert source.read_bytes() == before


def test_a_folder_without_a_manifest_is_no_bundle(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = table(tmp_path, ["*CC*"])
    assert main(["predict", str(tmp_path), str(source), "--out", str(tmp_path / "out.csv")]) == 2
    assert "manifest.json is missing" in capsys.readouterr().err


def test_a_temperature_is_refused_by_a_model_of_one_temperature(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = table(tmp_path, ["*CC*"])
    options = ["--out", str(tmp_path / "out.csv"), "--temperature-k", "300"]
    assert main(["predict", str(ZOO), str(source), *options]) == 2
    assert "was trained at one temperature" in capsys.readouterr().err
