"""Molecular graphs as flat integer arrays: what a graph network reads.

A polymer arrives as its key, the SMILES of the ring closed from the primitive repeat unit (`mlcore.chem.polymer`), so
a graph has no ends and does not depend on where the chain was cut, in which direction it was written, or how often the
unit was repeated. A unit too short for a ring of its own comes repeated; read-outs that average over atoms do not see
that.

Every feature is a small category. None depends on the order of the atoms.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from rdkit import Chem
from torch_geometric.data import Data

from mlcore.data import ragged

Codes = npt.NDArray[np.uint8]
Index = npt.NDArray[np.int64]

ELEMENTS = (1, 3, 5, 6, 7, 8, 9, 11, 14, 15, 16, 17, 19, 32, 33, 34, 35, 50, 52, 53)
"""Atomic numbers with a category of their own; all others share one."""
CHARGES = (-2, -1, 0, 1, 2)
BOND_ORDERS = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE, Chem.BondType.AROMATIC)
CIS_TRANS = {
    Chem.BondStereo.STEREOE: 1,
    Chem.BondStereo.STEREOTRANS: 1,
    Chem.BondStereo.STEREOZ: 2,
    Chem.BondStereo.STEREOCIS: 2,
}

# Number of categories of each feature, in the order in which `_atom` and `_bond` list them.
ATOM_CATEGORIES: dict[str, int] = {
    "element": len(ELEMENTS) + 1,
    "neighbours": 7,  # heavy neighbours 0..5, 6 and more
    "hydrogens": 5,  # 0..3, 4 and more
    "charge": len(CHARGES) + 1,
    "hybridisation": 5,  # s or unset, sp, sp2, sp3, beyond
    "aromatic": 2,
    "ring": 3,  # in none, in one of at most seven atoms, only in larger ones: the backbone of a closed chain is there
}
BOND_CATEGORIES: dict[str, int] = {"order": len(BOND_ORDERS) + 1, "conjugated": 2, "ring": 3, "cis_trans": 3}

_LARGEST_SMALL_RING = 7
_ELEMENT_CODE = {number: code for code, number in enumerate(ELEMENTS)}
_CHARGE_CODE = {charge: code for code, charge in enumerate(CHARGES)}
_ORDER_CODE = {order: code for code, order in enumerate(BOND_ORDERS)}
_HYBRIDISATION_CODE = {
    Chem.HybridizationType.UNSPECIFIED: 0,
    Chem.HybridizationType.S: 0,
    Chem.HybridizationType.SP: 1,
    Chem.HybridizationType.SP2: 2,
    Chem.HybridizationType.SP3: 3,
}


@dataclass(frozen=True)
class Graphs:
    """Many graphs end to end: A atoms and B directed bonds in G graphs."""

    atoms: Codes  # (A, 7) categories of ATOM_CATEGORIES
    bonds: Codes  # (B, 4) categories of BOND_CATEGORIES; each bond stands twice, once per direction
    ends: Index  # (2, B) source and target atom, counted within the graph
    atom_counts: Index  # (G,)
    bond_counts: Index  # (G,)

    def __len__(self) -> int:
        return len(self.atom_counts)

    @property
    def graph_of_atom(self) -> Index:
        """(A,) number of each atom's graph."""
        return np.repeat(np.arange(len(self)), self.atom_counts)

    @property
    def graph_of_bond(self) -> Index:
        """(B,) number of each bond's graph."""
        return np.repeat(np.arange(len(self)), self.bond_counts)

    def batch(self, rows: npt.ArrayLike, device: torch.device | str = "cpu") -> Data:
        """The graphs `rows`, in that order, as one disjoint graph.

        The result has x (A', 7) and edge_attr (B', 4) int64, edge_index (2, B'), batch (A',): the graph of each atom,
        and num_graphs.
        """
        chosen = np.asarray(rows, dtype=np.int64)
        atom_counts, bond_counts = self.atom_counts[chosen], self.bond_counts[chosen]
        atom_rows = ragged.places(ragged.starts(self.atom_counts)[chosen], atom_counts)
        bond_rows = ragged.places(ragged.starts(self.bond_counts)[chosen], bond_counts)
        shift = np.repeat(ragged.starts(atom_counts), bond_counts)
        graph = np.repeat(np.arange(len(chosen)), atom_counts)
        data = Data(
            x=_tensor(self.atoms[atom_rows]),
            edge_index=_tensor(self.ends[:, bond_rows] + shift),
            edge_attr=_tensor(self.bonds[bond_rows]),
            batch=_tensor(graph),
        )
        data.num_graphs = len(chosen)
        return data.to(str(device))


def featurise(molecules: Iterable[Chem.Mol]) -> Graphs:
    """Graphs of `molecules`, hydrogens implicit, in the same order."""
    atoms: list[tuple[int, ...]] = []
    bonds: list[tuple[int, ...]] = []
    ends: list[tuple[int, int]] = []
    atom_counts: list[int] = []
    bond_counts: list[int] = []
    for molecule in molecules:
        small = _small_ring_members(molecule)
        count, pairs = molecule.GetNumAtoms(), molecule.GetNumBonds()
        # by index, since iterating over RDKit's sequences takes twice as long
        atoms += [_atom(molecule.GetAtomWithIdx(index), index in small[0]) for index in range(count)]
        found = [molecule.GetBondWithIdx(index) for index in range(pairs)]
        bonds += [_bond(bond, index in small[1]) for index, bond in enumerate(found)]
        ends += [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in found]
        atom_counts.append(count)
        bond_counts.append(2 * pairs)
    there = np.array(ends, dtype=np.int64).reshape(-1, 2)
    return Graphs(
        atoms=np.array(atoms, dtype=np.uint8).reshape(-1, len(ATOM_CATEGORIES)),
        bonds=np.array(bonds, dtype=np.uint8).reshape(-1, len(BOND_CATEGORIES)).repeat(2, axis=0),
        ends=np.stack([there, there[:, ::-1]], axis=1).reshape(-1, 2).T,
        atom_counts=np.array(atom_counts, dtype=np.int64),
        bond_counts=np.array(bond_counts, dtype=np.int64),
    )


def _atom(atom: Any, in_small_ring: bool) -> tuple[int, ...]:
    return (
        _ELEMENT_CODE.get(atom.GetAtomicNum(), len(ELEMENTS)),
        min(atom.GetDegree(), 6),
        min(atom.GetTotalNumHs(), 4),
        _CHARGE_CODE.get(atom.GetFormalCharge(), len(CHARGES)),
        _HYBRIDISATION_CODE.get(atom.GetHybridization(), 4),
        int(atom.GetIsAromatic()),
        _ring(atom, in_small_ring),
    )


def _bond(bond: Any, in_small_ring: bool) -> tuple[int, ...]:
    order = bond.GetBondType()
    return (
        _ORDER_CODE.get(order, len(BOND_ORDERS)),
        int(bond.GetIsConjugated()),
        _ring(bond, in_small_ring),
        CIS_TRANS.get(bond.GetStereo(), 0) if order == Chem.BondType.DOUBLE else 0,
    )


def _ring(item: Any, in_small_ring: bool) -> int:
    """0, 1 or 2 for an atom or bond; which of several large rings RDKit perceives does not matter."""
    return 1 if in_small_ring else 2 * int(item.IsInRing())


def _small_ring_members(molecule: Chem.Mol) -> tuple[set[int], set[int]]:
    """Indices of the atoms and of the bonds that lie in a ring of at most seven atoms."""
    rings = molecule.GetRingInfo()
    atoms = {index for ring in rings.AtomRings() if len(ring) <= _LARGEST_SMALL_RING for index in ring}
    bonds = {index for ring in rings.BondRings() if len(ring) <= _LARGEST_SMALL_RING for index in ring}
    return atoms, bonds


def _tensor(array: npt.NDArray[Any]) -> torch.Tensor:
    return torch.from_numpy(np.ascontiguousarray(array.astype(np.int64)))
