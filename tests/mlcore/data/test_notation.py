"""Structures as SMILES and as SELFIES."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem

from mlcore.chem.identity import identify
from mlcore.data import notation, tokens
from mlcore.data.sequences import plain_ends, spellings
from mlcore.evaluation.generative import is_valid

DATA = Path(__file__).parents[2] / "data"
REAL = [*(DATA / "htpmd_1500.txt").read_text().split(), *(DATA / "smipoly_1000.txt").read_text().split()]


def test_a_smiles_stands_for_itself() -> None:
    assert notation.spell("*CC*", "smiles") == "*CC*"
    assert notation.read("*CC(*", "smiles", "polymer") == "*CC(*"


def test_selfies_give_every_real_polymer_back() -> None:
    random = np.random.default_rng(0)
    for smiles in REAL[::5]:
        for form in spellings(smiles, 2, random):
            text = notation.spell(form, "selfies")
            assert text is not None
            assert identify(notation.read(text, "selfies", "polymer"), "polymer").key == identify(smiles, "polymer").key


def test_the_common_tokens_spell_nearly_all() -> None:
    texts = [notation.spell(plain_ends(smiles), "selfies") for smiles in REAL]
    odd = [text for text in texts if text and set(tokens.split(text)) - set(notation.COMMON_SELFIES)]
    assert len(odd) < 0.02 * len(REAL)


@given(st.lists(st.sampled_from(notation.COMMON_SELFIES), max_size=40))
def test_every_sequence_of_tokens_is_a_structure(parts: list[str]) -> None:
    smiles = notation.read("".join(parts), "selfies", "polymer")
    assert Chem.MolFromSmiles(smiles) is not None
    if smiles.count("*") == 2 and "." not in smiles:
        assert is_valid(smiles)


@pytest.mark.parametrize(
    ("text", "smiles"),
    [
        ("[C][C][F]", "*CC(*)F"),  # the last atom has no hydrogen for an end, the one before has
        ("[C][C][Branch1][C][F][F]", "*CC(*)(F)F"),
        ("[C][At][C][At][O]", "*C*"),  # nothing follows an end
        ("[C][Branch1][C][At][C][Branch1][C][At][O]", "*C(*)CO"),  # the first named end counts
        ("[C][=C][Branch1][C][F][F]", "*C(*)=C(F)F"),
        ("[N][=C][=O]", "*N=C=O"),  # nowhere is room for the other
    ],
)
def test_ends_that_cannot_be_meant_are_passed_over(text: str, smiles: str) -> None:
    assert Chem.CanonSmiles(notation.read(text, "selfies", "polymer")) == Chem.CanonSmiles(smiles)


def test_a_text_names_an_end_only_where_it_must() -> None:
    assert notation.spell("*CCO*", "selfies") == "[C][C][O]"
    assert notation.spell("*C(*)C", "selfies") == "[C][Branch1][C][At][C]"
    assert notation.read("[C][C][O]", "selfies", "polymer") == "*CCO*"
    assert notation.read("[C][C][O]", "selfies", "molecule") == "CCO"


def test_molecules_have_no_ends() -> None:
    for smiles in ("CCO", "c1ccccc1C(=O)O", "C[N+](C)(C)C"):
        text = notation.spell(smiles, "selfies")
        assert text is not None
        assert Chem.CanonSmiles(notation.read(text, "selfies", "molecule")) == Chem.CanonSmiles(smiles)


@pytest.mark.parametrize("smiles", ["*C(C)(C)(C)(C)C*junk", "*C[At]*"])
def test_what_selfies_cannot_say_has_no_text(smiles: str) -> None:
    assert notation.spell(smiles, "selfies") is None
