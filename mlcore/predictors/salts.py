"""Salts as rows of numbers: size and composition of the largest anion, and how many lithium go with it.

A large anion that spreads its charge (many F and S=O) lets lithium go; a table has some dozens of salts, too few to
learn an embedding of each that says anything of the next one.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import Descriptors

Floats = NDArray[np.float64]

_ELEMENTS = (5, 6, 7, 8, 9, 13, 15, 16, 17, 33, 35, 51, 53)
COLUMNS = len(_ELEMENTS) + 5
_LITHIUM, _FIRST_ELEMENT = 2, 3  # columns
ATOMIC_NUMBERS = 119
"""Places of a mask over elements; 0 is none."""


def describe(keys: Sequence[str]) -> Floats:
    """(N, COLUMNS) of salts or molecules given by their identity keys; NaN for the empty text."""
    known = {key: _describe(key) for key in set(keys)}
    return np.array([known[key] for key in keys], dtype=np.float64).reshape(-1, COLUMNS)


def elements(keys: Sequence[str]) -> NDArray[np.bool_]:
    """(N, ATOMIC_NUMBERS): which elements are atoms of each, hydrogen as far as written; none of the empty text."""
    known = {key: _elements(key) for key in set(keys)}
    return np.array([known[key] for key in keys], dtype=bool).reshape(-1, ATOMIC_NUMBERS)


def counted(most: Floats) -> NDArray[np.bool_]:
    """(ATOMIC_NUMBERS,): the elements, of those that columns count, of salts with the largest values (COLUMNS,)."""
    found = np.zeros(ATOMIC_NUMBERS, dtype=bool)
    found[3] = most[_LITHIUM] > 0
    found[list(_ELEMENTS)] = most[_FIRST_ELEMENT : _FIRST_ELEMENT + len(_ELEMENTS)] > 0
    return found


def _elements(key: str) -> NDArray[np.bool_]:
    found = np.zeros(ATOMIC_NUMBERS, dtype=bool)
    if key:
        found[[atom.GetAtomicNum() for atom in Chem.MolFromSmiles(key).GetAtoms()]] = True
    return found


def _describe(key: str) -> list[float]:
    if not key:
        return [np.nan] * COLUMNS
    whole = Chem.MolFromSmiles(key)
    ion = max(Chem.GetMolFrags(whole, asMols=True), key=_weight)
    kinds = [atom.GetAtomicNum() for atom in ion.GetAtoms()]
    heavy = len(kinds)
    lithium = sum(atom.GetAtomicNum() == 3 for atom in whole.GetAtoms())
    aromatic = sum(atom.GetIsAromatic() for atom in ion.GetAtoms())
    elements = [kinds.count(element) for element in _ELEMENTS]
    return [heavy, Descriptors.MolWt(ion), lithium, *elements, aromatic, kinds.count(9) / heavy]


def _weight(part: Chem.Mol) -> tuple[bool, int, str]:
    """Anions come before what is not charged or positive, large ones before small ones."""
    return Chem.GetFormalCharge(part) < 0, part.GetNumHeavyAtoms(), Chem.MolToSmiles(part)
