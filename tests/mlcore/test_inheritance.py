"""Training that goes on from another model is told only what shall be otherwise."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from mlcore import bundle, config
from mlcore.__main__ import main
from mlcore.errors import UserError
from tests.mlcore.conftest import SAMPLE, tiny
from tests.mlcore.test_bundle import reshape

GNN: dict[str, Any] = {
    "architecture": "polymer-gnn",
    "device": "cpu",
    "training": {"steps": 2, "warmup_steps": 0},
    "data": {
        "smiles_column": "mol_smiles",
        "properties": [{"name": "conductivity", "unit": "S/cm", "scale": "log10"}],
    },
}
SMALL = {"members": 1, "width": 16, "layers": 2, "landmarks": 8, "rehearsal": 7, "dropout": 0.3}


def train(folder: Path, content: dict[str, Any], init: Path | None = None, name: str = "child") -> int:
    (folder / "config.json").write_text(json.dumps(content))
    start = ["--init", str(init)] if init else []
    return main(["train", str(folder / "config.json"), "--data", str(SAMPLE), "--out", str(folder / name), *start])


def with_model(content: dict[str, Any], **model: Any) -> dict[str, Any]:
    return {**content, "model": model}


@pytest.mark.parametrize("given", [{}, {"forms": 1}, {"layers": 1, "dropout": 0.0}])
def test_a_generator_takes_over_what_is_left_out(tiny_bundle: Path, tmp_path: Path, given: dict[str, Any]) -> None:
    assert train(tmp_path, with_model(tiny(), **given), tiny_bundle) == 0
    theirs = bundle.load(tiny_bundle).manifest.config["model"]
    assert bundle.load(tmp_path / "child").manifest.config["model"] == theirs | given


def test_a_predictor_takes_over_what_is_left_out(tmp_path: Path) -> None:
    assert train(tmp_path, with_model(GNN, **SMALL), name="parent") == 0
    content = {name: value for name, value in GNN.items() if name != "model"}
    assert train(tmp_path, content, tmp_path / "parent") == 0
    ours = bundle.load(tmp_path / "child").config.model
    assert ours == bundle.load(tmp_path / "parent").config.model
    assert (ours.rehearsal, ours.dropout, ours.layers) == (7, 0.3, 2)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (with_model(tiny(), layers=6), "model.layers is 6, the parent has 1; leave out"),
        (with_model(tiny(), width=64, heads=4), "model.heads is 4, the parent has 2; model.width is 64, the parent"),
        (GNN, "architecture is polymer-gnn, the parent is a gpt"),
        ({**tiny(), "model": 3}, "model: expected an object, got 3"),
    ],
)
def test_what_contradicts_the_parent_is_one_short_line(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], content: dict[str, Any], message: str
) -> None:
    assert train(tmp_path, content, tiny_bundle) == 2
    told = capsys.readouterr().err.splitlines()
    assert len(told) == 1
    assert message in told[0]
    assert not (tmp_path / "child").exists()


@pytest.mark.parametrize(("name", "actual"), [("layers", 1), ("width", 32)])
def test_a_parent_whose_manifest_was_edited_is_named(
    tiny_bundle: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str, actual: int
) -> None:
    edited = Path(shutil.copytree(tiny_bundle, tmp_path / "edited"))
    reshape(edited, **{name: 64 if name == "width" else 2})
    assert train(tmp_path, with_model(tiny()), edited) == 2
    fault = capsys.readouterr().err.strip().splitlines()[-1]
    assert f"the weights do not fit the configuration: model.{name} is" in fault
    assert fault.endswith(f"the weights have {actual}")
    assert len(fault) < 200 + len(str(edited))


def test_a_predictor_whose_manifest_was_edited_is_named(tmp_path: Path) -> None:
    assert train(tmp_path, with_model(GNN, **SMALL), name="parent") == 0
    for name, value, actual in (("width", 24, 16), ("layers", 1, 2), ("members", 3, 1)):
        edited = Path(shutil.copytree(tmp_path / "parent", tmp_path / name))
        reshape(edited, **{name: value})
        with pytest.raises(UserError, match=rf"model\.{name} is {value}, the weights have {actual}$"):
            bundle.open_model(edited, "predict", "cpu")


def test_a_configuration_with_a_parent_says_all_of_it() -> None:
    parent = config.load(tiny())
    assert config.load({"architecture": "gpt", "model": {"dropout": 0.0}}, parent).model.width == parent.model.width
