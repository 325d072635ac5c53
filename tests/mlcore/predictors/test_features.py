"""What the columns count."""

import numpy as np

from mlcore.chem.polymer import key
from mlcore.predictors.configs import TreesConfig
from mlcore.predictors.features import DESCRIPTORS, Features
from mlcore.predictors.reading import of_keys

TRAINING = ["*CCOC(=O)O*", "*CC(C)OC(=O)O*", "*CCO*", "*CCCOC(=O)O*", "*CCNC(=O)O*", "*CC(F)COC(=O)O*"]


def fitted(**settings: int) -> Features:
    return Features.fit(of_keys([key(text) for text in TRAINING]), TreesConfig(least=2, **settings), "polymer")


def rows(features: Features, *texts: str) -> np.ndarray:
    return features.of(of_keys([key(text) for text in texts]))


def test_how_often_the_unit_stands_in_the_ring_does_not_matter() -> None:
    """Both rings have eight atoms or more: four units of the first, two of the second."""
    features = fitted(radius=0)
    one, two = rows(features, "*CO*", "*COCS*")
    assert one.max(initial=0, where=np.arange(len(one)) < len(features.surroundings)) == 1
    assert one[len(features.surroundings) :][3] == 2, "heavy atoms of one unit"
    assert two[len(features.surroundings) :][3] == 4


def test_columns_are_the_frequent_surroundings_most_frequent_first() -> None:
    whole = fitted()
    few = fitted(surroundings=5)
    assert few.surroundings.tolist() == whole.surroundings.tolist()[:5]
    having = (rows(whole, *TRAINING)[:, : len(whole.surroundings)] > 0).sum(axis=0)
    assert having.min() >= 2
    assert having.tolist() == sorted(having.tolist(), reverse=True)
    assert rows(few, "*CCO*").shape == (1, 5 + DESCRIPTORS) == (1, few.columns)


def test_a_molecule_is_counted_as_it_is() -> None:
    features = Features.fit(of_keys(["C1CCCCC1", "C1CCCCCCC1"]), TreesConfig(least=1), "molecule")
    assert features.of(of_keys(["C1CCCCC1"]))[0].max(initial=0, where=np.arange(features.columns) < 3) == 6


def test_no_structure_has_no_row_and_none_is_not_finite() -> None:
    features = fitted()
    assert features.of([]).shape == (0, features.columns)
    assert np.isfinite(rows(features, "*C*", "*c1ccc(*)cc1", "*[Si](C)(C)O*")).all()
