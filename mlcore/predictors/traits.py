"""What a structure as a whole is, which its atoms one by one do not tell: elements, charge, unpaired electrons, size.

A network's categories hold common elements and put all others together; a charge may sit on an atom of a kind that is
common in zwitterions; and kernels between atoms in space know of neither.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor

from mlcore.predictors import doubts

_ELEMENTS = 119
_SIGNS = {-1: "a negative charge", 0: "no charge", 1: "a positive charge"}
_TIMES = 2
"""As large as the largest training molecule, up to which the size is none of the doubts."""


@dataclass(frozen=True)
class Traits:
    """Those of a training set."""

    elements: NDArray[np.bool_]
    """(119,): by atomic number, hydrogen that is written as well as hydrogen that is meant."""
    signs: NDArray[np.bool_]
    """(3,): of total charges, negative, none, positive."""
    radical: bool
    """Whether some structure has an unpaired electron."""
    heavy: int
    """Heavy atoms of the largest."""

    @classmethod
    def fit(cls, molecules: Sequence[Chem.Mol]) -> "Traits":
        """Of the structures that were learned from."""
        elements, signs = np.zeros(_ELEMENTS, dtype=bool), np.zeros(len(_SIGNS), dtype=bool)
        for molecule in molecules:
            elements[list(_elements(molecule))] = True
            signs[1 + _sign(molecule)] = True
        sizes = [molecule.GetNumHeavyAtoms() for molecule in molecules]
        return cls(elements, signs, any(map(_is_radical, molecules)), max(sizes, default=0))

    def joined(self, earlier: "Traits") -> "Traits":
        """Of two trainings, one after the other."""
        if self is UNKNOWN or earlier is UNKNOWN:
            return UNKNOWN
        return Traits(
            self.elements | earlier.elements,
            self.signs | earlier.signs,
            self.radical or earlier.radical,
            max(self.heavy, earlier.heavy),
        )

    def doubts_about(self, molecules: Sequence[Chem.Mol]) -> list[str]:
        """(N,): elements, charges and unpaired electrons that no training structure has; empty for nothing such."""
        return doubts.together(*zip(*map(self._strange, molecules), strict=True)) if molecules else []

    def too_large(self, molecules: Sequence[Chem.Mol]) -> list[str]:
        """(N,): the same of sizes, for models that add up atoms."""
        sizes = np.array([molecule.GetNumHeavyAtoms() for molecule in molecules])
        return doubts.where(
            sizes > _TIMES * self.heavy,
            lambda row: f"{sizes[row]} heavy atoms, where the largest training molecule has {self.heavy}",
        )

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        return {
            "traits.elements": torch.from_numpy(self.elements),
            "traits.signs": torch.from_numpy(self.signs),
            "traits.radical": torch.tensor(self.radical),
            "traits.heavy": torch.tensor(self.heavy),
        }

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor]) -> "Traits":
        """From the tensors of a bundle; `UNKNOWN` from one that keeps none, as older ones do."""
        if "traits.elements" not in tensors:
            return UNKNOWN
        elements, signs = (tensors[f"traits.{name}"].numpy() for name in ("elements", "signs"))
        return cls(elements, signs, bool(tensors["traits.radical"]), int(tensors["traits.heavy"]))

    def _strange(self, molecule: Chem.Mol) -> tuple[str, str, str]:
        unseen = [number for number in _elements(molecule) if not self.elements[number]]
        symbols = ", ".join(sorted(Chem.GetPeriodicTable().GetElementSymbol(number) for number in unseen))
        sign = _sign(molecule)
        return (
            f"no training structure has {symbols}" if symbols else "",
            "" if self.signs[1 + sign] else f"no training structure has {_SIGNS[sign]}",
            "it is a radical, and no training structure is one" if _is_radical(molecule) > self.radical else "",
        )


UNKNOWN = Traits(np.ones(_ELEMENTS, dtype=bool), np.ones(len(_SIGNS), dtype=bool), True, 10**9)
"""Of a training set that nobody has looked at: nothing is strange to it."""


def _elements(molecule: Chem.Mol) -> set[int]:
    found = {atom.GetAtomicNum() for atom in molecule.GetAtoms()}
    return found | {1} if any(atom.GetTotalNumHs() for atom in molecule.GetAtoms()) else found


def _sign(molecule: Chem.Mol) -> int:
    return int(np.sign(Chem.GetFormalCharge(molecule)))


def _is_radical(molecule: Chem.Mol) -> bool:
    return any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms())
