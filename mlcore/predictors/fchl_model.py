"""What a kernel model of molecular energies keeps of its training set, and how it scores with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.chem.geometry import Geometry
from mlcore.predictors import representations
from mlcore.predictors.configs import FCHLConfig
from mlcore.predictors.dressed_atoms import DressedAtoms
from mlcore.predictors.kernels import Kernel
from mlcore.predictors.representations import Atoms, Directions, spans

Floats = NDArray[np.float64]

_TILE = 128, 1024
"""Atoms compared at once, and training atoms: a megabyte of likenesses, which stays in the cache of a core."""


@dataclass(frozen=True)
class Element:
    """The training atoms of one element that are kept."""

    directions: tuple[Directions, ...]
    """Of each range."""
    atoms: tuple[Tensor, ...]
    """(A, k) in each range."""
    weights: Tensor
    """(A, P) float64: what likeness to each atom adds to each property."""

    def compare(
        self, vectors: Sequence[Tensor], kernel: Kernel, hidden: tuple[Tensor, Tensor] | None
    ) -> tuple[Tensor, Tensor]:
        """Sums (B, P) and the likeness (B,) to the most like training atom, of atoms (B, k) in each range.

        hidden: groups of the atoms (B,) and of the training atoms (A,); the most like one is sought in other groups.
        """
        sums = torch.zeros(len(vectors[0]), self.weights.shape[1], dtype=torch.float64)
        best = torch.zeros(len(vectors[0]), dtype=torch.float64)
        for right in spans(len(self.weights), _TILE[1]):
            theirs = [kept[right].double() for kept in self.atoms]
            for left in spans(len(best), _TILE[0]):
                likeness = kernel([part[left] for part in vectors], theirs)
                sums[left].addmm_(likeness, self.weights[right])
                if hidden is not None:
                    likeness[hidden[0][left][:, None] == hidden[1][right][None, :]] = 0
                best[left] = torch.maximum(best[left], likeness.amax(dim=1))
        return sums, best.clamp_(max=1)


@dataclass(frozen=True)
class Scores:
    """For N molecules."""

    values: Floats
    """(N, P), on the axis, without the dressed atoms."""
    unlike: Floats
    """(N,): the sum over the atoms of 1 - k², with k the likeness to the most like training atom."""
    least: Floats
    """(N,): the least of these likenesses."""


@dataclass(frozen=True)
class Groups:
    """Who must not be compared with whom, so that training molecules can be scored as if they were none."""

    ours: Tensor
    """(N,): group of each molecule that is scored."""
    theirs: Mapping[int, Tensor]
    """{element: (A,)}: group of each training atom; an atom of one's own group is not the most like one."""


@dataclass(frozen=True)
class Model:
    """A fitted model without its uncertainties."""

    config: FCHLConfig
    dressed: DressedAtoms
    elements: Mapping[int, Element]

    def score(self, geometries: Sequence[Geometry]) -> Scores:
        """Scores of molecules whose elements are all known; the answer for one does not depend on the others."""
        turns = {z: kept.directions for z, kept in self.elements.items()}
        described = representations.blocks(geometries, list(self.elements), self.config)
        parts = [representations.project(block, turns) for block in described]
        return self.score_atoms(representations.join(parts, representations.BLOCK), len(geometries))

    def score_atoms(self, atoms: Mapping[int, Atoms], count: int, groups: Groups | None = None) -> Scores:
        """Scores of `count` molecules given by their atoms."""
        kernel = kernel_of(self.config)
        values = torch.zeros(count, self.dressed.contributions.shape[1], dtype=torch.float64)
        unlike, least = torch.zeros(count, dtype=torch.float64), torch.ones(count, dtype=torch.float64)
        for z, part in atoms.items():
            hidden = None if groups is None else (groups.ours[part.molecule], groups.theirs[z])
            sums, best = self.elements[z].compare(part.double, kernel, hidden)
            values.index_add_(0, part.molecule, sums)
            unlike.index_add_(0, part.molecule, 1 - best.square())
            least.scatter_reduce_(0, part.molecule, best, "amin")
        return Scores(values.numpy(), unlike.numpy(), least.numpy())

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        kept = self.dressed.tensors()
        for z, element in self.elements.items():
            kept[f"element.{z}.weights"] = element.weights
            for n, (turn, atoms) in enumerate(zip(element.directions, element.atoms, strict=True)):
                kept |= {
                    f"element.{z}.mean.{n}": turn.mean,
                    f"element.{z}.basis.{n}": turn.basis,
                    f"element.{z}.atoms.{n}": atoms,
                }
        return kept

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor], config: FCHLConfig) -> "Model":
        """From the tensors of a bundle; KeyError or ValueError where they do not fit together."""
        dressed = DressedAtoms.load(tensors)
        elements = {z: _element(tensors, z, config, dressed) for z in dressed.elements.tolist()}
        return cls(config, dressed, elements)


def kernel_of(config: FCHLConfig) -> Kernel:
    """Likeness of atoms as configured."""
    return Kernel(config.kernel, config.length, [weight for _, weight in config.looks])


def _element(tensors: Mapping[str, Tensor], z: int, config: FCHLConfig, dressed: DressedAtoms) -> Element:
    weights = tensors[f"element.{z}.weights"]
    turns, atoms = [], []
    for n, seen in enumerate(representations.ranges(config)):
        mean, basis, kept = (tensors[f"element.{z}.{part}.{n}"] for part in ("mean", "basis", "atoms"))
        numbers = seen.size(len(dressed.elements))
        if basis.ndim != 2 or mean.shape != (numbers,) or len(basis) != numbers:
            raise ValueError(f"element {z}, range {n}: a representation has {numbers} numbers")
        if kept.shape != (len(weights), basis.shape[1]):
            raise ValueError(f"element {z}, range {n}: atoms and weights")
        turns.append(Directions(mean, basis))
        atoms.append(kept)
    if weights.shape != (len(weights), dressed.contributions.shape[1]):
        raise ValueError(f"element {z}: weights")
    return Element(tuple(turns), tuple(atoms), weights)
