"""A training on next to nothing runs, and says that it means nothing."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest

from mlcore import bundle
from mlcore.__main__ import main
from tests.mlcore.conftest import tiny

TWO = [("*CCO*", 1e-4), ("*CCN*", 2e-5)]
FIVE = [*TWO, *TWO, ("*OCC*", 3e-4)]  # two structures, one of them written in two ways
TOO_FEW = "too few to learn from; the result means nothing"
NO_TEST = "no structure is left to test on: the model will have no test figures"


def warnings(
    folder: Path, rows: list[tuple[str, float]], capsys: pytest.CaptureFixture[str], content: dict[str, Any], *more: str
) -> list[str]:
    with (folder / "data.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("mol_smiles", "conductivity"), *rows])
    (folder / "config.json").write_text(json.dumps(content))
    ask = ["train", str(folder / "config.json"), "--data", str(folder / "data.csv"), "--out", str(folder / "model")]
    assert main([*ask, *more, "--events"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    return [line["message"] for line in told if line["event"] == "log" and line["level"] == "warning"]


@pytest.mark.parametrize(
    ("rows", "expected"),
    [(TWO, "2 values of conductivity: "), (FIVE, "5 values of conductivity for 2 structures: ")],
)
def test_few_values(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], rows: list[tuple[str, float]], expected: str
) -> None:
    assert warnings(tmp_path, rows, capsys, tiny()) == [expected + TOO_FEW, NO_TEST]


def test_a_predictor_says_it_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = tiny() | {"architecture": "polymer-gnn", "model": {"members": 1, "width": 8, "landmarks": 2}}
    told = warnings(tmp_path, TWO, capsys, content)
    assert f"2 values of conductivity: {TOO_FEW}" in told
    assert NO_TEST in told


def test_few_structures_without_a_property(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = tiny(data={"properties": []})
    assert warnings(tmp_path, TWO[:1], capsys, content)[0] == f"1 structure: {TOO_FEW}"


def test_a_model_that_knows_the_property_may_learn_from_few(
    tmp_path: Path, tiny_bundle: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert warnings(tmp_path, TWO, capsys, tiny(), "--init", str(tiny_bundle)) == [NO_TEST]


def test_a_class_without_a_member_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"*{'C' * n}O*", 1e-5) for n in range(1, 11)]
    assert warnings(tmp_path, rows, capsys, tiny()) == [
        "conductivity: class low has no member, no training value is below 1e-05; "
        "asking for low asks for the mean of the training values"
    ]
    asked = ["-n", "3", "--condition", "conductivity=low", "--out", str(tmp_path / "low.csv")]
    assert main(["generate", str(tmp_path / "model"), *asked]) == 0


def test_a_batch_larger_than_the_data_is_all_of_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"*{'C' * n}O*", n * 1e-5) for n in range(1, 11)]
    assert warnings(tmp_path, rows, capsys, tiny(training={"batch_size": 65_536})) == []


def test_ten_structures_are_enough(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [(f"*{'C' * n}O*", n * 1e-5) for n in range(1, 11)]
    assert warnings(tmp_path, rows, capsys, tiny()) == []
    assert bundle.load(tmp_path / "model").config.training.warmup_steps == 1
