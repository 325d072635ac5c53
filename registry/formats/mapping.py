"""The column mapping of an import: which column is what, in which unit. docs/data.md shows it with examples."""

import difflib
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from registry import units
from registry.computed import COMPUTED
from registry.models import Measurement, Property


class MappingError(ValueError):
    """The mapping names something that is not there, or makes no sense."""


@dataclass(frozen=True, slots=True)
class Source:
    """Where a field comes from: a column of the file, or one value for all rows."""

    column: str = ""
    value: str = ""
    unit: str = ""

    def __bool__(self) -> bool:
        return bool(self.column or self.value)

    def text(self, cells: Mapping[str, str]) -> str:
        return cells.get(self.column, "").strip() if self.column else self.value


@dataclass(frozen=True, slots=True)
class ValueColumn:
    """One measured column."""

    column: str
    property: Property
    unit: str
    scale: str
    """How the file writes it: `linear`, or `log10` of the value in `unit`."""
    convert: units.Conversion
    """From `unit` to the property's unit."""
    standard_deviation: str = ""
    """Column with the standard deviation, in `unit`; in log10 units where the scale is log10."""
    method: str = ""
    """Of this column, where its values were found otherwise than those of others."""
    method_detail: str = ""
    """The same: G4MP2 beside B3LYP."""


@dataclass(frozen=True, slots=True)
class ColumnMapping:
    structure: str
    values: tuple[ValueColumn, ...] = ()
    computed: tuple[Property, ...] = ()
    source_id: Source = Source()
    temperature: Source = Source()
    salt: Source = Source()
    concentration: Source = Source()
    method: Source = Source()
    method_detail: Source = Source()
    missing_reason: Source = Source()
    geometry: Source = Source()
    geometry_level: Source = Source()
    conditions: dict[str, Source] = field(default_factory=dict)
    encoding: str = ""

    def columns(self) -> list[str]:
        """Every column of the file that the mapping names."""
        fixed = (self.source_id, self.temperature, self.salt, self.concentration, self.method, self.method_detail,
                 self.missing_reason, self.geometry, self.geometry_level, *self.conditions.values())  # fmt: skip
        named = [self.structure, *(source.column for source in fixed)]
        for value in self.values:
            named += [value.column, value.standard_deviation]
        return [column for column in dict.fromkeys(named) if column]


_FIELDS = ("structure", "values", "computed", "source_id", "temperature", "salt", "concentration", "method",
           "method_detail", "missing_reason", "geometry", "geometry_level", "conditions", "encoding")  # fmt: skip
_VALUE_FIELDS = ("column", "property", "unit", "scale", "standard_deviation", "method", "method_detail")


def read_mapping(mapping: Mapping[str, Any], properties: Iterable[Property]) -> ColumnMapping:
    """Check a mapping as a person or a program wrote it.

    Raises:
        MappingError: naming the field at fault and what is known in its place.
    """
    if "\\u0000" in json.dumps(mapping):
        raise MappingError("The mapping holds a NUL byte.")
    known = {item.name: item for item in properties}
    _only(mapping, _FIELDS, "The mapping")
    structure = _source(mapping, "structure").column
    if not structure:
        raise MappingError('The mapping names no structure column; give {"structure": {"column": "smiles"}}.')
    method = _source(mapping, "method")
    _check_method(method.value)
    geometry, level = _source(mapping, "geometry"), _source(mapping, "geometry_level")
    if geometry.value:
        raise MappingError('"geometry" names a column with an xyz or mol block; one block cannot be that of all rows.')
    if bool(geometry) != bool(level):
        raise MappingError('A geometry goes with its level: "geometry" and "geometry_level" come together.')
    temperature, concentration = _source(mapping, "temperature"), _source(mapping, "concentration")
    _conversion(temperature.unit or "K", "K", "temperature")
    _conversion(concentration.unit or "mol/kg", "mol/kg", "concentration")
    found = ColumnMapping(
        structure=structure,
        values=tuple(_value(entry, known) for entry in _list(mapping, "values")),
        computed=tuple(_computed(name, known) for name in _list(mapping, "computed")),
        source_id=_source(mapping, "source_id"),
        temperature=temperature,
        salt=_source(mapping, "salt"),
        concentration=concentration,
        method=method,
        method_detail=_source(mapping, "method_detail"),
        missing_reason=_source(mapping, "missing_reason"),
        geometry=geometry,
        geometry_level=level,
        conditions={name: _source(mapping["conditions"], name) for name in mapping.get("conditions") or {}},
        encoding=str(mapping.get("encoding", "")),
    )
    _no_column_twice(found)
    return found


def check_columns(mapping: ColumnMapping, columns: list[str]) -> None:
    """Raise MappingError when the mapping names a column that the file does not have; the closest one is named."""
    for column in mapping.columns():
        if column not in columns:
            raise MappingError(f"The file has no column {column!r}{_nearest(column, columns)}")


def mapping_digest(mapping: Mapping[str, Any], structure_kind: str) -> str:
    """SHA-256 of what the mapping says, whatever the order of its keys."""
    text = json.dumps([structure_kind, mapping], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _value(entry: Any, known: dict[str, Property]) -> ValueColumn:
    if not isinstance(entry, Mapping):
        raise MappingError('Every entry of "values" is an object such as {"column": "s", "property": "conductivity"}.')
    _only(entry, _VALUE_FIELDS, 'An entry of "values"')
    column, name = entry.get("column"), entry.get("property")
    if not column or not name:
        raise MappingError('Every entry of "values" needs a "column" and a "property".')
    target = _property(str(name), known)
    scale = entry.get("scale", "linear")
    if scale not in Property.Scale.values:
        raise MappingError(f'The scale of {column!r} is "linear" or "log10", not {scale!r}.')
    unit = str(entry.get("unit", target.unit))
    convert = _conversion(unit, target.unit, str(column))
    deviation = _source(entry, "standard_deviation").column
    method, detail = str(entry.get("method") or ""), str(entry.get("method_detail") or "")
    _check_method(method)
    if len(detail) > 200:
        raise MappingError(f"The method detail of {column!r} has {len(detail)} characters; at most 200 are kept.")
    return ValueColumn(str(column), target, unit, scale, convert, deviation, method, detail)


def _check_method(name: str) -> None:
    if name and name not in Measurement.Method.values:
        raise MappingError(f"The method {name!r} is unknown{_nearest(name, Measurement.Method.values)}")


def _property(name: str, known: dict[str, Property]) -> Property:
    if name not in known:
        raise MappingError(f"The property {name!r} is unknown{_nearest(name, list(known))}")
    return known[name]


def _computed(name: Any, known: dict[str, Property]) -> Property:
    if name not in COMPUTED:
        raise MappingError(f"{name!r} is not computed here{_nearest(str(name), list(COMPUTED))}")
    return _property(str(name), known)


def _conversion(unit: str, target: str, what: str) -> units.Conversion:
    try:
        return units.conversion(unit, target)
    except units.UnitError as error:
        raise MappingError(f"Unit of {what!r}: {error}") from None


def _source(mapping: Mapping[str, Any], name: str) -> Source:
    entry = mapping.get(name)
    if entry is None or entry == "":
        return Source()
    if isinstance(entry, str | int | float):
        return Source(column=str(entry)) if name in ("structure", "standard_deviation") else Source(value=str(entry))
    if not isinstance(entry, Mapping):
        raise MappingError(f'{name!r} is {{"column": ...}} or {{"value": ...}}.')
    _only(entry, ("column", "value", "unit"), repr(name))
    if ("column" in entry) == ("value" in entry):
        raise MappingError(f'{name!r} takes either a "column" or a "value".')
    return Source(str(entry.get("column", "")), str(entry.get("value", "")), str(entry.get("unit", "")))


def _list(mapping: Mapping[str, Any], name: str) -> list[Any]:
    entries = mapping.get(name) or []
    if not isinstance(entries, list):
        raise MappingError(f"{name!r} is a list.")
    return entries


def _no_column_twice(mapping: ColumnMapping) -> None:
    seen: set[tuple[str, str]] = set()
    for value in mapping.values:
        if (value.column, value.property.name) in seen:
            raise MappingError(f"The column {value.column!r} is mapped to {value.property.name!r} twice.")
        seen.add((value.column, value.property.name))


def _only(entry: Any, known: Iterable[str], what: str) -> None:
    if not isinstance(entry, Mapping):
        raise MappingError(f"{what} is an object, such as {{...}}.")
    for name in entry:
        if name not in known:
            raise MappingError(f"{what} has no field {name!r}{_nearest(str(name), list(known))}")


def _nearest(name: str, known: list[str]) -> str:
    """The end of a message: the closest name, or all of them."""
    lower = {item.lower(): item for item in known}
    close = difflib.get_close_matches(name.lower(), lower, n=1)
    if close:
        return f"; did you mean {lower[close[0]]!r}?"
    return f"; there are: {', '.join(known) or 'none'}."
