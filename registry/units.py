"""Units: the one pint registry, and conversions that are exact for the usual spellings of the field."""

import re
import tokenize
from dataclasses import dataclass
from functools import cache

import pint

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SPELLINGS = {"°": "deg", "℃": "degC", "·": "*", "⋅": "*", "−": "-", "μ": "µ", "^": "**"}
_ALIASES = {"Ha": "hartree", "Hartree": "hartree", "celsius": "degC", "kelvin": "K", "wt%": "percent"}


class UnitError(ValueError):
    """A unit is unknown, or measures something else."""


@dataclass(frozen=True, slots=True)
class Conversion:
    """`y = factor * x + offset`. Differences, such as standard deviations, take the factor alone."""

    factor: float = 1.0
    offset: float = 0.0

    def __call__(self, value: float) -> float:
        return value * self.factor + self.offset


def conversion(source: str, target: str) -> Conversion:
    """From one unit to another; an empty unit is dimensionless.

    Energies per mole and per particle convert into each other (kcal/mol, eV).

    Raises:
        UnitError: naming the unit that is unknown, or the two that do not match.
    """
    if source.strip() == target.strip():
        return Conversion()
    start, end = _parse(source), _parse(target)
    try:
        at_zero, at_one = (_convert(value, start, end) for value in (0.0, 1.0))
    except pint.DimensionalityError:
        raise UnitError(f"{source or 'no unit'!r} does not convert to {target or 'no unit'!r}.") from None
    if at_zero == 0:
        return Conversion(factor=at_one)
    # An offset scale such as °C: the step comes from the units themselves, not from a difference of two large numbers.
    return Conversion(factor=round(at_one - at_zero, 12), offset=at_zero)


_USUAL = (
    *("S/cm", "mS/cm", "µS/cm", "S/m", "mS/m"),
    *("cm2/s", "m2/s", "mm2/s"),
    *("mol/kg", "mmol/g", "mol/g", "g/mol", "kg/mol", "g/cm3", "kg/m3"),
    *("eV", "meV", "kJ/mol", "kcal/mol", "hartree"),
    *("K", "degC", "V", "mV", "GPa", "MPa", "percent"),
)


@cache
def alternatives(unit: str) -> tuple[str, ...]:
    """The unit itself, and the usual ones that convert into it."""
    if not unit.strip():
        return ()
    return (unit, *(other for other in _USUAL if other != unit and _converts(other, unit)))


def _converts(source: str, target: str) -> bool:
    try:
        conversion(source, target)
    except UnitError:
        return False
    return True


def check(unit: str) -> None:
    """Raise UnitError when pint does not know the unit."""
    _parse(unit)


@cache
def _registry() -> pint.UnitRegistry[float]:
    return pint.UnitRegistry(autoconvert_offset_to_baseunit=True)


def _convert(value: float, start: pint.Unit, end: pint.Unit) -> float:
    registry = _registry()
    quantity = registry.Quantity(value, start)
    moles = _moles(end) - _moles(start)
    if abs(moles) == 1:  # per mole on one side, per particle on the other
        quantity = quantity * registry.Quantity(1, "avogadro_constant") ** -moles
    return float(quantity.to(end).magnitude)


def _moles(unit: pint.Unit) -> int:
    return round(float(unit.dimensionality.get("[substance]", 0)))  # type: ignore[arg-type]


@cache
def _parse(unit: str) -> pint.Unit:
    try:
        return _registry().Unit(_plain(unit))
    except (
        pint.errors.PintError,
        tokenize.TokenError,
        ValueError,
        TypeError,
        AttributeError,
        SyntaxError,
        AssertionError,
    ):
        raise UnitError(f"The unit {unit!r} is unknown; write it like S/cm, cm2/s, mol/kg, degC or kcal/mol.") from None


def _plain(unit: str) -> str:
    """`S cm⁻¹`, `cm2/s` and `cm^2/s` in pint's spelling."""
    text = unit.strip()
    for odd, plain in _SPELLINGS.items():
        text = text.replace(odd, plain)
    text = _ALIASES.get(text, text)
    text = re.sub(r"[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+", lambda found: "**" + found.group().translate(_SUPERSCRIPTS), text)
    text = re.sub(r"(?<=[A-Za-zµ])(-?\d+)", r"**\1", text)
    return re.sub(r"\s+", "*", text)
