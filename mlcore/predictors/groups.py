"""Functional groups that decide how a polymer dissolves a salt and how fast its chains move, as shares of its atoms.

Donors of lithium (ether, carbonyl, nitrile), stiff parts (small rings, quaternary carbon) and bound ions are what the
literature on polymer electrolytes discusses (Meyer, Adv. Mater. 10, 439 (1998); Bradford et al., ACS Cent. Sci. 9, 206
(2023)). All are shares per heavy atom, so that they do not depend on how often the unit stands in the ring.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

Floats = NDArray[np.float64]

_PATTERNS = tuple(
    Chem.MolFromSmarts(text)
    for text in (
        "[OX2;!$(O-C=O);!$(O[Si,P,B,S])]([#6])[#6]",  # ether
        "[OX2]([CH2][CH2])[CH2][CH2]",  # ether between ethylenes, which wraps lithium
        "[CX3]=[OX1]",
        "[CX3;!$(C(O)O)](=O)[OX2]",  # ester
        "[OX2]C(=O)[OX2]",  # carbonate
        "[CX3](=O)[NX3]",  # amide
        "C#N",
        "[OX2H]",
        "[NX3;!$(N-C=O);!$(N-S)]",  # amine
        "[Si][OX2]",
        "[Si]",
        "[P]",
        "[P]=N",
        "S(=O)(=O)",
        "[SX2]",
        "a",
        "[F]",
        "[B]",
        "[-]",  # bound anions: single-ion conductors
        "[+;!$([+]~[-])]",
        "[N-]S(=O)(=O)",
        "[CX3](=O)[O-]",
        "S(=O)(=O)[O-]",
        "C=C",
        "[CX4;H1]",
        "[CX4;H0]",
        "[CH3]",
        "[CH2]",
        "[#7,#8;!H0]",
        "[R]",
    )
)
_ELEMENTS = (6, 7, 8, 9, 14, 15, 16)
COLUMNS = len(_PATTERNS) + 4 + len(_ELEMENTS)


def shares(molecules: Sequence[Chem.Mol]) -> Floats:
    """(N, COLUMNS): groups, atoms of small rings, of the backbone, oxygen of the backbone, charge, elements."""
    return np.array([_shares(molecule) for molecule in molecules], dtype=np.float64).reshape(-1, COLUMNS)


def _shares(molecule: Chem.Mol) -> list[float]:
    atoms = max(molecule.GetNumHeavyAtoms(), 1)
    found = [len(molecule.GetSubstructMatches(pattern, maxMatches=10_000)) for pattern in _PATTERNS]
    rings = molecule.GetRingInfo().AtomRings()
    largest = max(map(len, rings), default=0)  # of a polymer: its backbone
    small = {atom for ring in rings if len(ring) < largest for atom in ring}
    backbone = {atom for ring in rings if len(ring) == largest for atom in ring}
    kinds = [atom.GetAtomicNum() for atom in molecule.GetAtoms()]
    found += [len(small), len(backbone), sum(kinds[atom] == 8 for atom in backbone), Chem.GetFormalCharge(molecule)]
    found += [kinds.count(element) for element in _ELEMENTS]
    return [count / atoms for count in found]
