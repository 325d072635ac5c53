"""What every token of a vocabulary is to the grammar of SMILES: a bracket, a bond, a ring digit or a kind of atom."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rdkit import Chem, rdBase

from mlcore.chem.identity import Kind
from mlcore.data.tokens import END
from mlcore.errors import UserError

BONDS = {"-": 1, "/": 1, "\\": 1, "=": 2, "#": 3}
"""Bond tokens and the valence that they take; those of aromatic and quadruple bonds are never needed."""

ORGANIC = {"B": 3, "C": 4, "N": 3, "O": 2, "P": 5, "S": 6, "F": 1, "Cl": 1, "Br": 1, "I": 1}
"""The highest valence of atoms without a bracket (opensmiles.org, 3.1.5)."""

_AROMATIC = {"B": 3, "C": 3, "N": 3, "P": 3, "As": 3, "O": 2, "S": 2, "Se": 2, "Te": 2}
"""Neighbours of a neutral aromatic atom, hydrogens included; a positive charge gives O and its kind a third."""

_METALS = ("Cu", "Au")
"""They mark chain ends in some tables; networks are shown `*` in their place."""

_MOST = 8
"""Bonds that are tried at a bracket atom."""


@dataclass(frozen=True)
class Atom:
    """What the grammar must know of an atom."""

    capacity: int
    """Sum of the orders of its bonds at most; of an aromatic atom, bonds, for its double bond costs it no more."""
    aromatic: bool = False
    end: bool = False
    """Whether it is a chain end."""


@dataclass(frozen=True)
class Alphabet:
    """A vocabulary sorted into moves, which are numbered: NEVER, STOP, OPEN, CLOSE, three bonds, digits, atoms."""

    NEVER, STOP, OPEN, CLOSE, BOND, DIGIT = 0, 1, 2, 3, 4, 7  # the first of each

    moves: list[int]
    """The move of every token, (V,)."""
    digits: int
    """How many ring digits there are."""
    atoms: list[Atom]
    """The different kinds of atoms; the first of them is move DIGIT + digits."""

    @classmethod
    def of(cls, vocabulary: Sequence[str], kind: Kind) -> "Alphabet":
        """UserError where a token is lacking without which some texts could not be ended."""
        for token in ("*", "C", "(", ")") if kind == "polymer" else ("C",):
            if token not in vocabulary:
                raise UserError(f"grammar: the model's vocabulary lacks the token {token!r}")
        digits = [token for token in vocabulary if token.isdigit() or token.startswith("%")]
        read = {token: atom for token in vocabulary if (atom := read_atom(token)) and _fits(token, atom, kind)}
        atoms = list(dict.fromkeys(read.values()))
        known = {"(": cls.OPEN, ")": cls.CLOSE} | {token: cls.BOND + order - 1 for token, order in BONDS.items()}
        known |= {token: cls.DIGIT + number for number, token in enumerate(digits)}
        known |= {token: cls.DIGIT + len(digits) + atoms.index(atom) for token, atom in read.items()}
        known[vocabulary[END]] = cls.STOP
        return cls([known.get(token, cls.NEVER) for token in vocabulary], len(digits), atoms)


def read_atom(token: str) -> Atom | None:
    """The atom that a token stands for; None where it is none. What a bracket atom may bear is asked of RDKit."""
    with rdBase.BlockLogs():
        molecule = Chem.MolFromSmiles(token, sanitize=False)
        if molecule is None or molecule.GetNumAtoms() != 1:
            return None
        atom = molecule.GetAtomWithIdx(0)
        symbol = atom.GetSymbol()
        if symbol == "*":
            return Atom(1, end=True)
        if atom.GetIsAromatic():
            chalcogen = _AROMATIC.get(symbol) == 2 and atom.GetFormalCharge() > 0
            return Atom(max(0, _AROMATIC.get(symbol, 3) + chalcogen - atom.GetNumExplicitHs()), aromatic=True)
        return Atom(ORGANIC[token] if token in ORGANIC else max(_borne(token), default=0))


def _borne(token: str) -> Iterator[int]:
    """Numbers of single bonds that RDKit lets a bracket atom have."""
    for bonds in range(1, _MOST + 1):
        if Chem.MolFromSmiles(token + "(*)" * bonds) is not None:
            yield bonds


def _fits(token: str, atom: Atom, kind: Kind) -> bool:
    """Whether an atom may stand in a text of this kind at all."""
    return not atom.end if kind == "molecule" else not any(metal in token for metal in _METALS)
