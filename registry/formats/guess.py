"""A first mapping from what the columns are called, for a person to check."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from registry import units
from registry.formats.headers import TEMPERATURES, Header, plain, read_header
from registry.formats.numbers import lenient_number
from registry.models import Property

_STRUCTURE = (
    "smiles",
    "psmiles",
    "p_smiles",
    "mol_smiles",
    "polymer_smiles",
    "repeat_unit",
    "repeat_unit_smiles",
    "bigsmiles",
    "structure",
    "struktur",
    "canonical_smiles",
)
_SOURCE_ID = (
    *("sample_id", "sample", "trajectory_id", "source_id", "probe", "id", "doi", "identifier", "name"),
    *("polymer_name", "polymer"),
)
_TEMPERATURE = ("temperature", "temp", "t", "temperature_k", "temperature_c", "temperatur", "measurement_temperature")
_SALT = ("salt", "salt_smiles", "salt_name", "li_salt", "lithium_salt", "salz", "leitsalz", "additive_salt")
_CONCENTRATION = ("concentration", "molality", "salt_concentration", "konzentration")
_METHOD = ("method", "methode")
_METHOD_DETAIL = ("method_detail", "instrument", "force_field", "functional")
_MISSING = ("missing_reason", "reason_missing")
_OTHER_NAMES = {
    "conductivity": ("sigma", "ion_conductivity", "leitfaehigkeit", "ionenleitfaehigkeit", "ionische_leitfaehigkeit"),
    "li_diffusivity": ("d_li",),
    "transference_number": ("t_li", "t_plus", "li_transference_number", "ueberfuehrungszahl"),
}
_MEASURED = ("measured", "exp", "experimental", "experiment", "md")
_DEVIATION = (
    "std",
    "sd",
    "stdev",
    "std_dev",
    "stddev",
    "standard_deviation",
    "deviation",
    "error",
    "err",
    "uncertainty",
)


def guess_mapping(
    header: Sequence[str], sample_rows: Sequence[Mapping[str, str]], properties: Iterable[Property]
) -> dict[str, Any]:
    """A mapping for these columns; what cannot be told is left out.

    Args:
        header: column names, a unit being understood, as in `conductivity (S/cm)` or `T / K`.
        sample_rows: first rows by column name, to tell log10 columns.
        properties: all known ones.

    Returns:
        As docs/data.md describes; without "structure" when no column looks like one.
    """
    columns = {column: read_header(column) for column in header}
    mapping: dict[str, Any] = {}
    for field, names in (("structure", _STRUCTURE), ("source_id", _SOURCE_ID), ("salt", _SALT), ("method", _METHOD),
                         ("method_detail", _METHOD_DETAIL), ("missing_reason", _MISSING)):  # fmt: skip
        if column := _first(columns, names):
            mapping[field] = {"column": column}
    values = [entry for item in properties if (entry := _value(item, columns, sample_rows))]
    taken = {entry["column"] for entry in values}
    if values:
        mapping["values"] = values
    if (column := _first(columns, _TEMPERATURE)) and column not in taken:
        mapping["temperature"] = {"column": column, "unit": _temperature_unit(columns[column], sample_rows, column)}
    if (column := _first(columns, _CONCENTRATION)) and column not in taken and _molal(columns[column].unit):
        mapping["concentration"] = {"column": column, "unit": columns[column].unit or "mol/kg"}
    return mapping


def _first(columns: Mapping[str, Header], names: Sequence[str]) -> str:
    for wanted in names:
        for column, header in columns.items():
            if header.name == wanted:
                return column
    return ""


def _value(item: Property, columns: Mapping[str, Header], rows: Sequence[Mapping[str, str]]) -> dict[str, Any] | None:
    for column in filter(None, (_first(columns, [name]) for name in _names(item))):
        header = columns[column]
        log10 = header.logarithmic or _looks_log10(item, column, rows)
        entry: dict[str, Any] = {
            "column": column,
            "property": item.name,
            "unit": _known_unit(header.unit, item),
            "scale": "log10" if log10 else "linear",
        }
        if deviation := _deviation(header, log10, columns):
            entry["standard_deviation"] = {"column": deviation}
        return entry
    return None


def _names(item: Property) -> dict[str, None]:
    """What a column of the property may be called; one that says it was measured comes first."""
    bare = [item.name, plain(item.label), f"ionic_{item.name}", *_OTHER_NAMES.get(item.name, ())]
    marked = [name for base in bare for mark in _MEASURED for name in (f"{base}_{mark}", f"{mark}_{base}")]
    return dict.fromkeys([*marked, *bare])


def _deviation(value: Header, log10: bool, columns: Mapping[str, Header]) -> str:
    """The column with the standard deviation in the same unit and scale."""
    names = {name for mark in _DEVIATION for name in (f"{value.name}_{mark}", f"{mark}_{value.name}")}
    for column, header in columns.items():
        same_unit = header.unit in ("", value.unit)
        if header.name in names and same_unit and (header.logarithmic <= log10):
            return column
    return ""


def _known_unit(unit: str, item: Property) -> str:
    try:
        units.conversion(unit, item.unit)
    except units.UnitError:
        return item.unit
    return unit or item.unit


def _molal(unit: str) -> bool:
    """Whether a concentration is one per kilogram of polymer; mol/L and ratios such as EO:Li are others."""
    try:
        units.conversion(unit or "mol/kg", "mol/kg")
    except units.UnitError:
        return False
    return True


def _looks_log10(item: Property, column: str, rows: Sequence[Mapping[str, str]]) -> bool:
    numbers = _numbers(column, rows)
    return item.scale == Property.Scale.LOG10 and bool(numbers) and all(number <= -1 for number in numbers)


def _temperature_unit(header: Header, rows: Sequence[Mapping[str, str]], column: str) -> str:
    named = header.unit or re.split(r"[_ ]", column)[-1]
    if found := TEMPERATURES.get(named.lower()):
        return found
    return "degC" if any(number < 150 for number in _numbers(column, rows)) else "K"


def _numbers(column: str, rows: Sequence[Mapping[str, str]]) -> list[float]:
    found = (lenient_number(row.get(column, "")) for row in rows)
    return [number for number in found if number is not None]
