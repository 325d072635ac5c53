"""What the model may be asked about."""

import numpy as np
import pytest
from rdkit import Chem

from mlcore.chem.polymer import key
from mlcore.data.graphs import featurise
from mlcore.predictors import doubts
from mlcore.predictors.domain import Domain

TRAINING = ["*CCOC(=O)O*", "*CC(C)OC(=O)O*", "*CCCOC(=O)O*", "*CCNC(=O)O*", "*CC(C)NC(=O)O*", "*CC(F)COC(=O)O*"]


def rings(texts: list[str]) -> list[Chem.Mol]:
    return [Chem.MolFromSmiles(key(text)) for text in texts]


def fitted(landmarks: int) -> Domain:
    molecules = rings(TRAINING)
    return Domain.fit(molecules, featurise(molecules), np.arange(len(molecules)), landmarks)


def inside(domain: Domain, *texts: str) -> list[bool]:
    molecules = rings(list(texts))
    return doubts.inside(domain.doubts_about(molecules, featurise(molecules))).tolist()


def said(domain: Domain, text: str) -> str:
    molecules = rings([text])
    return domain.doubts_about(molecules, featurise(molecules))[0]


@pytest.mark.parametrize("landmarks", [4, 500])
def test_the_training_set_is_inside_and_strangers_are_not(landmarks: int) -> None:
    domain = fitted(landmarks)
    assert len(domain.landmarks) == min(landmarks, len(TRAINING))
    assert inside(domain, *TRAINING) == [True] * len(TRAINING)
    assert inside(domain, "*CC(*)c1ccccc1", "*C*", "*c1ccc(cc1)S(=O)(=O)*") == [False] * 3


def test_an_element_never_seen_is_outside_however_similar() -> None:
    near, strange = "*CC(F)COC(=O)O*", "*CC(Br)COC(=O)O*"
    assert inside(fitted(6), near, strange) == [True, False]


def test_a_stranger_is_told_why() -> None:
    domain = fitted(500)
    assert said(domain, "*CCOC(=O)O*") == ""
    assert said(domain, "*CC(Br)COC(=O)O*") == "no training structure has Br"
    assert said(domain, "*CC(=[NH2+])COC(=O)O*") == "no training structure has a positive charge"
    assert said(domain, "*CC([N+](=O)[O-])COC(=O)O*").startswith("no training structure has an atom like its ")
    assert said(domain, "*C*").startswith("like no training structure: Tanimoto similarity 0.14 to the nearest of 6 ")
    assert said(domain, "*CC(c1ccc(Br)cc1)[Si](C)(C)*").startswith("no training structure has Br, Si; like no training")
    both = said(domain, "*CC(*)c1ccccc1")
    assert both.startswith("no training structure has an atom like its C (aromaticity); like no training structure")


def test_landmarks_are_distinct() -> None:
    domain = fitted(5)
    assert len({row.tobytes() for row in domain.landmarks}) == 5


def test_the_bundle_gives_the_same_domain_back() -> None:
    domain = fitted(3)
    again = Domain.load(domain.tensors())
    texts = [*TRAINING, "*C*", "*CC(Br)COC(=O)O*"]
    assert inside(again, *texts) == inside(domain, *texts)


def test_only_the_training_rows_count() -> None:
    molecules = rings([*TRAINING, "*CC(Br)COC(=O)O*"])
    domain = Domain.fit(molecules, featurise(molecules), np.arange(len(TRAINING)), 50)
    assert inside(domain, "*CC(Br)COC(=O)O*") == [False]
