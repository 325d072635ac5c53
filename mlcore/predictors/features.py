"""Structures as rows of numbers for models that know no graphs: how often each surrounding of an atom occurs, and a few
descriptors.

A surrounding is a Morgan environment (Rogers and Hahn, J. Chem. Inf. Model. 50, 742 (2010)), counted without folding:
those that most training structures have become the columns. The ring of a polymer may hold its repeat unit several
times, which nothing but the length of the unit decides; so counts and sizes are divided by the greatest common divisor
of the counts, and the columns do not depend on how often the unit stands in the ring.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdFingerprintGenerator, rdMolDescriptors
from torch import Tensor

from mlcore.chem.identity import Kind
from mlcore.predictors.configs import TreesConfig

Floats = NDArray[np.float64]

_EXTENSIVE = (
    Chem.Mol.GetNumHeavyAtoms,
    rdMolDescriptors.CalcTPSA,
    rdMolDescriptors.CalcNumHBD,
    rdMolDescriptors.CalcNumHBA,
    rdMolDescriptors.CalcNumHeteroatoms,
    rdMolDescriptors.CalcNumAmideBonds,
    rdMolDescriptors.CalcExactMolWt,
    rdMolDescriptors.CalcLabuteASA,
)
DESCRIPTORS = 2 * (3 + len(_EXTENSIVE)) + 1


@dataclass(frozen=True)
class Features:
    """Which columns a table of structures has."""

    surroundings: NDArray[np.int64]
    """(S,): identifiers of the Morgan environments that are counted."""
    radius: int
    """Bonds that an environment reaches."""
    repeats: bool
    """Whether a structure may hold its unit several times: polymers."""

    @classmethod
    def fit(cls, molecules: Sequence[Chem.Mol], config: TreesConfig, kind: Kind) -> "Features":
        """The columns for some training structures."""
        found = cls(np.empty(0, dtype=np.int64), config.radius, kind == "polymer")
        having = Counter(name for counts in found._counts(molecules) for name in counts)
        frequent = [(count, name) for name, count in having.items() if count >= config.least]
        chosen = sorted(frequent, key=lambda item: (-item[0], item[1]))[: config.surroundings]
        return cls(np.array([name for _, name in chosen], dtype=np.int64), found.radius, found.repeats)

    @property
    def columns(self) -> int:
        """Of `of`."""
        return len(self.surroundings) + DESCRIPTORS

    def of(self, molecules: Sequence[Chem.Mol]) -> Floats:
        """(N, columns): counts of the environments, then the descriptors."""
        places = {name: place for place, name in enumerate(self.surroundings.tolist())}
        rows = np.zeros((len(molecules), self.columns))
        for row, molecule, counts in zip(rows, molecules, self._counts(molecules), strict=True):
            units = math.gcd(*counts.values()) if self.repeats else 1
            for name in counts.keys() & places.keys():
                row[places[name]] = counts[name] / units
            row[len(places) :] = describe(molecule, units)
        return rows

    def _counts(self, molecules: Sequence[Chem.Mol]) -> list[dict[int, int]]:
        make = rdFingerprintGenerator.GetMorganGenerator(radius=self.radius)
        return [make.GetSparseCountFingerprint(molecule).GetNonzeroElements() for molecule in molecules]

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        return {"features.surroundings": torch.from_numpy(self.surroundings)}

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor], config: TreesConfig, kind: Kind) -> "Features":
        """From the tensors of a bundle and its settings."""
        return cls(tensors["features.surroundings"].numpy(), config.radius, kind == "polymer")


def describe(molecule: Chem.Mol, units: int) -> list[float]:
    """Sizes and sums, of one unit and per heavy atom, and the share of sp3 carbon."""
    log_p, refractivity = rdMolDescriptors.CalcCrippenDescriptors(molecule)
    largest_ring = max(map(len, molecule.GetRingInfo().AtomRings()), default=0)  # of a polymer: its backbone
    sums = [log_p, refractivity, largest_ring, *(float(total(molecule)) for total in _EXTENSIVE)]
    atoms = molecule.GetNumHeavyAtoms() or 1
    share = rdMolDescriptors.CalcFractionCSP3(molecule)
    return [total / units for total in sums] + [total / atoms for total in sums] + [share]
