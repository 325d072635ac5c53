"""The predictor that ships with the code."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from mlcore import bundle
from mlcore.bundle import Bundle
from mlcore.evaluation import regression
from mlcore.predictors.protocol import Predictor

ZOO = Path(__file__).parents[3] / "mlcore" / "zoo" / "gnn-htpmd"
STORED = Path(__file__).parents[2] / "data" / "gnn_htpmd_predictions.json"


@pytest.fixture(scope="module")
def shipped() -> Bundle:
    return bundle.load(ZOO, "predict")


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    model: Predictor = bundle.open_model(ZOO, "predict", "cpu")
    return model


def test_it_is_small_and_says_how_it_was_made(shipped: Bundle) -> None:
    assert sum(file.stat().st_size for file in ZOO.iterdir()) <= 5_000_000
    card = (ZOO / "card.md").read_text()
    for fact in (shipped.manifest.training_data["digest"], "seed 0", '"coverage_90"', "python -m mlcore train"):
        assert fact in card


def test_it_gives_the_stored_values(predictor: Predictor) -> None:
    stored = json.loads(STORED.read_text())
    found = predictor.predict([row["smiles"] for row in stored])
    scales = [entry["scale"] for entry in predictor.properties]
    for i, scale in enumerate(scales):
        mean = np.log10(found.mean[:, i]) if scale == "log10" else found.mean[:, i]
        np.testing.assert_allclose(mean, [row["mean"][i] for row in stored], atol=1e-4)
        np.testing.assert_allclose(found.std[:, i], [row["std"][i] for row in stored], atol=1e-4)
    assert found.in_domain.tolist() == [row["in_domain"] for row in stored]


def test_its_metrics_are_those_of_a_useful_model(shipped: Bundle) -> None:
    measured = {name: parts["test"] for name, parts in shipped.manifest.metrics.items()}
    assert measured["conductivity"]["mae"] < 0.12
    assert measured["conductivity"]["spearman"] > 0.68
    assert measured["poly_diffusivity"]["r2"] > 0.8
    assert all(0.85 <= part["coverage_90"] <= 0.95 for part in measured.values())
    assert all(part["n"] == shipped.manifest.split["test"] for part in measured.values())


def test_what_it_never_saw_is_outside(predictor: Predictor) -> None:
    found = predictor.predict(["*CCOC(=O)NCCO*", "*CC(*)c1ccccc1", "*C*", "*CC(Br)OC(=O)O*", "*C[N+](C)(C)C*"])
    assert found.in_domain.tolist() == [True, False, False, False, False]


@pytest.mark.realdata
def test_it_ranks_the_simulated_polymers() -> None:
    path = Path(os.environ["DATA_DIR"]) / "htpmd" / "PolyGen-train-set-from-HTP-MD.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))[::25]
    found = bundle.open_model(ZOO, "predict", "cpu").predict([row["mol_smiles"] for row in rows])
    truth = np.log10([float(row["conductivity"]) for row in rows])
    assert regression.spearman(truth, found.mean[:, 0]) > 0.7
    assert found.in_domain.mean() > 0.97
