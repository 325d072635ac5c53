"""Learning the difference to a cheaper method, with any architecture, through the command line."""

import csv
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from mlcore import bundle, config
from mlcore.__main__ import main
from mlcore.chem import geometry
from mlcore.errors import UserError
from mlcore.predictors import given
from mlcore.predictors.protocol import Given

SMILES = ["C" * n + end for n in range(1, 9) for end in ("", "O", "N", "F", "C#N")]
CONFIG = {
    "architecture": "trees",
    "device": "cpu",
    "model": {"least_in_leaf": 1, "least": 1, "landmarks": 8, "columns": 1.0},
    "training": {"steps": 200, "learning_rate": 0.2},
    "data": {
        "kind": "molecule",
        "geometry_column": "xyz",
        "split": {"valid": 0, "test": 0},
        "properties": [
            {"name": "u0", "unit": "Ha", "baseline": "cheap", "level": "G4MP2", "baseline_level": "B3LYP"},
        ],
    },
}
HEADER = ["smiles", "xyz", "u0", "cheap"]


def energies(smiles: str) -> tuple[float, float]:
    """A costly energy and a cheap one, which are far larger than their difference."""
    atoms = Chem.AddHs(Chem.MolFromSmiles(smiles)).GetNumAtoms()
    return -40.0 * atoms + 0.01 * smiles.count("O"), -40.0 * atoms


def written(path: Path, rows: list[list[object]], header: list[str] = HEADER) -> Path:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def rows() -> list[list[object]]:
    return [[text, geometry.guess(text).to_xyz(), *energies(text)] for text in SMILES]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("delta")
    (folder / "config.json").write_text(json.dumps(CONFIG))
    table = written(folder / "table.csv", rows())
    assert main(["train", str(folder / "config.json"), "--data", str(table), "--out", str(folder / "model")]) == 0
    return folder / "model"


def test_the_difference_is_learned_and_added_back(model: Path) -> None:
    baselines = np.array([[energies(text)[1] + 1000] for text in SMILES])
    found = bundle.open_model(model, "predict", "cpu").predict(SMILES, Given(baselines=baselines))
    wanted = [energies(text)[0] + 1000 for text in SMILES]
    np.testing.assert_allclose(found.mean[:, 0], wanted, atol=1e-3)


def test_the_card_names_both_methods(model: Path) -> None:
    assert "u0 of G4MP2 (Ha, linear, as the difference to B3LYP)" in (model / "card.md").read_text()
    assert bundle.load(model).manifest.properties[0]["baseline"] == "cheap"


def test_a_row_without_its_baseline_is_refused_and_the_others_are_scored(model: Path) -> None:
    source = written(model.with_name("in.csv"), [["CCO", -100.0], ["CCN", ""], ["CC", -50.0]], ["smiles", "cheap"])
    out = model.with_name("out.csv")
    assert main(["predict", str(model), str(source), "--out", str(out)]) == 0
    with out.open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [bool(row["error"]) for row in found] == [False, True, False]
    assert "cheap: the value of B3LYP is needed" in found[1]["error"]
    assert float(found[0]["u0"]) == pytest.approx(-99.99, abs=2e-3)


def test_a_table_without_the_baseline_is_one_error(model: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = written(model.with_name("bare.csv"), [["CCO"]], ["smiles"])
    assert main(["predict", str(model), str(source), "--out", str(model.with_name("x.csv"))]) == 2
    assert "column 'cheap' is missing" in capsys.readouterr().err


def test_a_geometry_of_another_molecule_and_a_missing_baseline_are_named(
    model: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    bad = rows()
    bad[3][1] = geometry.guess("CCCO").to_xyz()
    bad[7][3] = ""
    table = written(model.with_name("bad.csv"), bad)
    config = model.with_name("config.json")
    assert main(["train", str(config), "--data", str(table), "--out", str(model.with_name("other"))]) == 0
    said = capsys.readouterr().err
    assert "row 5: 'CF': the geometry is of C3H8O, CF is CH3F" in said
    assert "row 9" in said
    assert "has no baseline in cheap" in said


def test_a_ratio_on_a_log_scale(tmp_path: Path) -> None:
    settings = json.loads(json.dumps(CONFIG))
    settings["data"] |= {
        "geometry_column": "",
        "properties": [{"name": "rate", "scale": "log10", "baseline": "cheap"}],
    }
    (tmp_path / "config.json").write_text(json.dumps(settings))
    table = [[text, 10.0 * (2 + ("O" in text)), 10.0] for text in SMILES]
    source = written(tmp_path / "table.csv", table, ["smiles", "rate", "cheap"])
    assert main(["train", str(tmp_path / "config.json"), "--data", str(source), "--out", str(tmp_path / "m")]) == 0
    found = bundle.open_model(tmp_path / "m", "predict", "cpu").predict(
        ["CCO", "CC"], Given(baselines=np.array([[1.0], [-1]]))
    )
    assert found.mean[0, 0] == pytest.approx(3, rel=0.01)
    assert found.errors[1]
    assert np.isnan(found.mean[1, 0])


def test_a_baseline_that_is_the_column_itself(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    settings = {**CONFIG, "data": {"kind": "molecule", "properties": [{"name": "u0", "baseline": "u0"}]}}
    (tmp_path / "config.json").write_text(json.dumps(settings))
    source = written(tmp_path / "t.csv", [["CC", 1.0]], ["smiles", "u0"])
    assert main(["train", str(tmp_path / "config.json"), "--data", str(source), "--out", str(tmp_path / "m")]) == 2
    assert "its baseline is its own column" in capsys.readouterr().err


def test_an_infinite_baseline_is_none() -> None:
    data = config.DataConfig(properties=(config.PropertyConfig("e", baseline="cheap"),), kind="molecule")
    told, _ = given.of_rows([{"cheap": text} for text in ("1", "inf", "-inf", "")], data)
    assert told.baselines is not None
    assert np.isnan(told.baselines[:, 0]).tolist() == [False, True, True, True]


def judged(model: Path, texts: list[str], cheap: list[float]) -> list[bool]:
    found = bundle.open_model(model, "predict", "cpu").predict(texts, Given(baselines=np.array(cheap)[:, None]))
    assert found.errors == [None] * len(texts)
    inside: list[bool] = found.in_domain.tolist()
    return inside


def test_a_baseline_of_another_molecule_or_unit_is_out_of_the_domain(model: Path) -> None:
    texts = ["CCCO", "CCCN", "CCCF", "CCCC"]
    cheap = [energies(text)[1] for text in texts]
    assert judged(model, texts, cheap) == [True] * 4
    assert judged(model, texts, [-1e9, cheap[3], cheap[2] * 27.2, cheap[3]]) == [False, False, False, True]
    of_others = Given(baselines=np.array([cheap[3:] + cheap[:3]]).T)
    assert bundle.open_model(model, "predict", "cpu").predict_keys(texts, of_others).in_domain.tolist() == [False] * 4


def test_a_model_that_was_told_nothing_of_its_baselines_takes_them_as_they_are(model: Path, tmp_path: Path) -> None:
    old = earlier(model, tmp_path / "old")
    assert judged(old, ["CCCO"], [-1e9]) == [True]


def earlier(model: Path, folder: Path) -> Path:
    """The same bundle without what baselines are to be expected."""
    shutil.copytree(model, folder)
    content = json.loads((folder / "manifest.json").read_text())
    for item in content["properties"]:
        del item["baseline_atoms"], item["baseline_limit"]
    (folder / "manifest.json").write_text(json.dumps(content))
    return folder


def test_what_baselines_are_expected_must_be_readable(model: Path, tmp_path: Path) -> None:
    folder = earlier(model, tmp_path / "wrong")
    content = json.loads((folder / "manifest.json").read_text())
    content["properties"][0] |= {"baseline_atoms": {"Xx": 1.0}, "baseline_limit": 1.0}
    (folder / "manifest.json").write_text(json.dumps(content))
    with pytest.raises(UserError, match="u0: baseline_atoms cannot be read"):
        bundle.open_model(folder, "predict", "cpu")
