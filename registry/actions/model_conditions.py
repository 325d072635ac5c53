"""Under which conditions a model can be asked, and what its command line is told of them."""

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from mlcore.chem.salts import smiles_of, standard
from registry import units
from registry.actions.base import ActionError
from registry.formats.values import check_concentration, check_kelvin
from registry.models import ModelVersion

KELVIN, SALT, CONCENTRATION = "temperature_k", "salt", "concentration"
MOST_TEMPERATURES = 50
_HEAT = ("K", "degC")  # units that a temperature of the material comes in

State = dict[str, float | str]
"""One set of conditions, as a prediction keeps it: temperature_k, salt, concentration, others by the model's names."""


@dataclass(frozen=True)
class ModelCondition:
    """key: its name in a state. column, unit: of the table that the model reads. structure: a salt or a molecule."""

    key: str
    column: str
    unit: str
    structure: bool

    def read(self, value: Any) -> float | str:
        """The value in the one form that a prediction keeps; ValueError for what nobody can be asked under."""
        if self.structure:
            return standard(str(value)) if self.key == SALT else smiles_of(str(value))
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise ValueError(f"{value!r} is no number")
        if self.key == KELVIN:
            check_kelvin(value)
        elif self.key == CONCENTRATION:
            self._check_concentration(value)
        elif value <= 0 and self.unit not in _HEAT:
            raise ValueError(f"{value:g} {self.unit} is no value to ask for: it must be above 0".replace("  ", " "))
        return value

    @staticmethod
    def _check_concentration(value: float) -> None:
        """None of a salt is no concentration: models read logarithms, to which 0 says that nothing is known."""
        check_concentration(value)
        if value == 0:
            raise ValueError(
                "0 mol/kg is none of a salt: leave salt and concentration out for the polymer without salt, or the "
                "concentration alone where it is unknown"
            )

    def cell(self, value: float | str) -> str:
        """What the model's table says of it."""
        if self.structure:
            return smiles_of(str(value))
        number = float(value)
        return repr(float(units.conversion("K", self.unit)(number)) if self.key == KELVIN else number)


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


def read(version: ModelVersion, conditions: Mapping[str, Any]) -> dict[str, Any]:
    """The conditions in the one form that predictions keep: LITFSI, or its SMILES, as LiTFSI.

    Raises: ActionError on conditions that the version cannot be asked under, or with one that it needs missing.
    """
    known = conditions_of(version)
    found: dict[str, Any] = {}
    for name, value in conditions.items():
        if name not in known:
            told = f"it can be told {', '.join(known)}" if known else "it was trained without conditions; leave it out"
            raise ActionError(f"conditions: {version} knows no {name}; {told}.", field="conditions")
        found[name] = _read_one(known[name], value)
    if KELVIN in known and KELVIN not in conditions:
        raise ActionError(f"conditions: {version} needs temperature_k, one or several.", field="conditions")
    return found


def fault(condition: ModelCondition, value: Any) -> str:
    """Why a model cannot be asked under it; empty where it can."""
    try:
        _kept(condition, value)
    except ValueError as error:
        return str(error).rstrip(".")
    return ""


def _read_one(condition: ModelCondition, value: Any) -> Any:
    try:
        return _kept(condition, value)
    except ValueError as error:
        why = str(error).rstrip(".")
        raise ActionError(f"conditions: {condition.key}: {why}.", field="conditions") from error


def _kept(condition: ModelCondition, value: Any) -> Any:
    """In the one form that predictions keep, one or several. Raises ValueError."""
    many = isinstance(value, list | tuple)
    if many and condition.key != KELVIN:
        raise ValueError("takes one value; only temperature_k a list")
    values = list(value) if many else [value]
    if not 0 < len(values) <= MOST_TEMPERATURES:
        raise ValueError(f"takes 1 to {MOST_TEMPERATURES} temperatures, not {len(values)}")
    found = [condition.read(one) for one in values]
    if len(set(found)) < len(found):
        raise ValueError("a value occurs twice")
    return found if many else found[0]


def _condition(entry: Mapping[str, Any]) -> ModelCondition:
    """By what it is rather than by its name, which the person who trained chose."""
    name, unit = str(entry.get("name", "")), str(entry.get("unit") or "")
    structure = entry.get("kind") == "structure"
    key = SALT if structure and "salt" in name.lower() else name
    if not structure:
        key = next((key for key, fits in _BY_UNIT.items() if fits(unit)), name)
    return ModelCondition(key, str(entry.get("column") or name), unit, structure)


_BY_UNIT: dict[str, Callable[[str], bool]] = {
    KELVIN: lambda unit: unit in _HEAT,
    CONCENTRATION: lambda unit: unit == "mol/kg",
}
