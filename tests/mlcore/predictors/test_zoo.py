"""The predictors that ship with the code."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from mlcore import bundle
from mlcore.bundle import Bundle
from mlcore.chem import polymer
from mlcore.evaluation import regression
from mlcore.predictors.protocol import Predictor

ZOO = Path(__file__).parents[3] / "mlcore" / "zoo"
STORED = Path(__file__).parents[2] / "data"
MOST_BYTES = {"gnn-htpmd": 2_000_000, "trees-htpmd": 1_200_000, "stack-htpmd": 2_500_000}


@pytest.fixture(scope="module", params=MOST_BYTES)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def shipped(name: str) -> Bundle:
    return bundle.load(ZOO / name, "predict")


@pytest.fixture(scope="module")
def predictor(name: str) -> Predictor:
    model: Predictor = bundle.open_model(ZOO / name, "predict", "cpu")
    return model


def test_it_is_small_and_says_how_it_was_made(name: str, shipped: Bundle) -> None:
    assert sum(file.stat().st_size for file in shipped.path.iterdir()) <= MOST_BYTES[name]
    card = (shipped.path / "card.md").read_text()
    for fact in (shipped.manifest.training_data["digest"], "seed 0", '"coverage_90"', "python -m mlcore train"):
        assert fact in card


def test_it_gives_the_stored_values(name: str, predictor: Predictor) -> None:
    stored = json.loads((STORED / f"{name.replace('-', '_')}_predictions.json").read_text())
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


def test_a_key_is_answered_like_the_structure_that_it_stands_for(predictor: Predictor) -> None:
    texts = ["*CCOC(=O)NCCO*", "*CC(*)c1ccccc1", "[Cu]COC([Au])=O"]
    found, by_key = predictor.predict(texts), predictor.predict_keys([polymer.key(text) for text in texts])
    np.testing.assert_allclose(by_key.mean, found.mean, rtol=1e-5)
    np.testing.assert_allclose(by_key.std, found.std, rtol=1e-4)
    assert by_key.in_domain.tolist() == found.in_domain.tolist()


def test_what_it_never_saw_is_outside(predictor: Predictor) -> None:
    found = predictor.predict(["*CCOC(=O)NCCO*", "*CC(*)c1ccccc1", "*C*", "*CC(Br)OC(=O)O*", "*C[N+](C)(C)C*"])
    assert found.in_domain.tolist() == [True, False, False, False, False]


@pytest.mark.realdata
def test_it_ranks_the_simulated_polymers(predictor: Predictor) -> None:
    path = Path(os.environ["DATA_DIR"]) / "htpmd" / "PolyGen-train-set-from-HTP-MD.csv"
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))[::25]
    found = predictor.predict([row["mol_smiles"] for row in rows])
    truth = np.log10([float(row["conductivity"]) for row in rows])
    assert regression.spearman(truth, found.mean[:, 0]) > 0.7
    assert found.in_domain.mean() > 0.97
