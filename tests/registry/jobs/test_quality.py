"""The measures of chemistry that a generation run ends with agree with mlcore's own on the same structures."""

import numpy as np
import pytest

from mlcore.chem import fingerprints
from registry.jobs.handlers import quality as module
from registry.jobs.handlers.quality import quality
from tests import factories

pytestmark = pytest.mark.django_db

NEW = ["*CCO*", "*CC(C)O*", "*NCC(=O)*"]
MEASURED = ["*CCOC(=O)*", "*CS*"]


@pytest.fixture
def run():
    made = factories.generation_run()
    for smiles in NEW:
        factories.proposal(run=made, candidate=factories.candidate(smiles))
    factories.proposal(run=made, candidate=factories.candidate("*CC*"), known=True)
    factories.proposal(run=made, valid=False, reason="no SMILES")
    for smiles in MEASURED:
        factories.measurement(structure=factories.structure(smiles))
    return made


def packed(texts):
    return fingerprints.pack([fingerprints.morgan_bytes(factories.structure(text).key) for text in texts])


def test_new_structures_are_compared_with_the_measured_and_with_each_other(run) -> None:
    found = quality(run)
    assert found["similarity"] == pytest.approx(fingerprints.tanimoto_matrix(packed(NEW), packed(MEASURED)).mean())
    own = fingerprints.tanimoto_matrix(packed(NEW), packed(NEW))
    assert found["diversity"] == pytest.approx(1 - own[~np.eye(3, dtype=bool)].mean())
    scores = [factories.structure(smiles).sa_score for smiles in NEW]
    assert found["synthesizability"] == sum(score < 5 for score in scores) / 3


def test_large_runs_are_sampled(run, monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST_NEW", 2)
    assert 0 < quality(run)["similarity"] < 1


def test_nothing_new_gives_no_measures() -> None:
    assert quality(factories.generation_run()) == {"synthesizability": None, "similarity": None, "diversity": None}
