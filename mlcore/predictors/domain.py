"""Is a structure of a kind that the model was trained on?

Three conditions, all from the training set. What the structure is as a whole occurs there (`traits`), and so does every
kind of atom and bond of it: a network has learned nothing about an element that it never saw. And its nearest
*landmark* is near enough: landmarks are training structures picked to lie far apart (`landmarks`), so that few of them
cover the set and the bundle stays small; near enough means as near as nearly all landmarks are to one another.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor

from mlcore.chem.fingerprints import Packed, morgan_of, pack, tanimoto_matrix
from mlcore.data.graphs import ATOM_CATEGORIES, BOND_CATEGORIES, Codes, Graphs
from mlcore.predictors import doubts
from mlcore.predictors.landmarks import spread_out
from mlcore.predictors.traits import Traits

_STRANGERS = 0.05
"""Share of the landmarks that may lie farther from all others than the limit, so that odd ones do not widen it."""
_OF_ATOMS = [name.replace("aromatic", "aromaticity") for name in ATOM_CATEGORIES]
_OF_BONDS = [name.replace("_", "-").replace("conjugated", "conjugation") for name in BOND_CATEGORIES]


@dataclass(frozen=True)
class Domain:
    """What is kept of a training set to recognise its kind."""

    landmarks: Packed
    """Morgan fingerprints (L, 32)."""
    similarity: float
    """Least Tanimoto similarity to the nearest landmark."""
    atoms: NDArray[np.bool_]
    """(features, categories): atom categories seen in training."""
    bonds: NDArray[np.bool_]
    """The same for bonds."""
    traits: Traits

    @classmethod
    def fit(cls, molecules: Sequence[Chem.Mol], graphs: Graphs, rows: NDArray[np.int64], landmarks: int) -> "Domain":
        """The domain of the training rows of some molecules and their graphs."""
        learned = [molecules[row] for row in rows]
        chosen = _spread_out(_fingerprints(learned), landmarks)
        atoms = _seen(graphs.atoms[np.isin(graphs.graph_of_atom, rows)], max(ATOM_CATEGORIES.values()))
        bonds = _seen(graphs.bonds[np.isin(graphs.graph_of_bond, rows)], max(BOND_CATEGORIES.values()))
        return cls(chosen, _limit(chosen), atoms, bonds, Traits.fit(learned))

    def joined(self, earlier: "Domain", landmarks: int) -> "Domain":
        """The domain of a model trained first on `earlier` and then on this one."""
        chosen = _spread_out(np.concatenate([earlier.landmarks, self.landmarks]), landmarks)
        limit = min(earlier.similarity, _limit(chosen))  # what was near enough before still is
        traits = self.traits.joined(earlier.traits)
        return Domain(chosen, limit, self.atoms | earlier.atoms, self.bonds | earlier.bonds, traits)

    def doubts_about(self, molecules: Sequence[Chem.Mol], graphs: Graphs) -> list[str]:
        """(N,): why each molecule, given with its graph, lies outside; empty for those that do not."""
        if not molecules:
            return []
        nearest = tanimoto_matrix(_fingerprints(molecules), self.landmarks).max(axis=1)
        far = doubts.where(
            nearest < self.similarity,
            lambda row: (
                f"like no training structure: Tanimoto similarity {nearest[row]:.2f} to the nearest of "
                f"{len(self.landmarks):,} picked to stand for all, usual is {self.similarity:.2f} or more"
            ),
        )
        whole = self.traits.doubts_about(molecules)
        kinds = ["" if told else kind for told, kind in zip(whole, self._strange(molecules, graphs), strict=True)]
        return doubts.together(whole, kinds, far)

    def _strange(self, molecules: Sequence[Chem.Mol], graphs: Graphs) -> list[str]:
        """(N,): the first kind of atom or bond of each that no training structure has."""
        kinds: dict[int, str] = {}
        starts = np.cumsum([0, *graphs.atom_counts])
        for place, feature in _unseen(graphs.atoms, self.atoms):
            graph = int(graphs.graph_of_atom[place])
            symbol = molecules[graph].GetAtomWithIdx(place - int(starts[graph])).GetSymbol()
            kinds.setdefault(graph, f"an atom like its {symbol} ({_OF_ATOMS[feature]})")
        for place, feature in _unseen(graphs.bonds, self.bonds):
            kinds.setdefault(int(graphs.graph_of_bond[place]), f"a bond like one of its own ({_OF_BONDS[feature]})")
        return [
            f"no training structure has {kinds[graph]}" if graph in kinds else "" for graph in range(len(molecules))
        ]

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        return {
            "domain.landmarks": torch.from_numpy(self.landmarks.view(np.int64).copy()),
            "domain.similarity": torch.tensor(self.similarity, dtype=torch.float64),
            "domain.atoms": torch.from_numpy(self.atoms),
            "domain.bonds": torch.from_numpy(self.bonds),
        } | self.traits.tensors()

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor]) -> "Domain":
        """From the tensors of a bundle."""
        return cls(
            tensors["domain.landmarks"].numpy().view(np.uint64),
            float(tensors["domain.similarity"]),
            tensors["domain.atoms"].numpy(),
            tensors["domain.bonds"].numpy(),
            Traits.load(tensors),
        )


def _fingerprints(molecules: Sequence[Chem.Mol]) -> Packed:
    return pack([morgan_of(molecule) for molecule in molecules])


def _spread_out(fingerprints: Packed, count: int) -> Packed:
    """Up to `count` rows that lie far apart."""

    def unlikeness(row: int) -> NDArray[np.floating]:
        return -tanimoto_matrix(fingerprints[row : row + 1], fingerprints)[0]

    return fingerprints[spread_out(len(fingerprints), count, unlikeness)]


def _limit(landmarks: Packed) -> float:
    """The least similarity that counts as near, for landmarks (L, 32)."""
    others = tanimoto_matrix(landmarks, landmarks)
    np.fill_diagonal(others, 0)
    return float(np.quantile(others.max(axis=1), _STRANGERS))


def _seen(codes: Codes, categories: int) -> NDArray[np.bool_]:
    """(features, categories): which categories occur in codes (N, features)."""
    return np.stack([np.isin(np.arange(categories), column) for column in codes.T])


def _unseen(codes: Codes, seen: NDArray[np.bool_]) -> list[list[int]]:
    """Row and feature of each category in codes (N, features) that was not seen."""
    found: list[list[int]] = np.argwhere(~seen[np.arange(codes.shape[1]), codes]).tolist()
    return found
