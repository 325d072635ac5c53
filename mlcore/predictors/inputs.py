"""Structures and conditions as the rows of numbers that a small network takes, all of about unit size.

Counts of surroundings, descriptors and functional groups of the structure; size and composition of a salt; numbers such
as molality and molecular weight, which span decades, as their logarithm and its square. What a row does not say is the
mean of the training rows, beside a column that says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import torch
from numpy.typing import NDArray
from rdkit import Chem
from torch import Tensor

from mlcore.chem.identity import Kind
from mlcore.config import ConditionColumn
from mlcore.data.conditions import Conditions
from mlcore.predictors import doubts, groups, salts
from mlcore.predictors.configs import PolymerArrheniusConfig, TreesConfig
from mlcore.predictors.features import Features

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_FARTHEST = 4.0
"""Standard deviations beyond which an input is no farther: a salt content of 204 mol/kg shall not rule the network."""
_STRUCTURE, _SURROUNDINGS, _SQUARE = 0.5, 0.25, 0.3
"""How much of a standard deviation the kinds of columns keep: there are many of a structure and few numbers."""


@dataclass(frozen=True)
class Inputs:
    """Which columns there are, and what standardises them."""

    features: Features
    numbers: tuple[str, ...]
    """Conditions that are numbers, except the temperature."""
    structures: tuple[str, ...]
    """Conditions that are structures."""
    mean: Floats
    """(F,) over the training structures, salts and rows: of structure, salt and number columns in turn."""
    unit: Floats
    least: Floats
    """(C,): least training value of each column of the conditions, for the domain."""
    most: Floats
    elements: NDArray[np.bool_]
    """(S, salts.ATOMIC_NUMBERS): which elements the training salts have, for the domain."""

    @classmethod
    def fit(
        cls,
        molecules: Sequence[Chem.Mol],
        place: Indices,
        conditions: Conditions,
        columns: Sequence[ConditionColumn],
        config: PolymerArrheniusConfig,
        kind: Kind,
    ) -> "Inputs":
        """The columns for training rows: row i holds molecules[place[i]] under conditions i."""
        features = Features.fit(molecules, _counting(config), kind)
        numbers = tuple(c.name for c in columns if c.kind == "number" and c.name != config.temperature)
        structures = tuple(c.name for c in columns if c.kind == "structure")
        empty = np.empty(0)
        seen = [salts.elements(sorted(set(conditions.structures[name]))).any(axis=0) for name in structures]
        elements = np.array(seen, dtype=bool).reshape(-1, salts.ATOMIC_NUMBERS)
        found = cls(features, numbers, structures, empty, empty, empty, empty, elements)
        parts = [found._of_structures(molecules)]
        for name in structures:
            parts.append(salts.describe(sorted(set(conditions.structures[name]) - {""})))
        parts.append(found._of_numbers(conditions, len(place)))
        mean, unit = (np.concatenate(part) for part in zip(*map(_standards, parts), strict=True))
        told = found._told(conditions, len(place))
        least = np.where(np.isnan(told), np.inf, told).min(axis=0, initial=np.inf)
        most = np.where(np.isnan(told), -np.inf, told).max(axis=0, initial=-np.inf)
        return cls(features, numbers, structures, mean, unit, least, most, elements)

    @property
    def columns(self) -> int:
        """Of `of`."""
        return len(self.mean) + 2 * len(self.numbers) + len(self.structures)

    def of(self, molecules: Sequence[Chem.Mol], place: Indices, conditions: Conditions) -> NDArray[np.float32]:
        """(N, columns): row i holds molecules[place[i]] under conditions i."""
        told = self._told(conditions, len(place))
        rows = np.hstack([self._of_structures(molecules)[place], told])
        missing = np.isnan(rows)
        rows = np.clip(np.where(missing, 0.0, (rows - self.mean) / self.unit), -_FARTHEST, _FARTHEST)
        split = len(self.mean) - len(self.numbers)
        rows[:, :split] *= _STRUCTURE
        rows[:, : len(self.features.surroundings)] *= _SURROUNDINGS / _STRUCTURE
        squares = _SQUARE * np.square(rows[:, split:])
        firsts = [self.features.columns + groups.COLUMNS + i * salts.COLUMNS for i in range(len(self.structures))]
        flags = missing[:, [*firsts, *range(split, len(self.mean))]]
        return np.hstack([rows, squares, flags]).astype(np.float32)

    def doubts_about(self, conditions: Conditions, n: int) -> list[str]:
        """(N,): what the rows say beyond what the training rows said, or which element is new in a salt; else empty."""
        told = self._told(conditions, n)
        slack = 1e-6 * (1 + np.abs(told))
        beyond = (told < self.least - slack) | (told > self.most + slack)  # not for what is not said
        found = []
        for i, (name, seen) in enumerate(zip(self.structures, self.elements, strict=True)):
            strange = salts.elements(conditions.structures.get(name, [""] * n)) & ~seen
            other = beyond[:, i * salts.COLUMNS : (i + 1) * salts.COLUMNS].any(axis=1) & ~strange.any(axis=1)
            found.append(doubts.where(strange.any(axis=1), partial(_new_element, name, strange)))
            found.append(doubts.where(other, f"no training {name} is of such size and composition"))
        first = len(self.structures) * salts.COLUMNS
        for i, name in enumerate(self.numbers, start=first):
            ends = 10 ** self.least[i], 10 ** self.most[i]
            found.append(doubts.where(beyond[:, i], partial(_beyond, name, 10 ** told[:, i], ends)))
        return doubts.together([""] * n, *found)

    def _of_structures(self, molecules: Sequence[Chem.Mol]) -> Floats:
        """(U, columns of the structure): counts and descriptors on a logarithmic axis, groups as they are."""
        rows = self.features.of(molecules)
        return np.hstack([np.sign(rows) * np.log1p(np.abs(rows)), groups.shares(molecules)])

    def _of_numbers(self, conditions: Conditions, n: int) -> Floats:
        """(N, numbers): decimal logarithms; NaN for what is not said, as which 0 counts."""
        columns = [conditions.numbers.get(name, np.full(n, np.nan)) for name in self.numbers]
        values = np.stack(columns, axis=1) if columns else np.empty((n, 0))
        return np.log10(np.where(values > 0, values, np.nan))

    def _told(self, conditions: Conditions, n: int) -> Floats:
        """(N, C): all that the rows say of their conditions."""
        keys = [conditions.structures.get(name, [""] * n) for name in self.structures]
        return np.hstack([*map(salts.describe, keys), self._of_numbers(conditions, n)])

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        own = {name: getattr(self, name) for name in ("mean", "unit", "least", "most", "elements")}
        return self.features.tensors() | {f"inputs.{name}": torch.from_numpy(value) for name, value in own.items()}

    @classmethod
    def load(
        cls,
        tensors: Mapping[str, Tensor],
        columns: Sequence[ConditionColumn],
        config: PolymerArrheniusConfig,
        kind: Kind,
    ) -> "Inputs":
        """From the tensors of a bundle and its settings; ValueError where they do not fit each other."""
        numbers = tuple(c.name for c in columns if c.kind == "number" and c.name != config.temperature)
        structures = tuple(c.name for c in columns if c.kind == "structure")
        features = Features.load(tensors, _counting(config), kind)
        own = (tensors[f"inputs.{name}"].numpy() for name in ("mean", "unit", "least", "most"))
        mean, unit, least, most = own
        told = salts.COLUMNS * len(structures) + len(numbers)
        if len(mean) != features.columns + groups.COLUMNS + told or len(most) != told:
            raise ValueError("the number of columns differs")
        return cls(features, numbers, structures, mean, unit, least, most, _elements(tensors, most, len(structures)))


def _elements(tensors: Mapping[str, Tensor], most: Floats, structures: int) -> NDArray[np.bool_]:
    """(S, salts.ATOMIC_NUMBERS); a bundle from before they were kept tells them by its largest training values."""
    if (kept := tensors.get("inputs.elements")) is not None:
        found: NDArray[np.bool_] = kept.numpy()
        return found
    columns = most[: salts.COLUMNS * structures].reshape(structures, salts.COLUMNS)
    return np.array([salts.counted(row) for row in columns], dtype=bool).reshape(structures, salts.ATOMIC_NUMBERS)


def _new_element(name: str, strange: NDArray[np.bool_], row: int) -> str:
    return f"no training {name} has {Chem.GetPeriodicTable().GetElementSymbol(int(strange[row].argmax()))}"


def _beyond(name: str, values: Floats, ends: tuple[float, float], row: int) -> str:
    return f"{name} {values[row]:.4g} is beyond the training, {ends[0]:.4g} to {ends[1]:.4g}"


def _counting(config: PolymerArrheniusConfig) -> TreesConfig:
    return TreesConfig(surroundings=config.surroundings, radius=config.radius, least=config.least)


def _standards(rows: Floats) -> tuple[Floats, Floats]:
    """Mean and standard deviation of columns, (F,) each; 0 and 1 where there is nothing to tell apart."""
    known = np.isfinite(rows)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, rows, 0).sum(axis=0) / count
    unit = np.sqrt(np.where(known, np.square(rows - mean), 0).sum(axis=0) / count)
    return mean, np.where(unit < 1e-9, 1.0, unit)
