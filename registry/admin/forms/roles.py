"""What a column can mean, as a choice of a form, and back from the choices to a mapping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from registry import units
from registry.formats.headers import plain, read_header
from registry.models import Property

COLUMN_FIELDS = {
    "structure": "structure (SMILES)",
    "source_id": "identifier in the source",
    "temperature": "temperature",
    "salt": "salt",
    "concentration": "salt concentration",
    "method": "method",
    "method_detail": "method detail",
    "missing_reason": "why a value is missing",
    "geometry": "geometry (xyz block)",
    "geometry_level": "level of the geometry",
}
CONDITION = "condition"  # any number of columns, each under its own name
_WITH_UNIT = ("temperature", "concentration")
_CONSTANTS = {
    "method": "",
    "method_detail": "",
    "salt": "",
    "temperature": "K",
    "concentration": "mol/kg",
    "geometry_level": "",
}


@dataclass(frozen=True, slots=True)
class Role:
    """What is guessed of a column."""

    meaning: str = ""
    unit: str = ""
    scale: str = Property.Scale.LINEAR

    def fields(self, meanings: Sequence[tuple[str, str]], column: str) -> dict[str, forms.Field]:
        """Inputs for it, by part."""
        scales = [(value, label) for value, label in Property.Scale.choices]
        return {
            "role": forms.ChoiceField(
                choices=meanings, required=False, initial=self.meaning, label=f"Meaning of {column}"
            ),
            "unit": forms.CharField(required=False, initial=self.unit, label=f"Unit of {column}"),
            "scale": forms.ChoiceField(choices=scales, required=False, initial=self.scale, label=f"Scale of {column}"),
        }


def choices(properties: Sequence[Property]) -> list[tuple[str, str]]:
    found = [("", "not imported"), *COLUMN_FIELDS.items()]
    for item in properties:
        found += [(f"value:{item.name}", item.label), (f"deviation:{item.name}", f"{item.label}, deviation")]
    return [*found, (CONDITION, "another condition, kept by its name")]


def of_columns(mapping: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Role]:
    """What a mapping says of each column; the unit in a header is filled in whatever the column means."""
    found = {column: _bare(column) for column in columns}
    for field in COLUMN_FIELDS:
        if column := _column(mapping.get(field), short=field == "structure"):
            found[column] = Role(field, _unit(mapping[field]))
    for entry in mapping.get("values") or ():
        found[entry["column"]] = Role(
            f"value:{entry['property']}", entry.get("unit", ""), entry.get("scale", Property.Scale.LINEAR)
        )
        if column := _column(entry.get("standard_deviation"), short=True):
            found[column] = Role(f"deviation:{entry['property']}")
    for entry in (mapping.get("conditions") or {}).values():
        if column := _column(entry):
            found[column] = Role(CONDITION)
    return {column: found[column] for column in columns}


def constants(mapping: Mapping[str, Any]) -> dict[str, str]:
    """Values for all rows, of those fields that a form asks in one unit."""
    found = {}
    for name, unit in _CONSTANTS.items():
        entry = mapping.get(name)
        if isinstance(entry, Mapping) and "value" in entry and entry.get("unit", unit) == unit:
            found[name] = str(entry["value"])
        elif isinstance(entry, str | int | float):
            found[name] = str(entry)
    return found


def used_twice(cleaned: Mapping[str, Any], columns: int) -> dict[str, list[int]]:
    """Meanings that more than one column was given, and the places of these columns."""
    places: dict[str, list[int]] = {}
    for place in range(columns):
        places.setdefault(cleaned.get(f"role.{place}") or "", []).append(place)
    return {role: found for role, found in places.items() if role not in ("", CONDITION) and len(found) > 1}


def deviation_faults(cleaned: Mapping[str, Any], columns: Sequence[str]) -> dict[int, str]:
    """Standard deviations, by place, whose header says another unit or scale than that of their values."""
    values = {}
    for place in range(len(columns)):
        kind, _, name = (cleaned.get(f"role.{place}") or "").partition(":")
        if kind == "value":
            values[name] = (cleaned.get(f"unit.{place}") or "", cleaned.get(f"scale.{place}") == Property.Scale.LOG10)
    faults = {}
    for place, column in enumerate(columns):
        kind, _, name = (cleaned.get(f"role.{place}") or "").partition(":")
        header = read_header(column)
        if kind != "deviation" or name not in values:
            continue
        unit, log10 = values[name]
        if header.logarithmic and not log10:
            faults[place] = "It is in decades, but the values are no logarithms; leave it out."
        elif header.unit and unit and not _same(header.unit, unit):
            faults[place] = f"It is in {header.unit}, but the values are in {unit}; convert it first."
    return faults


def _same(one: str, other: str) -> bool:
    try:
        return units.conversion(one, other) == units.Conversion()
    except units.UnitError:
        return False


def to_mapping(cleaned: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """The mapping that the choices make."""
    mapping: dict[str, Any] = {}
    values: dict[str, dict[str, Any]] = {}
    deviations: dict[str, str] = {}
    for place, column in enumerate(columns):
        role, unit = cleaned[f"role.{place}"], cleaned[f"unit.{place}"].strip()
        kind, _, name = role.partition(":")
        if kind == "value":
            values[name] = {"column": column, "property": name, "scale": cleaned[f"scale.{place}"] or "linear"}
            values[name] |= {"unit": unit} if unit else {}
        elif kind == "deviation":
            deviations[name] = column
        elif kind == CONDITION:
            mapping.setdefault("conditions", {})[plain(column) or column] = {"column": column}
        elif role:
            mapping[role] = {"column": column} | ({"unit": unit} if unit and role in _WITH_UNIT else {})
    for name, column in deviations.items():
        values.setdefault(name, {"property": name})["standard_deviation"] = column
    return mapping | {"values": list(values.values())}


def _bare(column: str) -> Role:
    header = read_header(column)
    return Role("", header.unit, Property.Scale.LOG10 if header.logarithmic else Property.Scale.LINEAR)


def _column(entry: Any, short: bool = False) -> str:
    """short: a bare text names a column."""
    if isinstance(entry, Mapping):
        return str(entry.get("column", ""))
    return entry if short and isinstance(entry, str) else ""


def _unit(entry: Any) -> str:
    return str(entry.get("unit", "")) if isinstance(entry, Mapping) else ""
