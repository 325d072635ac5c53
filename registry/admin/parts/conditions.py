"""Conditions of a measurement or a prediction as a person writes them: 353 K, LiTFSI, 1.5 mol/kg."""

from collections.abc import Mapping
from typing import Any

from mlcore.chem.salts import name_of
from registry.admin.parts import display
from registry.models import Measurement

_UNITS = {"temperature_k": "K", "concentration": "mol/kg"}  # of conditions that need no name
_PLAIN = {"salt"}
_FIRST = ("temperature_k", "salt", "concentration")
_LONGEST = 32  # characters of a salt without a name, beside other conditions


def conditions(row: Measurement, whole: bool = False) -> str:
    """Empty where nothing is stated. whole: with all of a salt that is a long SMILES."""
    named = {"temperature_k": row.temperature_k, "salt": row.salt, "concentration": row.concentration}
    return stated(named | row.conditions, whole)


def stated(values: Mapping[str, Any], whole: bool = False) -> str:
    """Named values, the usual ones first; what is empty says nothing."""
    order = sorted(values, key=lambda name: _FIRST.index(name) if name in _FIRST else len(_FIRST))
    return ", ".join(_one(name, values[name], whole) for name in order if values[name] not in (None, "", {}, []))


def salt_text(text: str) -> str:
    """The name of a salt, or else its SMILES; of a long one the beginning."""
    name = name_of(text)
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - 1]}…"


def _one(name: str, value: Any, whole: bool) -> str:
    if isinstance(value, Mapping):
        return stated(value, whole)
    if isinstance(value, list):
        text = _several(name, value)
    else:
        text = _number(name, value) if isinstance(value, float) else str(value)
    if name == "salt":
        text = name_of(text) if whole else salt_text(text)
    if name in _UNITS:
        return f"{text} {_UNITS[name]}"
    return text if name in _PLAIN else f"{name.replace('_', ' ')} {text}"


def _number(name: str, value: float) -> str:
    return display.number(value, 5 if name == "temperature_k" else 3)


def _several(name: str, values: list[Any]) -> str:
    """298, 313 and 333; of many the ends and how many."""
    texts = [_number(name, float(value)) if isinstance(value, int | float) else str(value) for value in values]
    if len(texts) > 4 and all(isinstance(value, int | float) for value in values):
        ends = (_number(name, float(end)) for end in (min(values), max(values)))
        return f"{len(texts)} values from {' to '.join(ends)}"
    return " and ".join(filter(None, (", ".join(texts[:-1]), texts[-1] if texts else "")))
