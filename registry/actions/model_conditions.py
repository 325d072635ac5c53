"""Under which conditions a model can be asked, and what its command line is told of them."""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcore.chem.salts import smiles_of
from registry import units
from registry.actions.base import ActionError
from registry.models import ModelVersion

KELVIN, SALT, CONCENTRATION = "temperature_k", "salt", "concentration"
MOST_TEMPERATURES = 50
_HOTTEST = 5_000.0  # K: beyond it somebody mixed up a unit

State = dict[str, float | str]
"""One set of conditions, as a prediction keeps it: temperature_k, salt, concentration, others by the model's names."""


@dataclass(frozen=True)
class ModelCondition:
    """key: its name in a state. column, unit: of the table that the model reads. structure: a salt or a molecule."""

    key: str
    column: str
    unit: str
    structure: bool

    def cell(self, value: float | str) -> str:
        """What the model's table says of it; ValueError for a value that cannot be one."""
        if self.structure:
            return smiles_of(str(value))
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{value!r} is no number")
        if self.key == KELVIN and not 0 < value <= _HOTTEST:
            raise ValueError(f"{value:g} K is no temperature of a material")
        if self.key == CONCENTRATION and value < 0:
            raise ValueError(f"{value:g} mol/kg is below none")
        return repr(float(units.conversion("K", self.unit)(value)) if self.key == KELVIN else float(value))


def conditions_of(version: ModelVersion) -> dict[str, ModelCondition]:
    """What the version was trained to be told, by key; empty for a model of one state."""
    return conditions_in(version.config)


def conditions_in(config: Any) -> dict[str, ModelCondition]:
    """The same of a run configuration, which may come from anywhere."""
    config = config if isinstance(config, Mapping) else {}
    data = config.get("data")
    columns = data.get("conditions") if isinstance(data, Mapping) else None
    entries = [entry for entry in columns if isinstance(entry, Mapping)] if isinstance(columns, list) else []
    model = config.get("model")
    temperature = model.get("temperature") if isinstance(model, Mapping) else None
    entries.sort(key=lambda entry: entry.get("name") != temperature)  # of two in kelvins it is the temperature
    found: dict[str, ModelCondition] = {}
    for entry in entries:
        one = _condition(entry)
        if one.key in found:
            one = replace(one, key=str(entry.get("name", "")))  # a second one of its kind goes by its own name
        found[one.key] = one
    return found


def states(conditions: Mapping[str, Any]) -> list[State]:
    """One for each temperature, in the order given."""
    listed = {name: value if isinstance(value, list | tuple) else [value] for name, value in conditions.items()}
    return [dict(zip(listed, values, strict=True)) for values in itertools.product(*listed.values())]


def check(version: ModelVersion, conditions: Mapping[str, Any]) -> None:
    """Raises: ActionError on conditions that the version cannot be asked under, or with one that it needs missing."""
    known = conditions_of(version)
    for name, value in conditions.items():
        if name not in known:
            told = f"it can be told {', '.join(known)}" if known else "it was trained without conditions; leave it out"
            raise ActionError(f"conditions: {version} knows no {name}; {told}.", field="conditions")
        _check_one(known[name], value)
    if KELVIN in known and KELVIN not in conditions:
        raise ActionError(f"conditions: {version} needs temperature_k, one or several.", field="conditions")


def _check_one(condition: ModelCondition, value: Any) -> None:
    many = isinstance(value, list | tuple)
    if many and condition.key != KELVIN:
        raise ActionError(
            f"conditions: {condition.key} takes one value; only temperature_k a list.", field="conditions"
        )
    values = list(value) if many else [value]
    if not 0 < len(values) <= MOST_TEMPERATURES:
        raise ActionError(f"conditions: 1 to {MOST_TEMPERATURES} temperatures, not {len(values)}.", field="conditions")
    try:
        for one in values:
            condition.cell(one)
    except ValueError as error:
        raise ActionError(f"conditions: {condition.key}: {error}.", field="conditions") from error
    if len(set(values)) < len(values):
        raise ActionError(f"conditions: {condition.key}: a value occurs twice.", field="conditions")


def _condition(entry: Mapping[str, Any]) -> ModelCondition:
    """By what it is rather than by its name, which the person who trained chose."""
    name, unit = str(entry.get("name", "")), str(entry.get("unit") or "")
    structure = entry.get("kind") == "structure"
    key = SALT if structure and "salt" in name.lower() else name
    if not structure:
        key = next((key for key, fits in _BY_UNIT.items() if fits(unit)), name)
    return ModelCondition(key, str(entry.get("column") or name), unit, structure)


_BY_UNIT: dict[str, Callable[[str], bool]] = {
    KELVIN: lambda unit: unit in ("K", "degC"),
    CONCENTRATION: lambda unit: unit == "mol/kg",
}
