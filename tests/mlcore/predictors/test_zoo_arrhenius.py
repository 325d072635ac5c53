"""The shipped model of measured conductivities over temperature, salt and concentration."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from mlcore import bundle, config
from mlcore.__main__ import main
from mlcore.bundle import Bundle
from mlcore.data import tables
from mlcore.data.splits import by_key
from mlcore.predictors.curves import curve
from mlcore.predictors.protocol import Given

ZOO = Path(bundle.__file__).parent / "zoo"
STORED = Path(__file__).parents[2] / "data" / "arrhenius_chemarr_predictions.json"
LITFSI = "O=S(=O)([N-]S(=O)(=O)C(F)(F)F)C(F)(F)F.[Li+]"


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return bundle.load(ZOO / "arrhenius-chemarr", "predict")


def test_it_is_small_and_says_how_it_was_made(shipped: Bundle) -> None:
    assert sum(file.stat().st_size for file in shipped.path.iterdir()) <= 1_500_000
    assert shipped.config == config.load(ZOO / "configs" / "arrhenius-chemarr.json")
    card = (shipped.path / "card.md").read_text()
    for fact in (shipped.manifest.training_data["digest"], "seed 0", "coverage_90", "python -m mlcore train"):
        assert fact in card
    held = shipped.manifest.metrics["conductivity"]["test"]
    assert held["n"] == shipped.manifest.split["test"]
    assert held["mae"] < 0.85
    assert held["coverage_90"] > 0.85


def test_it_gives_the_stored_curves(shipped: Bundle) -> None:
    for stored in json.loads(STORED.read_text()):
        found = curve(shipped, stored["smiles"], stored["kelvin"], stored["conditions"])
        np.testing.assert_allclose(np.log10(found.mean), stored["mean"], atol=1e-4)
        np.testing.assert_allclose(np.log10(found.upper), stored["upper"], atol=1e-4)
        assert found.in_domain.tolist() == stored["in_domain"]


def test_it_knows_what_everybody_in_the_field_knows(shipped: Bundle) -> None:
    """PEO with LiTFSI: about 1e-3 S/cm when warm, rises with temperature, far better than polystyrene."""
    warm = np.arange(273.0, 393.0, 10.0)
    peo = curve(shipped, "*CCO*", warm, {"salt": LITFSI, "molality": "1.2", "molecular_weight": "1e6"})
    assert (np.diff(peo.mean) > 0).all()
    assert 1e-4 < peo.mean[warm == 353][0] < 1e-2
    styrene = curve(shipped, "*CC(*)c1ccccc1", warm, {"salt": LITFSI, "molality": "1.2", "molecular_weight": "1e6"})
    assert (peo.mean > 10 * styrene.mean).all()


def test_it_knows_no_tellurium(shipped: Bundle) -> None:
    for salt, inside in (("LiTFSI", True), ("LiBr", True), ("[Li+].[Te-]", False), ("NaTFSI", False)):
        found = curve(shipped, "*CCO*", [353.0], {"salt": salt, "molality": "1.2"})
        assert found.in_domain.tolist() == [inside], salt


def test_a_column_of_nearly_that_name_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Else a table with the column `salt` would be scored as if nobody knew the salt."""
    table, model = tmp_path / "in.csv", ZOO / "arrhenius-chemarr"
    table.write_text("smiles,Temperature_K,salt,molality\n*CCO*,353,LiTFSI,1\n")
    options = ["--out", str(tmp_path / "out.csv"), "--temperature-k", "353"]
    assert main(["predict", str(model), str(table), *options]) == 0
    said = capsys.readouterr().err
    assert "no column 'salt smiles': unknown in all rows; the file has a column 'salt'; rename it, or use " in said
    assert "no column 'mw' (in g/mol): unknown in all rows; add it, or use --condition molecular_weight=..." in said
    assert "no column 'temperature'" not in said
    assert main(["predict", str(model), str(table), *options[:2]]) == 2
    said = capsys.readouterr().err
    assert (
        "no column 'temperature' (in degC): unknown in all rows; the file has a column 'Temperature_K'; rename it "
        in said
    )
    assert "if it is in degC, or use --temperature-k (in K)" in said


def test_a_program_is_told_by_the_name_of_a_condition_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = tmp_path / "in.csv"
    table.write_text("smiles\n*CCO*\n")
    asked = [str(ZOO / "arrhenius-chemarr"), str(table), "--out", str(tmp_path / "out.csv")]
    assert main(["predict", *asked, "--temperature-k", "353", "--events"]) == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    said = [event["message"] for event in events if event["event"] == "log"]
    assert "molecular_weight is not told: it is unknown in all rows" in said
    assert not any("--condition" in message for message in said)


@pytest.mark.realdata
def test_the_error_on_the_card_comes_out_again(shipped: Bundle) -> None:
    path = Path(os.environ["DATA_DIR"]) / "chemarr" / "train.csv"
    with path.open(newline="") as file:
        assert "conductivity" in next(csv.reader(file))
    table = tables.read(path, shipped.config.data)
    rows = by_key(table.keys, 0.1, 0.1, 0).test
    keys = [table.keys[row] for row in rows]
    found = shipped.activate("cpu").predict_keys(keys, Given(conditions=table.conditions.of(rows)))
    mae = np.abs(np.log10(found.mean[:, 0]) - table.targets[rows, 0]).mean()
    assert mae == pytest.approx(shipped.manifest.metrics["conductivity"]["test"]["mae"], abs=1e-3)
