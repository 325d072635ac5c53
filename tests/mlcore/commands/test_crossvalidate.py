"""`python -m mlcore crossvalidate`: every row is asked of a model that did not see its structure, and counted once."""

import csv
import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlcore import config
from mlcore.__main__ import main
from mlcore.chem import geometry, polymer
from mlcore.commands import crossvalidate
from mlcore.config import PropertyConfig
from mlcore.data import splits, tables
from mlcore.predictors import crossvalidation
from tests.mlcore.conftest import SAMPLE

TREES: dict[str, Any] = {
    "architecture": "trees",
    "training": {"steps": 20},
    "data": {
        "smiles_column": "mol_smiles",
        "properties": [{"name": "conductivity", "unit": "S/cm", "scale": "log10"}],
    },
}


def asked(folder: Path, content: dict[str, Any], data: Path, *more: object) -> int:
    (folder / "config.json").write_text(json.dumps(content))
    return main(["crossvalidate", str(folder / "config.json"), "--data", str(data), *map(str, more), "--events"])


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    found: dict[str, Any] = lines[-1]
    assert found["event"] == "result"
    return found


def test_every_row_is_predicted_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "held-out.csv"
    assert asked(tmp_path, TREES, SAMPLE, "--folds", 3, "--out", out) == 0
    found = result(capsys)
    with SAMPLE.open(newline="") as file:
        texts = [row["mol_smiles"] for row in csv.DictReader(file)]
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["smiles"] for row in rows] == texts
    owner: dict[str, set[str]] = {}
    for row in rows:
        owner.setdefault(polymer.key(row["smiles"]), set()).add(row["fold"])
    assert all(len(folds) == 1 for folds in owner.values())
    assert found["folds"] == 3
    error = [abs(np.log10(float(row["conductivity"]) / float(row["conductivity_predicted"]))) for row in rows]
    figures = found["metrics"]["conductivity"]
    assert figures["n"] == len(texts)
    assert figures["mae"] == pytest.approx(np.mean(error))
    assert np.mean(error) > 0.05, "it does not know what it is asked"
    sizes = [sum(row["fold"] == str(fold) for row in rows) for fold in range(3)]
    assert np.average(figures["mae_of_folds"], weights=sizes) == pytest.approx(figures["mae"])


def test_rows_keep_what_they_are_known_by(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The other columns of the table follow, also where a row between was refused."""
    data, out = tmp_path / "data.csv", tmp_path / "held-out.csv"
    texts = [row["mol_smiles"] for row in csv.DictReader(SAMPLE.open(newline=""))][:40]
    with data.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sample", "mol_smiles", "sigma", "T", "error"])
        lines = [[f"s{n}", text, 10.0 ** -(1 + n % 7), 300 + n, "0.1"] for n, text in enumerate(texts)]
        lines.insert(3, ["refused", "C1CC", 1e-3, 0, ""])
        writer.writerows(lines)
    properties = [{"name": "conductivity", "column": "sigma", "unit": "S/cm", "scale": "log10"}]
    settings = TREES | {"data": TREES["data"] | {"properties": properties}}
    assert asked(tmp_path, settings, data, "--folds", 2, "--out", out) == 0
    with out.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert list(rows[0])[-4:] == ["error", "sample", "T", "error_input"]
    assert [(row["sample"], row["smiles"], row["T"]) for row in rows] == [
        (f"s{n}", text, str(300 + n)) for n, text in enumerate(texts)
    ]
    assert {row["error_input"] for row in rows} == {"0.1"}


def test_a_learning_curve_falls(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "oxygen.csv"
    texts = (SAMPLE.parent / "htpmd_1500.txt").read_text().split()[:400]
    data.write_text("mol_smiles,conductivity\n" + "".join(f"{text},{10.0 ** -text.count('O')}\n" for text in texts))
    assert asked(tmp_path, TREES, data, "--folds", 2, "--sizes", 150, 15) == 0
    found = result(capsys)
    assert list(found["curve"]) == ["15", "150"]
    errors = [part["conductivity"]["mae"] for part in (*found["curve"].values(), found["metrics"])]
    assert errors == sorted(errors, reverse=True)
    assert errors[0] > 1.5 * errors[1]


def test_a_difference_gets_its_baselines(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "energies.csv"
    smiles = ["CC", "CCO", "COC", "CCN", "CC=O", "OCCO", "CCCO", "NCC=O", "CCC", "CC(C)O", "CCCC", "OCC=O"]
    with data.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["smiles", "xyz", "cheap", "dear"])
        for n, text in enumerate(smiles):
            found = geometry.guess(text)
            cheap = -40.0 * len(found.numbers) + n
            writer.writerow([text, found.to_xyz(), cheap, cheap + 0.5 * len(found.numbers)])
    content = {
        "architecture": "dressed-atoms",
        "data": {
            "kind": "molecule",
            "geometry_column": "xyz",
            "properties": [{"name": "energy", "column": "dear", "baseline": "cheap", "unit": "Ha"}],
            "split": {"valid": 0, "test": 0},
        },
    }
    out = tmp_path / "out.csv"
    assert asked(tmp_path, content, data, "--folds", 3, "--out", out) == 0
    figures = result(capsys)["metrics"]["energy"]
    assert figures["mae"] < 1e-6, "half a hartree an atom is what dressed atoms can learn"
    with out.open(newline="") as file:
        for row in csv.DictReader(file):
            assert float(row["energy_predicted"]) == pytest.approx(float(row["energy"]), abs=1e-6)


def test_a_person_gets_a_line_a_property(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "config.json").write_text(json.dumps(TREES))
    assert main(["crossvalidate", str(tmp_path / "config.json"), "--data", str(SAMPLE), "--sizes", "15"]) == 0
    lines = dict(line.split("  ", 1) for line in capsys.readouterr().out.splitlines() if line.startswith("cond"))
    assert list(lines) == ["conductivity, from 15", "conductivity"]
    assert all(re.match(r"mae 0\.\d+ decades, r2 ", text.strip()) for text in lines.values())


def test_what_is_nearly_perfect_is_not_told_as_perfect() -> None:
    curve = {"all": {"energy": {"mae": 0.000123456, "r2": 0.99997, "spearman": 1.0}}}
    told = crossvalidate._for_a_person(curve, [PropertyConfig(name="energy", unit="Ha")])
    assert told == {"energy": "mae 0.000123 Ha, r2 0.99997, spearman 1"}


@pytest.mark.parametrize(
    ("content", "more", "expected"),
    [
        ({"architecture": "gpt"}, [], "gpt predicts nothing"),
        ({}, ["--folds", 1], "--folds 1: must be from 2 to 100"),
        ({}, ["--sizes", 0], "--sizes 0: must be at least 1"),
        ({}, ["--sizes", 100_000], "fewer than the 100,000 asked for"),
    ],
)
def test_what_cannot_be_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: dict[str, Any], more: list[Any], expected: str
) -> None:
    settings = TREES | content
    assert asked(tmp_path, settings, SAMPLE, *more) == 2
    assert expected in capsys.readouterr().err


def test_the_table_is_not_written_over(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "data.csv"
    data.write_bytes(SAMPLE.read_bytes())
    assert asked(tmp_path, TREES, data, "--folds", 2, "--out", data) == 2
    assert "this is " in capsys.readouterr().err
    assert data.read_bytes() == SAMPLE.read_bytes()


def test_too_few_structures_for_the_folds(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = tmp_path / "few.csv"
    data.write_text("mol_smiles,conductivity\n*CCO*,1e-4\n*CCO*,2e-4\n*OCC*,1e-4\n*CCN*,1e-5\n")
    assert asked(tmp_path, TREES, data, "--folds", 5) == 2
    assert "2 different structures cannot be shared out into 5 folds" in capsys.readouterr().err


def test_folds_are_not_the_validation_rows_of_a_training() -> None:
    """Both are drawn by a hash of seed and structure: with one seed, all validation rows would be test rows."""
    settings = config.load(TREES)
    table = tables.read(SAMPLE, settings.data)
    for fold in crossvalidation.folds(table, 5, seed=0):
        taught = table.of(fold.train)
        assert 0.02 < len(splits.by_key(taught.keys, 0.1, 0.0, settings.seed).valid) / len(taught.keys) < 0.25
