"""Temperatures between the units that tables use and the kelvin of a law."""

import numpy as np
from numpy.typing import NDArray

from mlcore.config import ConditionColumn
from mlcore.errors import UserError

Floats = NDArray[np.float64]

_ZERO_IN_KELVIN = {"K": 0.0, "degC": 273.15}
"""What 0 of a unit is in kelvin; its degree is a kelvin."""


def to_kelvin(values: Floats, unit: str) -> Floats:
    """Temperatures in `unit` -> kelvin; NaN stays NaN. UserError for a unit that is none of a temperature."""
    return values + _offset(unit)


def from_kelvin(kelvin: Floats, unit: str) -> Floats:
    """Kelvin -> `unit`."""
    return kelvin - _offset(unit)


def column(conditions: tuple[ConditionColumn, ...], name: str) -> ConditionColumn:
    """The condition that is the temperature; UserError where there is none of this name or unit."""
    for item in conditions:
        if item.name == name and item.kind == "number":
            _offset(item.unit)
            return item
    known = ", ".join(item.name for item in conditions) or "none"
    raise UserError(f"data.conditions: the law needs the temperature {name!r} among the numbers; there are: {known}")


def _offset(unit: str) -> float:
    if unit not in _ZERO_IN_KELVIN:
        raise UserError(f"data.conditions: {unit!r} is no unit of temperature known here; use K or degC")
    return _ZERO_IN_KELVIN[unit]
