"""What a training is told beside structures and values: which methods, which geometries, which conditions."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from registry.models import Property

KELVIN, SALT, CONCENTRATION = "temperature_k", "salt", "concentration"
GEOMETRY = "geometry"
_FIELDS = ("levels", "baselines", "geometry", "conditions")


@dataclass(frozen=True, slots=True)
class TrainingInputs:
    """Nothing of it: one value a structure, whichever method found it, as most architectures learn."""

    levels: Mapping[str, str] = field(default_factory=dict)
    """By property: the method detail of the values that count, such as G4MP2; a property left out takes all,
    and `registry.actions.training_levels` sees to it that these are not several of one structure."""
    baselines: Mapping[str, str] = field(default_factory=dict)
    """By property: the method detail of a cheaper value; what is learned is the difference to it."""
    geometry: str = ""
    """Level of the conformers that go with the structures."""
    conditions: tuple[str, ...] = ()
    """temperature_k, salt, concentration, or names among the other conditions of measurements."""

    @classmethod
    def read(cls, content: Mapping[str, Any]) -> "TrainingInputs":
        """From JSON. Raises ValueError naming what is wrong."""
        if stray := sorted(set(content) - set(_FIELDS)):
            raise ValueError(f"{stray[0]} is unknown; known: {', '.join(_FIELDS)}")
        levels, baselines = (_names(content, name) for name in ("levels", "baselines"))
        geometry, conditions = content.get("geometry", ""), content.get("conditions", [])
        if not isinstance(geometry, str):
            raise ValueError("geometry is the level of the geometries, a text")
        if not isinstance(conditions, list | tuple) or not all(isinstance(one, str) for one in conditions):
            raise ValueError("conditions is a list of names")
        return cls(levels, baselines, geometry, tuple(dict.fromkeys(conditions)))

    def __bool__(self) -> bool:
        return bool(self.levels or self.baselines or self.geometry or self.conditions)

    def as_json(self) -> dict[str, Any]:
        """Without what is empty."""
        return {name: list(v) if isinstance(v, tuple) else v for name, v in asdict(self).items() if v}

    def data_section(self, properties: Iterable[Property], temperature: str) -> dict[str, Any]:
        """Of mlcore's configuration, for the table that `training_table` writes.

        temperature: what the architecture calls the condition that is the temperature.
        """
        found: dict[str, Any] = {"properties": [self._property(item) for item in properties]}
        if self.geometry:
            found["geometry_column"] = GEOMETRY
        if self.conditions:
            found["conditions"] = [_condition(name, temperature) for name in self.conditions]
        return found

    def _property(self, item: Property) -> dict[str, Any]:
        entry = {"name": item.name, "column": item.name, "unit": item.unit, "scale": str(item.scale)}
        if level := self.levels.get(item.name):
            entry["level"] = level
        if cheaper := self.baselines.get(item.name):
            entry |= {"baseline": baseline_column(item.name), "baseline_level": cheaper}
        return entry


def baseline_column(name: str) -> str:
    """Column of the table with the cheaper value of that property."""
    return f"{name}_baseline"


def _condition(name: str, temperature: str) -> dict[str, str]:
    known = {
        KELVIN: {"name": temperature, "unit": "K", "kind": "number"},
        SALT: {"name": SALT, "unit": "", "kind": "structure"},
        CONCENTRATION: {"name": CONCENTRATION, "unit": "mol/kg", "kind": "number"},
    }
    return {"column": name, **known.get(name, {"name": name, "unit": "", "kind": "number"})}


def _names(content: Mapping[str, Any], name: str) -> dict[str, str]:
    given = content.get(name) or {}
    if not isinstance(given, Mapping) or not all(isinstance(text, str) for text in given.values()):
        raise ValueError(f'{name} is an object such as {{"energy": "G4MP2"}}')
    return {str(key): text.strip() for key, text in given.items() if text.strip()}
