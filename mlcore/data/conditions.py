"""Under which conditions a value was measured: temperature, salt, concentration, whatever a configuration names."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from mlcore.chem import molecule, salts
from mlcore.chem.errors import ChemError
from mlcore.errors import UserError

if TYPE_CHECKING:
    from mlcore.config import ConditionColumn

MISSING = ("", "nan", "na", "null", "none")
"""Cells that say that there is no value, in lower case."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Conditions:
    """The conditions of N rows; what a row does not say is NaN, or the empty text for a structure."""

    numbers: Mapping[str, Floats] = field(default_factory=dict)
    """By name, (N,) each, in the unit of the configuration."""
    structures: Mapping[str, list[str]] = field(default_factory=dict)
    """By name, N identity keys of molecules or salts."""

    def of(self, rows: Sequence[int] | NDArray[np.int64]) -> "Conditions":
        """Those of some of the rows."""
        return Conditions(
            {name: values[np.asarray(rows, dtype=np.int64)] for name, values in self.numbers.items()},
            {name: [keys[row] for row in rows] for name, keys in self.structures.items()},
        )

    def followed_by(self, others: "Conditions") -> "Conditions":
        """These rows and then others, of the same conditions."""
        return Conditions(
            {name: np.concatenate([values, others.numbers[name]]) for name, values in self.numbers.items()},
            {name: keys + others.structures[name] for name, keys in self.structures.items()},
        )

    @classmethod
    def gather(cls, columns: Sequence["ConditionColumn"], rows: Sequence[Mapping[str, float | str]]) -> "Conditions":
        """From what `cells` made of each row."""
        kinds = {column.name: column.kind for column in columns}
        return cls(
            {
                name: np.array([row[name] for row in rows], dtype=np.float64)
                for name, k in kinds.items()
                if k == "number"
            },
            {name: [str(row[name]) for row in rows] for name, kind in kinds.items() if kind == "structure"},
        )


def cells(columns: Sequence["ConditionColumn"], row: Mapping[str, str]) -> dict[str, float | str]:
    """What one row of a table says: by condition its number (NaN for none) or identity key ("" for none).

    A column that the row lacks says nothing. Raises UserError naming the column and the cell that cannot be used.
    """
    found: dict[str, float | str] = {}
    for column in columns:
        text = (row.get(column.source) or "").strip()
        found[column.name] = _structure(text, column) if column.kind == "structure" else _number(text, column)
    return found


def _number(text: str, column: "ConditionColumn") -> float:
    if text.lower() in MISSING:
        return math.nan
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise UserError(f"{column.source}: {text[:40]!r} is no finite number")
    if least := column.absolute_zero:
        limit, unit = least
        if value < limit:
            raise UserError(f"{column.source}: {text} {unit} is below absolute zero, {limit:g} {unit}")
    return value


def _structure(text: str, column: "ConditionColumn") -> str:
    if text.lower() in MISSING:
        return ""
    try:
        return molecule.key(salts.by_name(text) or text)
    except ChemError as error:
        neither = f"{text[:40]!r} is neither a salt known by name, such as LiTFSI, nor a SMILES"
        raise UserError(f"{column.source}: {neither}: {error}") from error
