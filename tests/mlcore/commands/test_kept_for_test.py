"""A table that is only tested on: `train --test`."""

import csv
import json
from pathlib import Path

import pytest

from mlcore import bundle
from mlcore.__main__ import main
from mlcore.bundle import Bundle

LEARNED = [(f"*{'C' * n}{end}*", n * 1e-5) for n in range(1, 16) for end in ("O", "N")]
KEPT = [(f"*{'C' * n}S*", n * 2e-5) for n in range(1, 9)]
CONFIG = {
    "architecture": "trees",
    "data": {
        "properties": [{"name": "sigma", "unit": "S/cm", "scale": "log10"}],
        "split": {"valid": 0.2, "test": 0},
    },
}


def written(path: Path, rows: list[tuple[str, float]]) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([("smiles", "sigma"), *rows])
    return path


def train(folder: Path, learned: list[tuple[str, float]], kept: list[tuple[str, float]], *more: str) -> int:
    (folder / "config.json").write_text(json.dumps(CONFIG))
    tables = written(folder / "data.csv", learned), written(folder / "kept.csv", kept)
    ask = ["train", str(folder / "config.json"), "--data", str(tables[0]), "--test", str(tables[1])]
    return main([*ask, "--out", str(folder / "model"), *more])


def trained(folder: Path, learned: list[tuple[str, float]], kept: list[tuple[str, float]]) -> Bundle:
    assert train(folder, learned, kept) == 0
    return bundle.load(folder / "model")


def test_its_rows_are_the_test_and_nothing_else(tmp_path: Path) -> None:
    found = trained(tmp_path, LEARNED, KEPT).manifest
    assert found.training_data["rows"] == len(LEARNED) + len(KEPT)
    assert found.split["test"] == found.metrics["sigma"]["test"]["n"] == len(KEPT)
    assert found.split["train"] + found.split["valid"] == len(LEARNED)
    assert found.properties[0]["training_values"] == found.split["train"]
    assert "--data TABLE.csv --test TESTED.csv --out BUNDLE" in (tmp_path / "model" / "card.md").read_text()


def test_its_values_steer_nothing(tmp_path: Path) -> None:
    answers = []
    for number, factor in enumerate((1.0, 50.0)):
        folder = tmp_path / str(number)
        folder.mkdir()
        model = trained(folder, LEARNED, [(text, value * factor) for text, value in KEPT])
        answers.append(model.activate("cpu").predict([text for text, _ in KEPT]).mean.tolist())
    assert answers[0] == answers[1]


def test_a_structure_in_both_is_not_learned_from(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    turned = ("*OCCC*", 1e-3)  # *CCCO* the other way round
    found = trained(tmp_path, LEARNED, [*KEPT, turned]).manifest
    assert found.split["test"] == len(KEPT) + 2
    assert "--test: 1 row of --data left to the test, as its structures are in it" in capsys.readouterr().err


def test_a_test_of_everything_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert train(tmp_path, LEARNED, [*LEARNED, *KEPT]) != 0
    assert "every structure of --data is in it" in capsys.readouterr().err
    assert not (tmp_path / "model").exists()
