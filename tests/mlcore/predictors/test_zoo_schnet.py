"""The shipped network over atoms in space."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from mlcore import bundle
from mlcore.chem import geometry
from mlcore.predictors.protocol import Given

ZOO = Path(bundle.__file__).parent / "zoo"
USUAL = ["CCO", "CC(=O)OC", "C1CCOC1", "N#CCCO", "CC(C)NC=O", "CC(=O)C1CO1"]


def test_a_strained_molecule_is_outside_though_its_fingerprint_is_known() -> None:
    model = bundle.open_model(ZOO / "schnet-qm9", "predict", "cpu")
    relaxed = [replace(geometry.guess(text), guessed=False) for text in USUAL]
    random = np.random.default_rng(0)
    strained = [replace(one, positions=one.positions + random.normal(0, 0.08, one.positions.shape)) for one in relaxed]
    found = model.predict(USUAL * 2, Given([*relaxed, *strained]))
    assert found.errors == [None] * 12
    assert found.in_domain[:6].all()
    assert found.in_domain[6:].sum() <= 2
    assert all("to the network it is like nothing in the training" in doubt for doubt in found.doubts[6:] if doubt)


def test_what_only_the_whole_molecule_tells_is_told() -> None:
    model = bundle.open_model(ZOO / "schnet-qm9", "predict", "cpu")
    found = model.predict(["CCO", "CC(=O)[O-]", "C" * 30])
    assert found.errors == [None] * 3
    assert "its geometry is guessed, and the model has learned from computed ones" in found.doubts[0]
    assert "no training structure has a negative charge" in found.doubts[1]
    assert "30 heavy atoms, where the largest training molecule has 9" in found.doubts[2]
