"""A first mapping from what the columns are called, for a person to check."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from registry import units
from registry.formats.numbers import lenient_number
from registry.models import Property

_STRUCTURE = (
    "smiles",
    "psmiles",
    "p_smiles",
    "mol_smiles",
    "polymer_smiles",
    "bigsmiles",
    "structure",
    "canonical_smiles",
)
_SOURCE_ID = ("sample_id", "trajectory_id", "source_id", "id", "name", "identifier", "doi")
_TEMPERATURE = ("temperature", "temp", "t", "temperature_k", "temperature_c")
_SALT = ("salt", "salt_smiles", "salt_name")
_CONCENTRATION = ("concentration", "molality", "salt_concentration")
_TEMPERATURE_UNITS = {"k": "K", "kelvin": "K", "c": "degC", "degc": "degC", "°c": "degC", "celsius": "degC"}


def guess_mapping(
    header: Sequence[str], sample_rows: Sequence[Mapping[str, str]], properties: Iterable[Property]
) -> dict[str, Any]:
    """A mapping for these columns; what cannot be told is left out.

    Args:
        header: column names, a unit in brackets being understood, as in `conductivity (S/cm)`.
        sample_rows: first rows by column name, to tell log10 columns.
        properties: all known ones.

    Returns:
        As docs/data.md describes; without "structure" when no column looks like one.
    """
    columns = {column: _split_unit(column) for column in header}
    mapping: dict[str, Any] = {}
    for field, names in (("structure", _STRUCTURE), ("source_id", _SOURCE_ID), ("salt", _SALT)):
        if column := _first(columns, names):
            mapping[field] = {"column": column}
    values = [entry for item in properties if (entry := _value(item, columns, sample_rows))]
    taken = {entry["column"] for entry in values}
    if values:
        mapping["values"] = values
    if (column := _first(columns, _TEMPERATURE)) and column not in taken:
        mapping["temperature"] = {"column": column, "unit": _temperature_unit(column, columns[column][1], sample_rows)}
    if (column := _first(columns, _CONCENTRATION)) and column not in taken:
        mapping["concentration"] = {"column": column, "unit": columns[column][1] or "mol/kg"}
    return mapping


def _split_unit(column: str) -> tuple[str, str]:
    """`Conductivity (S cm-1)` is `conductivity` in `S cm-1`."""
    found = re.fullmatch(r"(.*?)\s*[(\[]([^()\[\]]*)[)\]]\s*", column)
    name, unit = found.groups() if found else (column, "")
    return re.sub(r"[^a-z0-9]+", "_", name.lower()).strip("_"), unit.strip()


def _first(columns: dict[str, tuple[str, str]], names: Sequence[str]) -> str:
    for wanted in names:
        for column, (name, _) in columns.items():
            if name == wanted:
                return column
    return ""


def _value(
    item: Property, columns: dict[str, tuple[str, str]], rows: Sequence[Mapping[str, str]]
) -> dict[str, str] | None:
    names = {item.name, _split_unit(item.label)[0], f"ionic_{item.name}"}
    for column, (name, unit) in columns.items():
        logarithmic = re.match(r"log(10)?_+|lg_+", name)
        if name not in names and not (logarithmic and name[logarithmic.end() :] in names):
            continue
        scale = "log10" if logarithmic or _looks_log10(item, column, rows) else "linear"
        return {"column": column, "property": item.name, "unit": _known_unit(unit, item), "scale": scale}
    return None


def _known_unit(unit: str, item: Property) -> str:
    try:
        units.conversion(unit, item.unit)
    except units.UnitError:
        return item.unit
    return unit or item.unit


def _looks_log10(item: Property, column: str, rows: Sequence[Mapping[str, str]]) -> bool:
    numbers = _numbers(column, rows)
    return item.scale == Property.Scale.LOG10 and bool(numbers) and all(number <= -1 for number in numbers)


def _temperature_unit(column: str, unit: str, rows: Sequence[Mapping[str, str]]) -> str:
    named = unit or column.rpartition("_")[2]
    if found := _TEMPERATURE_UNITS.get(named.lower()):
        return found
    return "degC" if any(number < 150 for number in _numbers(column, rows)) else "K"


def _numbers(column: str, rows: Sequence[Mapping[str, str]]) -> list[float]:
    found = (lenient_number(row.get(column, "")) for row in rows)
    return [number for number in found if number is not None]
