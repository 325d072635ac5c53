"""A first mapping from what the columns are called, for a person to check."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from registry import units
from registry.formats import vocabulary as words
from registry.formats.geometry_column import geometry_column
from registry.formats.headers import TEMPERATURES, Header, plain, read_header
from registry.formats.numbers import lenient_number
from registry.formats.structure_column import structure_column
from registry.models import Property

_FIELDS = (
    ("source_id", words.SOURCE_ID),
    ("salt", words.SALT),
    ("method", words.METHOD),
    ("method_detail", words.METHOD_DETAIL),
    ("missing_reason", words.MISSING_REASON),
)
_DEVIATION_OF = re.compile(
    r"(?:error|std|sd|stdev|standard deviation|uncertainty)\s+(?:of\s+|in\s+)?(.+)", re.IGNORECASE
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
    if structure := structure_column(columns, sample_rows):
        mapping["structure"] = {"column": structure}
    others = {column: found for column, found in columns.items() if column != structure}
    for field, names in _FIELDS:
        if column := _first(others, names):
            mapping[field] = {"column": column}
    geometry, level = geometry_column(others, sample_rows), _first(others, words.GEOMETRY_LEVEL)
    if geometry and level:  # neither is of use without the other
        mapping |= {"geometry": {"column": geometry}, "geometry_level": {"column": level}}
    if "method" not in mapping and (method := _method(columns.values())):
        mapping["method"] = {"value": method}
    values = [entry for item in properties for entry in _values(item, columns, sample_rows)]
    taken = {entry["column"] for entry in values}
    if values:
        mapping["values"] = values
    if (column := _first(columns, words.TEMPERATURE)) and column not in taken:
        mapping["temperature"] = {"column": column, "unit": _temperature_unit(columns[column], sample_rows, column)}
    if (column := _first(columns, words.CONCENTRATION)) and column not in taken and _molal(columns[column].unit):
        mapping["concentration"] = {"column": column, "unit": columns[column].unit or "mol/kg"}
    if "concentration" not in mapping and "salt" not in mapping:
        mapping |= _salt_column(columns)
    return mapping


def _method(columns: Iterable[Header]) -> str:
    """`conductivity_md`, `trajectory_id`: a header may say where the values come from."""
    found = (words.SAYS_METHOD.get(word) for header in columns for word in header.name.split("_"))
    return next(filter(None, found), "")


def _salt_column(columns: Mapping[str, Header]) -> dict[str, Any]:
    """`LiTFSI / mol kg-1` names the salt and holds its concentration."""
    for column, header in columns.items():
        if header.name in words.SALTS and header.unit and _molal(header.unit):
            return {
                "salt": {"value": words.SALTS[header.name]},
                "concentration": {"column": column, "unit": header.unit},
            }
    return {}


def _first(columns: Mapping[str, Header], names: Sequence[str]) -> str:
    for wanted in names:
        for column, header in columns.items():
            if header.name == wanted:
                return column
    return ""


def _values(item: Property, columns: Mapping[str, Header], rows: Sequence[Mapping[str, str]]) -> list[dict[str, Any]]:
    """The column of the property, and those that have it at a level of theory: u0, u0_b3lyp, u0_g4mp2."""
    named = [column for name in _names(item) if (column := _first(columns, [name]))][:1]
    levels = {f"{name}_{mark}": level for name in _bare_names(item) for mark, level in words.LEVELS.items()}
    leveled = {column: levels[header.name] for column, header in columns.items() if header.name in levels}
    return [
        *(_value(item, column, columns, rows) for column in named),
        *(_value(item, column, columns, rows) | level for column, level in leveled.items()),
    ]


def _value(
    item: Property, column: str, columns: Mapping[str, Header], rows: Sequence[Mapping[str, str]]
) -> dict[str, Any]:
    header = columns[column]
    log10 = header.logarithmic or _looks_log10(item, column, rows)
    entry: dict[str, Any] = {
        "column": column,
        "property": item.name,
        "unit": _known_unit(header.unit, item),
        "scale": "log10" if log10 else "linear",
    }
    if deviation := _deviation(column, log10, columns):
        entry["standard_deviation"] = {"column": deviation}
    return entry


def _bare_names(item: Property) -> list[str]:
    return [item.name, plain(item.label), f"ionic_{item.name}", *words.PROPERTIES.get(item.name, ())]


def _names(item: Property) -> dict[str, None]:
    """What a column of the property may be called; one that says it was measured comes first."""
    bare = _bare_names(item)
    marked = [name for base in bare for mark in words.MEASURED for name in (f"{base}_{mark}", f"{mark}_{base}")]
    return dict.fromkeys([*marked, *bare])


def _deviation(of: str, log10: bool, columns: Mapping[str, Header]) -> str:
    """The column with the standard deviation of a value, in the same unit and scale.

    One that does not name the value goes with the column that it follows.
    """
    value, order = columns[of], list(columns)
    names = {name for mark in words.DEVIATION for name in (f"{value.name}_{mark}", f"{mark}_{value.name}")}
    following = order[order.index(of) + 1 :][:1]
    for column, header in columns.items():
        named = _DEVIATION_OF.fullmatch(column.strip())
        of_value = read_header(named[1]) if named else None
        if of_value and of_value.name == value.name:
            header = of_value
        elif header.name not in names and not (
            header.name in words.DEVIATION and (column in following or _alone(of, column, columns))
        ):
            continue
        if header.unit in ("", value.unit) and header.logarithmic <= log10:
            return column
    return ""


def _alone(of: str, deviation: str, columns: Mapping[str, Header]) -> bool:
    """Whether a unit stands over these two columns and over no other: then they belong together."""
    unit = columns[of].unit
    return bool(unit) and [name for name, header in columns.items() if header.unit == unit] in (
        [of, deviation],
        [deviation, of],
    )


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
