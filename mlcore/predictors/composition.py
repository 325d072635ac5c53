"""Is a baseline the value of the molecule that it stands beside? What a molecule is made of nearly says how large.

Dressed atoms fitted to the baselines of a training miss energies of other molecules by tenths of a hartree, where one
hydrogen more is half a hartree and a value in another unit far off. So what lies much farther from their sum than the
baselines learned with was mixed up. Of a property that does not follow from the atoms, only what is beyond all reason
is told from the rest.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from mlcore.data.splits import Split
from mlcore.data.tables import Table, to_scale
from mlcore.errors import UserError
from mlcore.predictors import reading
from mlcore.predictors.dressed_atoms import DressedAtoms, Formula, strange

Floats = NDArray[np.float64]

LEAST = 20
"""Molecules from which the misses of others can be told; and four times as many as there are elements."""
_USUAL, _TIMES = 0.99, 5.0
"""How far is far: so many times the miss of all but one in a hundred. The one may be a molecule of two atoms."""
_ROUNDED = 1e-6
"""Of the largest baseline: what counts as no miss."""
_TABLE = Chem.GetPeriodicTable()


@dataclass(frozen=True)
class Composition:
    """What baselines of one property are to be expected."""

    dressed: DressedAtoms
    limit: float
    """The largest miss that is none, on the property's axis."""

    @classmethod
    def fit(cls, molecules: Sequence[Formula], values: Floats) -> "Composition | None":
        """From baselines (N,) on the axis, NaN where unknown; None where they are too few."""
        known = np.flatnonzero(np.isfinite(values))
        if len(known) < LEAST:
            return None
        chosen, taught = [molecules[row] for row in known.tolist()], values[known]
        dressed = DressedAtoms.fit(chosen, taught[:, None])
        if len(known) < 4 * len(dressed.elements):
            return None
        usual = float(np.quantile(np.abs(taught - dressed(chosen)[:, 0]), _USUAL))
        return cls(dressed, max(_TIMES * usual, _ROUNDED * float(np.abs(taught).max())))

    def agrees(self, molecules: Sequence[Formula], values: Floats) -> NDArray[np.bool_]:
        """(N,): is each baseline (N,) near enough; one of a molecule with other elements cannot be judged and is."""
        known = np.array([strange(molecule, self.dressed.elements) is None for molecule in molecules], dtype=bool)
        far: NDArray[np.bool_] = np.abs(values - self.dressed(molecules)[:, 0]) > self.limit  # not for NaN
        return np.logical_not(known & far)

    def as_json(self) -> dict[str, Any]:
        """For the property's entry in a manifest; `read` takes it back."""
        symbols = [_TABLE.GetElementSymbol(int(number)) for number in self.dressed.elements]
        atoms = dict(zip(symbols, self.dressed.contributions[:, 0].tolist(), strict=True))
        return {"baseline_atoms": atoms, "baseline_limit": self.limit}

    @classmethod
    def read(cls, entry: Mapping[str, Any]) -> "Composition | None":
        """None where the entry has none, as those of earlier bundles; UserError where it cannot be read."""
        if "baseline_atoms" not in entry:
            return None
        try:
            atoms: dict[str, Any] = dict(entry["baseline_atoms"])
            numbers = np.array([_TABLE.GetAtomicNumber(symbol) for symbol in atoms], dtype=np.int64)
            values = np.array(list(atoms.values()), dtype=np.float64)[:, None]
            return cls(DressedAtoms(numbers, values), float(entry["baseline_limit"]))
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise UserError(f"manifest.json: {entry.get('name')}: baseline_atoms cannot be read: {error}") from error


def inherited(entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """What `learned` has added to the properties' entries of another manifest."""
    found = map(Composition.read, entries)
    return [composition.as_json() if composition else {} for composition in found]


def learned(table: Table, split: Split) -> list[dict[str, Any]]:
    """What to add to each property's entry, from the training rows: nothing unless a molecule has a baseline."""
    with_baseline = [bool(item.baseline) and table.kind == "molecule" for item in table.properties]
    if not any(with_baseline):
        return [{} for _ in table.properties]
    formulas = [Formula.of(molecule) for molecule in reading.of_keys([table.keys[row] for row in split.train])]
    found: list[dict[str, Any]] = []
    for i, (item, wanted) in enumerate(zip(table.properties, with_baseline, strict=True)):
        axis = to_scale(table.baselines[split.train, i], item.scale)
        fitted = Composition.fit(formulas, axis) if wanted else None
        found.append(fitted.as_json() if fitted else {})
    return found
