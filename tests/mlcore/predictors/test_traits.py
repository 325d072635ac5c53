"""What whole structures have that no training structure had."""

import pytest
import torch
from rdkit import Chem

from mlcore.predictors.traits import UNKNOWN, Traits

TRAINING = ["CCO", "CC(=O)OC", "C[N+](=O)[O-]"]


def molecules(*texts: str) -> list[Chem.Mol]:
    return [Chem.MolFromSmiles(text) for text in texts]


@pytest.fixture
def traits() -> Traits:
    return Traits.fit(molecules(*TRAINING))


@pytest.mark.parametrize(
    ("text", "doubt"),
    [
        ("CCN", ""),
        ("[H][H]", ""),
        ("C[N+](=O)[O-]", ""),
        ("CC(=O)[O-]", "no training structure has a negative charge"),
        ("C[NH3+]", "no training structure has a positive charge"),
        ("F[Xe]F", "no training structure has F, Xe"),
        ("C[CH]C", "it is a radical, and no training structure is one"),
        ("C[N+](C)(C)CCl", "no training structure has Cl; no training structure has a positive charge"),
    ],
)
def test_a_trait_that_nobody_had_is_told(traits: Traits, text: str, doubt: str) -> None:
    assert traits.doubts_about(molecules(text)) == [doubt]


def test_the_training_is_not_strange_nor_is_what_is_no_more_than_twice_as_large(traits: Traits) -> None:
    assert traits.doubts_about(molecules(*TRAINING)) == [""] * 3
    assert traits.too_large(molecules("C" * 10, "C" * 11)) == [
        "",
        "11 heavy atoms, where the largest training molecule has 5",
    ]
    assert traits.doubts_about([]) == traits.too_large([]) == []


def test_two_trainings_know_what_either_does(traits: Traits) -> None:
    both = traits.joined(Traits.fit(molecules("CCCCCCCl", "C[NH3+]", "[CH3]")))
    assert both.doubts_about(molecules("ClCC[NH3+]", "C[CH]C", "CC(=O)[O-]")) == [
        "", "", "no training structure has a negative charge",
    ]  # fmt: skip
    assert both.heavy == 7
    assert traits.joined(UNKNOWN) is UNKNOWN


def test_a_bundle_gives_them_back(traits: Traits) -> None:
    again = Traits.load({name: torch.as_tensor(tensor) for name, tensor in traits.tensors().items()})
    asked = molecules("CCN", "CC(=O)[O-]", "F[Xe]F", "C" * 11)
    assert again.doubts_about(asked) == traits.doubts_about(asked)
    assert again.too_large(asked) == traits.too_large(asked)
    assert Traits.load({}) is UNKNOWN
    assert UNKNOWN.doubts_about(asked) == UNKNOWN.too_large(asked) == [""] * 4
