"""What tokens are to the grammar."""

import pytest

from mlcore.data.tokens import COMMON, SPECIAL
from mlcore.errors import UserError
from mlcore.generators.alphabet import Alphabet, Atom, read_atom

VOCABULARY = [*SPECIAL, *COMMON]


@pytest.mark.parametrize(
    ("token", "atom"),
    [
        ("C", Atom(4)),
        ("N", Atom(3)),
        ("Cl", Atom(1)),
        ("I", Atom(1)),
        ("P", Atom(5)),
        ("[N+]", Atom(4)),
        ("[NH3+]", Atom(1)),
        ("[O-]", Atom(1)),
        ("[C@@H]", Atom(3)),
        ("[SiH2]", Atom(2)),
        ("[PH]", Atom(4)),
        ("[H]", Atom(1)),
        ("[F-]", Atom(0)),
        ("c", Atom(3, aromatic=True)),
        ("[nH]", Atom(2, aromatic=True)),
        ("[o+]", Atom(3, aromatic=True)),
        ("s", Atom(2, aromatic=True)),
        ("*", Atom(1, end=True)),
    ],
)
def test_atoms_bear_what_their_token_says(token: str, atom: Atom) -> None:
    assert read_atom(token) == atom


@pytest.mark.parametrize("token", ["<end>", "(", "=", "1", "%10", ".", "H", "Q", "[Xx]", "[C", "CC"])
def test_what_is_no_atom_is_none(token: str) -> None:
    assert read_atom(token) is None


def test_every_token_has_a_move() -> None:
    alphabet = Alphabet.of([*VOCABULARY, "%10", ".", ":", "$", "[Cu]", "[Cu+2]"], "polymer")
    moves = dict(zip([*VOCABULARY, "%10", ".", ":", "$", "[Cu]", "[Cu+2]"], alphabet.moves, strict=True))
    assert [moves[token] for token in ("<pad>", "<begin>", ".", ":", "$", "[Cu]", "[Cu+2]")] == [Alphabet.NEVER] * 7
    assert [moves[token] for token in ("<end>", "(", ")")] == [Alphabet.STOP, Alphabet.OPEN, Alphabet.CLOSE]
    assert [moves[token] - Alphabet.BOND for token in ("-", "/", "\\", "=", "#")] == [0, 0, 0, 1, 2]
    assert alphabet.digits == 10
    assert moves["%10"] == Alphabet.DIGIT + 9
    assert alphabet.atoms[moves["O"] - Alphabet.DIGIT - 10] == Atom(2)
    assert moves["O"] == moves["[SiH2]"]


def test_molecules_have_metals_and_no_ends() -> None:
    vocabulary = [*VOCABULARY, "[Cu]"]
    moves = Alphabet.of(vocabulary, "molecule").moves
    assert moves[vocabulary.index("*")] == Alphabet.NEVER
    assert moves[-1] != Alphabet.NEVER


def test_a_vocabulary_that_cannot_end_a_text_is_refused() -> None:
    with pytest.raises(UserError, match=r"grammar: the model's vocabulary lacks the token '\('"):
        Alphabet.of([*SPECIAL, "*", "C", "O"], "polymer")
    Alphabet.of([*SPECIAL, "C", "O"], "molecule")
