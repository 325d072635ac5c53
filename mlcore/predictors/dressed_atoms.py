"""Dressed atoms: each element contributes one number to a molecule, fitted by least squares.

The energy of a molecule is mostly the energies of its atoms (see e.g. Ward et al., MRS Commun. 9, 891 (2019)); what is
left after them is what a model has to learn. Alone they are the baseline that any model of geometries has to beat.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor

Floats = NDArray[np.float64]


class Composed(Protocol):
    """Whatever is made of atoms, such as a geometry."""

    @property
    def numbers(self) -> NDArray[np.int64]:
        """(A,): atomic numbers, hydrogens included."""


@dataclass(frozen=True)
class Formula:
    """What a molecule is made of."""

    numbers: NDArray[np.int64]
    """(A,): atomic numbers, hydrogens included."""

    @classmethod
    def of(cls, molecule: Chem.Mol) -> "Formula":
        """That of a molecule with implicit hydrogens."""
        return cls(np.array([atom.GetAtomicNum() for atom in Chem.AddHs(molecule).GetAtoms()], dtype=np.int64))


def strange(molecule: Composed, elements: NDArray[np.int64]) -> str | None:
    """None, or which of a molecule's elements are not among those of the training, by atomic number."""
    unknown = sorted(set(molecule.numbers.tolist()) - set(elements.tolist()))
    names = ", ".join(Chem.GetPeriodicTable().GetElementSymbol(number) for number in unknown)
    return f"no training structure has {names}; nothing is known of it" if unknown else None


@dataclass(frozen=True)
class DressedAtoms:
    """What each element contributes to each of P quantities."""

    elements: NDArray[np.int64]
    """(E,) atomic numbers, ascending."""
    contributions: Floats
    """(E, P), in the units of the quantities."""

    @classmethod
    def fit(cls, molecules: Sequence[Composed], targets: Floats) -> "DressedAtoms":
        """Least squares for targets (N, P), NaN where unknown; the smallest contributions where several fit as well."""
        elements = np.unique(np.concatenate([molecule.numbers for molecule in molecules])).astype(np.int64)
        counts = _counts(molecules, elements)
        columns = []
        for target in targets.T:
            known = np.isfinite(target)
            columns.append(np.linalg.lstsq(counts[known], target[known], rcond=None)[0])
        return cls(elements, np.stack(columns, axis=1))

    def __call__(self, molecules: Sequence[Composed]) -> Floats:
        """(N, P): the sums over the atoms; an element that was not fitted adds nothing."""
        values: Floats = _counts(molecules, self.elements) @ self.contributions
        return values

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        return {
            "dressed.elements": torch.from_numpy(self.elements),
            "dressed.contributions": torch.from_numpy(self.contributions),
        }

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor]) -> "DressedAtoms":
        """From the tensors of a bundle; KeyError or ValueError where they do not fit together."""
        elements, contributions = tensors["dressed.elements"], tensors["dressed.contributions"]
        if elements.ndim != 1 or contributions.ndim != 2 or len(contributions) != len(elements):
            raise ValueError("dressed atoms: elements and contributions")
        return cls(elements.numpy(), contributions.numpy())


def _counts(molecules: Sequence[Composed], elements: NDArray[np.int64]) -> Floats:
    """(N, E): how many atoms of each element each molecule has."""
    return np.array(
        [[np.count_nonzero(molecule.numbers == z) for z in elements] for molecule in molecules], dtype=np.float64
    ).reshape(len(molecules), len(elements))
