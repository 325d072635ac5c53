"""`evaluation.folds` of a training: the bundle says what this way of training is worth, structure by structure."""

import json
from pathlib import Path
from typing import Any

import pytest

from mlcore import bundle, config
from mlcore.__main__ import main
from mlcore.data import tables
from mlcore.predictors import crossvalidation
from tests.mlcore.commands.test_crossvalidate import TREES
from tests.mlcore.conftest import SAMPLE


@pytest.fixture
def oxygen(tmp_path: Path) -> Path:
    """A table of which trees can learn something."""
    texts = (SAMPLE.parent / "htpmd_1500.txt").read_text().split()[:300]
    rows = "".join(f"{text},{10.0 ** -text.count('O')}\n" for text in texts)
    (tmp_path / "oxygen.csv").write_text("mol_smiles,conductivity\n" + rows)
    return tmp_path / "oxygen.csv"


def trained(folder: Path, evaluation: dict[str, Any], data: Path, *more: object, **settings: Any) -> int:
    config = folder / "config.json"
    config.write_text(json.dumps({**TREES, "evaluation": evaluation, **settings}))
    out = folder / f"bundle-{len(list(folder.iterdir()))}"
    return main(["train", str(config), "--data", str(data), "--out", str(out), *map(str, more), "--events"])


def result(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return found


def test_a_bundle_has_the_figures_that_crossvalidate_finds(
    tmp_path: Path, oxygen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert trained(tmp_path, {"folds": 3, "sizes": [100, 20]}, oxygen) == 0
    metrics = bundle.load(result(capsys)["bundle"]).manifest.metrics["conductivity"]
    (tmp_path / "plain.json").write_text(json.dumps(TREES))
    assert main(["crossvalidate", str(tmp_path / "plain.json"), "--data", str(oxygen), "--folds", "3",
                 "--sizes", "20", "100", "--events"]) == 0  # fmt: skip
    found = result(capsys)
    folds = metrics["folds"]
    assert {name: folds[name] for name in found["metrics"]["conductivity"]} == found["metrics"]["conductivity"]
    assert folds["digest"] == found["digest"]
    assert (folds["folds"], folds["structures"]) == (3, found["structures"])
    sizes, errors, fits = zip(*folds["learning_curve"], strict=True)
    assert sizes == (20, 100, round(found["structures"] * 2 / 3))
    assert list(errors[:2]) == [found["curve"][str(size)]["conductivity"]["mae"] for size in (20, 100)]
    assert list(errors) == sorted(errors, reverse=True)
    assert fits[-1] == folds["r2"]


def test_the_model_itself_is_the_one_trained_without_folds(
    tmp_path: Path, oxygen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    models = []
    for evaluation in ({}, {"folds": 2}):
        assert trained(tmp_path, evaluation, oxygen) == 0
        models.append(bundle.load(result(capsys)["bundle"]).manifest)
    plain, judged = models
    assert plain.files["model.safetensors"] == judged.files["model.safetensors"]
    assert "folds" not in plain.metrics["conductivity"]
    assert {k: v for k, v in judged.metrics["conductivity"].items() if k != "folds"} == plain.metrics["conductivity"]


def test_rows_that_are_only_tested_on_stand_in_no_fold(
    tmp_path: Path, oxygen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    head, *rows = oxygen.read_text().splitlines()
    kept = tmp_path / "kept.csv"
    kept.write_text("\n".join([head, *rows[200:]]))
    oxygen.write_text("\n".join([head, *rows[:200]]))
    assert trained(tmp_path, {"folds": 2}, oxygen, "--test", kept) == 0
    found = bundle.load(result(capsys)["bundle"]).manifest
    assert found.metrics["conductivity"]["folds"]["n"] == 200
    assert found.split["test"] > 100


@pytest.mark.parametrize(
    ("evaluation", "settings", "expected"),
    [
        ({"folds": 1}, {}, "evaluation.folds: 1 part would leave nothing to learn from"),
        ({"folds": 101}, {}, "evaluation.folds: 101 must be between 0 and 100"),
        ({"sizes": [100]}, {}, "evaluation.sizes: a learning curve needs evaluation.folds"),
        ({"folds": 2, "sizes": [0]}, {}, "evaluation.sizes: 0 structures are too few"),
        ({"folds": 2, "sizes": "100"}, {}, "evaluation.sizes: expected a list"),
        ({"folds": 2, "sizes": [1000]}, {}, "evaluation: a fold leaves 1"),
        ({"folds": 2}, {"architecture": "gpt", "training": {}}, "evaluation.folds: gpt predicts nothing"),
    ],
)
def test_what_cannot_be_done_is_said_before_the_training(
    tmp_path: Path,
    oxygen: Path,
    capsys: pytest.CaptureFixture[str],
    evaluation: dict[str, Any],
    settings: dict[str, Any],
    expected: str,
) -> None:
    assert trained(tmp_path, evaluation, oxygen, **settings) == 2
    said = capsys.readouterr()
    assert expected in said.err
    assert '"event": "metric"' not in said.out


def test_a_model_that_goes_on_from_another_is_not_judged_by_folds(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The parent may know what they would hold out."""
    parent = Path("mlcore/zoo/gnn-htpmd").resolve()
    assert trained(tmp_path, {"folds": 2}, SAMPLE, "--init", parent, architecture="polymer-gnn") == 2
    assert "evaluation.folds: a model that starts from another one may know" in capsys.readouterr().err


def test_a_fold_that_fails_takes_nothing_from_the_model(
    tmp_path: Path, oxygen: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Values of one of two folds alone: one training has nothing to learn from."""
    table = tables.read(oxygen, config.load(TREES).data)
    first, _ = crossvalidation.folds(table, 2, seed=0)
    head, *rows = oxygen.read_text().splitlines()
    for row in first.train.tolist():
        rows[row] = rows[row].partition(",")[0] + ","
    oxygen.write_text("\n".join([head, *rows]))
    assert trained(tmp_path, {"folds": 2}, oxygen) == 0
    out = capsys.readouterr().out
    assert "no figures over folds: one of their trainings failed" in out
    assert "folds" not in bundle.load(json.loads(out.splitlines()[-1])["bundle"]).manifest.metrics["conductivity"]
