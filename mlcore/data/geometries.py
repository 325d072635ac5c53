"""Molecules in space as networks take them: atoms end to end, and the pairs of atoms that see one another.

torch_geometric's own radius_graph needs a compiled extension. Molecules are small, so all pairs are tried.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from mlcore.chem.geometry import Geometry


@dataclass(frozen=True)
class Atoms:
    """Some molecules as one cloud of A atoms with E pairs; no pair crosses from one molecule to another."""

    num_graphs: int
    numbers: Tensor  # (A,) atomic numbers
    molecule: Tensor  # (A,) number of each atom's molecule
    first: Tensor  # (E,) each pair stands once
    second: Tensor  # (E,)
    distances: Tensor  # (E,) angstrom

    def to(self, device: torch.device | str) -> "Atoms":
        """The same on a device."""
        parts = (self.numbers, self.molecule, self.first, self.second, self.distances)
        return Atoms(self.num_graphs, *(part.to(device) for part in parts))


@dataclass(frozen=True)
class Geometries:
    """Many molecules end to end, from which batches are taken."""

    numbers: Tensor  # (A,)
    atom_counts: Tensor  # (G,)
    ends: Tensor  # (2, E), counted within the molecule
    distances: Tensor  # (E,)
    pair_counts: Tensor  # (G,)

    def __len__(self) -> int:
        return len(self.atom_counts)

    @classmethod
    def of(cls, geometries: Sequence[Geometry], cutoff: float) -> "Geometries":
        """Pairs nearer than `cutoff` angstrom."""
        pairs = [_pairs(geometry, cutoff) for geometry in geometries]
        numbers = [geometry.numbers for geometry in geometries]
        return cls(
            torch.from_numpy(np.concatenate([np.empty(0, dtype=np.int64), *numbers])),
            torch.tensor([len(part) for part in numbers], dtype=torch.int64),
            torch.from_numpy(np.concatenate([np.empty((2, 0), dtype=np.int64), *(ends for ends, _ in pairs)], axis=1)),
            torch.from_numpy(np.concatenate([np.empty(0), *(lengths for _, lengths in pairs)])).float(),
            torch.tensor([len(lengths) for _, lengths in pairs], dtype=torch.int64),
        )

    def to(self, device: torch.device) -> "Geometries":
        """The same on a device, so that batches need no transfer."""
        return replace(self, **{name: tensor.to(device) for name, tensor in vars(self).items()})

    def batch(self, rows: npt.ArrayLike, device: torch.device | str = "cpu") -> Atoms:
        """The molecules `rows`, in that order."""
        chosen = torch.as_tensor(np.asarray(rows, dtype=np.int64), device=self.numbers.device)
        counts, pairs = self.atom_counts[chosen], self.pair_counts[chosen]
        molecule = torch.arange(len(chosen), device=chosen.device).repeat_interleave(counts)
        which = _spans(_starts(self.pair_counts)[chosen], pairs)
        first, second = self.ends[:, which] + _starts(counts).repeat_interleave(pairs)
        atoms = _spans(_starts(self.atom_counts)[chosen], counts)
        cloud = Atoms(len(chosen), self.numbers[atoms], molecule, first, second, self.distances[which])
        return cloud.to(device)


def _pairs(geometry: Geometry, cutoff: float) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    """Places (2, E) and distances (E,) of the pairs of one molecule."""
    first, second = np.triu_indices(len(geometry.numbers), 1)
    lengths = np.linalg.norm(geometry.positions[first] - geometry.positions[second], axis=1)
    near = lengths < cutoff
    return np.stack([first, second])[:, near], lengths[near]


def _starts(counts: Tensor) -> Tensor:
    return counts.cumsum(0) - counts


def _spans(starts: Tensor, counts: Tensor) -> Tensor:
    """The integers of every span start..start+count, one span after the other."""
    offset = (starts - _starts(counts)).repeat_interleave(counts)
    return torch.arange(len(offset), device=counts.device) + offset
