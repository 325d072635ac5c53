"""Structures as text for a network: several spellings of each, so that it learns the structure and not the spelling."""

import re
from collections.abc import Sequence

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor

from mlcore.data.tokens import PAD

_MARKED_END = re.compile(r"\[(?:Cu|Ag|Au)\]|\[\d*\*(?::\d+)?\]")


def plain_ends(text: str) -> str:
    """The same string with chain ends written as `*`, whether they were `[Cu]`, `[Au]`, `[*]` or `[*:1]`."""
    return _MARKED_END.sub("*", text)


def spellings(smiles: str, count: int, random: np.random.Generator) -> list[str]:
    """Up to `count` distinct SMILES of one structure, the canonical one first; a polymer is read from `first_end`."""
    molecule = Chem.MolFromSmiles(plain_ends(smiles))
    root = first_end(molecule)
    found = {Chem.MolToSmiles(molecule, rootedAtAtom=root): None}
    for _ in range(count - 1):
        order = random.permutation(molecule.GetNumAtoms()).tolist()
        shuffled = Chem.RenumberAtoms(molecule, order)
        start = order.index(root) if root >= 0 else -1
        found[Chem.MolToSmiles(shuffled, rootedAtAtom=start, canonical=False)] = None
    return list(found)


def first_end(molecule: Chem.Mol) -> int:
    """The `*` from which a repeat unit is read, so that like polymers are spelt in like order; -1 where there is none.

    It is the end at the carbon with the most bonds to heteroatoms: the carbonyl of an ester, amide or urethane.
    """
    ends = [atom for atom in molecule.GetAtoms() if atom.GetAtomicNum() == 0]
    ranks = list(Chem.CanonicalRankAtoms(molecule)) if ends else []
    best = max(ends, key=lambda end: (_oxidation(end), ranks[end.GetIdx()]), default=None)
    return best.GetIdx() if best is not None else -1


def pad(sequences: Sequence[Sequence[int]]) -> Tensor:
    """Token numbers of unequal length as one (B, T) tensor, padded at the right."""
    length = max(map(len, sequences), default=0)
    return torch.tensor([[*row, *[PAD] * (length - len(row))] for row in sequences], dtype=torch.long)


def _oxidation(end: Chem.Atom) -> float:
    """Sum of bond orders from the carbon at this end to heteroatoms; 0 where no carbon is."""
    (neighbour,) = end.GetNeighbors()
    if neighbour.GetAtomicNum() != 6:
        return 0.0
    bonds = [bond for bond in neighbour.GetBonds() if bond.GetOtherAtom(neighbour).GetAtomicNum() not in (0, 1, 6)]
    return sum(float(bond.GetBondTypeAsDouble()) for bond in bonds)
