"""What columns cannot mean together: the same twice, or a deviation in another unit than its values."""

from collections.abc import Mapping, Sequence
from typing import Any

from registry import units
from registry.admin.forms import roles
from registry.formats.headers import read_header
from registry.models import Property


def used_twice(cleaned: Mapping[str, Any], columns: int) -> list[tuple[str, list[int]]]:
    """Meanings that more than one column was given, and the places of these columns.

    Values of one property may stand in several columns, each found by a method of its own.
    """
    places: dict[tuple[object, ...], list[int]] = {}
    for place in range(columns):
        places.setdefault(_meant(cleaned, place), []).append(place)
    return [
        (str(meant[0]), at) for meant, at in places.items() if meant[0] not in ("", roles.CONDITION) and len(at) > 1
    ]


def _meant(cleaned: Mapping[str, Any], place: int) -> tuple[object, ...]:
    role = cleaned.get(f"role.{place}") or ""
    kind, name = roles.parts(cleaned, place)
    if kind == "value":
        return role, cleaned.get(f"method.{place}") or "", (cleaned.get(f"detail.{place}") or "").strip()
    return (role, roles.values_place(cleaned, name, place)) if kind == "deviation" else (role,)


def deviation_faults(cleaned: Mapping[str, Any], columns: Sequence[str]) -> dict[int, str]:
    """Standard deviations, by place, whose header says another unit or scale than that of their values."""
    faults = {}
    for place, column in enumerate(columns):
        kind, name = roles.parts(cleaned, place)
        of = roles.values_place(cleaned, name, place) if kind == "deviation" else None
        if of is None:
            continue
        header, unit = read_header(column), cleaned.get(f"unit.{of}") or ""
        if header.logarithmic and cleaned.get(f"scale.{of}") != Property.Scale.LOG10:
            faults[place] = "It is in decades, but the values are no logarithms; leave it out."
        elif header.unit and unit and not _same(header.unit, unit):
            faults[place] = f"It is in {header.unit}, but the values are in {unit}; convert it first."
    return faults


def _same(one: str, other: str) -> bool:
    try:
        return units.conversion(one, other) == units.Conversion()
    except units.UnitError:
        return False
