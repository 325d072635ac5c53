"""Conditions of a measurement or a prediction as a person writes them: 353 K, LiTFSI, 1.5 mol/kg."""

from collections.abc import Mapping
from typing import Any

from registry.admin.parts import display
from registry.models import Measurement

_UNITS = {"temperature_k": "K", "concentration": "mol/kg"}  # of conditions that need no name
_PLAIN = {"salt"}


def conditions(row: Measurement) -> str:
    """Empty where nothing is stated."""
    named = {"temperature_k": row.temperature_k, "salt": row.salt, "concentration": row.concentration}
    return stated(named | row.conditions)


def stated(values: Mapping[str, Any]) -> str:
    """Named values; what is empty says nothing."""
    return ", ".join(_one(name, value) for name, value in values.items() if value not in (None, "", {}, []))


def _one(name: str, value: Any) -> str:
    if isinstance(value, Mapping):
        return stated(value)
    text = display.number(value, 5 if name == "temperature_k" else 3) if isinstance(value, float) else str(value)
    if name in _UNITS:
        return f"{text} {_UNITS[name]}"
    return text if name in _PLAIN else f"{name.replace('_', ' ')} {text}"
