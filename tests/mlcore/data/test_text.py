"""Tokens and spellings."""

import numpy as np
import pytest
from rdkit import Chem

from mlcore.chem import polymer
from mlcore.data.sequences import pad, plain_ends, spellings
from mlcore.data.tables import read_rows
from mlcore.data.tokens import COMMON, END, Tokenizer, split
from mlcore.errors import UserError
from tests.mlcore.conftest import SAMPLE

STRINGS = [row["mol_smiles"] for row in read_rows(SAMPLE, ["mol_smiles"])]


def test_tokens_are_whole_atoms() -> None:
    assert split("*C(Cl)[N+]%12Br") == ["*", "C", "(", "Cl", ")", "[N+]", "%12", "Br"]


@pytest.mark.parametrize("text", ["C{C}", "C C", "[C", "é"])
def test_what_is_no_smiles_is_refused(text: str) -> None:
    with pytest.raises(UserError, match="cannot be read as SMILES tokens"):
        split(text)


def test_encoding_is_undone_by_decoding() -> None:
    tokenizer = Tokenizer.of(STRINGS)
    for text in STRINGS:
        numbers = tokenizer.encode(text)
        assert numbers[-1] == END
        assert tokenizer.decode([*numbers, 0, 0]) == text
    assert set(COMMON) < set(tokenizer.vocabulary)


def test_unknown_tokens_are_named() -> None:
    with pytest.raises(UserError, match=r"lacks: \[U\] \(in '\*C\[U\]\*'"):
        Tokenizer.of([]).encode("*C[U]*")


def test_a_damaged_vocabulary_is_refused() -> None:
    with pytest.raises(UserError, match="every token once"):
        Tokenizer(["<pad>", "<begin>", "<end>", "C", "C"])


def test_all_spellings_are_the_same_polymer_from_the_same_end() -> None:
    random = np.random.default_rng(0)
    for text in STRINGS:
        forms = spellings(text, 5, random)
        assert len(forms) == len(set(forms)) >= 2
        assert {polymer.key(form) for form in forms} == {polymer.key(text)}
        assert all(form.startswith("*C(") for form in forms), "the carbonyl end comes first"
        assert forms[0] == spellings(text, 1, random)[0]


def test_spellings_of_a_molecule_are_that_molecule() -> None:
    forms = spellings("CC(=O)Oc1ccccc1", 6, np.random.default_rng(0))
    assert len(forms) > 2
    assert len({Chem.CanonSmiles(form) for form in forms}) == 1


def test_all_marks_of_an_end_become_stars() -> None:
    for text in ("[Cu]CO[Au]", "[*]CO[*]", "[*:1]CO[*:2]", "[1*]CO[2*]", "*CO*"):
        assert plain_ends(text) == "*CO*"


def test_padding_is_at_the_right() -> None:
    assert pad([[5, 6], [7]]).tolist() == [[5, 6], [7, 0]]
