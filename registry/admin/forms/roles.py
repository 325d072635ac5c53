"""What a column can mean, as a choice of a form, and back from the choices to a mapping."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django import forms

from registry.formats.headers import plain, read_header
from registry.models import Measurement, Property

COLUMN_FIELDS = {
    "structure": "structure (SMILES or InChI)",
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
    method: str = ""
    """Of this column, where its values were found otherwise than those of others; so is the detail."""
    detail: str = ""

    def fields(self, meanings: Sequence[tuple[str, str]], column: str) -> dict[str, forms.Field]:
        """Inputs for it, by part."""
        scales = [(value, label) for value, label in Property.Scale.choices]
        methods = [("", "method as below"), *Measurement.Method.choices]
        return {
            "role": forms.ChoiceField(
                choices=meanings, required=False, initial=self.meaning, label=f"Meaning of {column}"
            ),
            "unit": forms.CharField(required=False, initial=self.unit, label=f"Unit of {column}"),
            "scale": forms.ChoiceField(choices=scales, required=False, initial=self.scale, label=f"Scale of {column}"),
            "method": forms.ChoiceField(
                choices=methods, required=False, initial=self.method, label=f"Method of {column}"
            ),
            "detail": forms.CharField(
                required=False, max_length=200, initial=self.detail, label=f"Method detail of {column}",
                widget=forms.TextInput(attrs={"placeholder": "detail, such as G4MP2"}),
            ),
        }  # fmt: skip


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
            f"value:{entry['property']}",
            entry.get("unit", ""),
            entry.get("scale", Property.Scale.LINEAR),
            entry.get("method") or "",
            entry.get("method_detail") or "",
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


def parts(cleaned: Mapping[str, Any], place: int) -> tuple[str, str]:
    """Such as value and conductivity."""
    kind, _, name = (cleaned.get(f"role.{place}") or "").partition(":")
    return kind, name


def values_place(cleaned: Mapping[str, Any], name: str, place: int) -> int | None:
    """Whose deviation it is: of the last column of that property before it, or else of the first one."""
    count = sum(key.startswith("role.") for key in cleaned)
    places = [at for at in range(count) if parts(cleaned, at) == ("value", name)]
    return next((at for at in reversed(places) if at < place), places[0] if places else None)


def to_mapping(cleaned: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    """The mapping that the choices make."""
    mapping: dict[str, Any] = {}
    values: dict[int | None, dict[str, Any]] = {}  # by the place of the column
    deviations: list[tuple[int, str]] = []
    for place, column in enumerate(columns):
        (kind, name), unit = parts(cleaned, place), cleaned[f"unit.{place}"].strip()
        if kind == "value":
            values[place] = _value(cleaned, place, column, name)
        elif kind == "deviation":
            deviations.append((place, name))
        elif kind == CONDITION:
            mapping.setdefault("conditions", {})[plain(column) or column] = {"column": column}
        elif kind:
            mapping[kind] = {"column": column} | ({"unit": unit} if unit and kind in _WITH_UNIT else {})
    for place, name in deviations:
        of = values_place(cleaned, name, place)
        values.setdefault(of, {"property": name})["standard_deviation"] = columns[place]
    return mapping | {"values": list(values.values())}


def _value(cleaned: Mapping[str, Any], place: int, column: str, name: str) -> dict[str, Any]:
    """An entry of "values"; what is empty is left to the property, or to what all rows have in common."""
    given = {"unit": f"unit.{place}", "method": f"method.{place}", "method_detail": f"detail.{place}"}
    said = {field: text for field, part in given.items() if (text := (cleaned.get(part) or "").strip())}
    return {"column": column, "property": name, "scale": cleaned[f"scale.{place}"] or "linear"} | said


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
