"""From a number as written to a value in the property's unit, and the reasons why it is none.

A value that parses can still be wrong: log10 values in a linear column, °C in a K column. Such a cell is refused when
the reading that was declared lies outside the bounds; the reason names the other reading if that one lies within.
"""

import math

from registry import units
from registry.formats.numbers import Refused
from registry.models import Property

LOWEST_K, HIGHEST_K = 150.0, 1500.0  # temperatures at which electrolytes are measured or simulated
HIGHEST_MOLALITY = 500.0  # mol of salt per kg of polymer: above it nearly all is salt, whichever salt it is
_ZERO_CELSIUS = 273.15  # K
_LARGEST_EXPONENT = 300  # 10**308 is the end of double precision


def to_property(number: float, item: Property, scale: str, convert: units.Conversion) -> float:
    """A number as written, in the property's unit and within its bounds.

    Args:
        number: the value in the file's unit, or its log10.
        scale: `linear` or `log10`, as declared.

    Raises:
        Refused: `negative`, `zero`, `out_of_bounds`, `looks_log10`, `looks_linear`.
    """
    value = _read_as(number, scale, convert)
    if value is not None and within(value, item):
        return value
    other = "linear" if scale == "log10" else "log10"
    alternative = _read_as(number, other, convert)
    plausible = alternative is not None and within(alternative, item) and item.scale == Property.Scale.LOG10
    if plausible and other == "log10" and abs(number) >= 1:
        raise Refused("looks_log10", f"{number:g} looks like log10 of {alternative:.3g} {item.unit}; "
                                     "declare the scale log10.")  # fmt: skip
    if plausible and other == "linear":
        raise Refused("looks_linear", f"{number:g} looks like the value itself, not its log10; "
                                      "declare the scale linear.")  # fmt: skip
    check_bounds(math.inf if value is None else value, item)
    raise AssertionError("a value outside its bounds passed them")


def _read_as(number: float, scale: str, convert: units.Conversion) -> float | None:
    if scale == "linear":
        return convert(number)
    return convert(10.0**number) if abs(number) <= _LARGEST_EXPONENT else None


def within(value: float, item: Property) -> bool:
    low, high = item.lower, item.upper
    if item.scale == Property.Scale.LOG10 and value <= 0:
        return False
    return (low is None or value >= low) and (high is None or value <= high)


def check_bounds(value: float, item: Property) -> None:
    """Raise Refused when a value (in the property's unit) is outside the property's bounds."""
    if within(value, item):
        return
    shown = f"{value:.6g} {item.unit}".strip()
    if value < 0 and item.lower is not None and item.lower >= 0:
        raise Refused("negative", f"{item.label} cannot be negative: {shown}.")
    if value == 0 and item.scale == Property.Scale.LOG10:
        raise Refused("zero", f"{item.label} cannot be 0: it has no logarithm. Leave a missing value empty.")
    bounds = (
        f"{'-∞' if item.lower is None else f'{item.lower:g}'} to {'∞' if item.upper is None else f'{item.upper:g}'}"
    )
    raise Refused("out_of_bounds", f"{item.label} of {shown} lies outside {bounds}.")


def to_kelvin(number: float, unit: str = "K", remedy: str = "declare the unit degC") -> float:
    """A temperature as written, in K, where electrolytes are studied at it.

    One in K below 150 K most likely is a value in °C. remedy: what to do then.

    Raises:
        Refused: `looks_celsius`, `out_of_bounds`.
    """
    convert = units.conversion(unit or "K", "K")
    kelvin, written_in_kelvin = convert(number), convert == units.Conversion()
    if written_in_kelvin and -_ZERO_CELSIUS <= number < LOWEST_K:
        raise Refused("looks_celsius", f"{number:g} K is below {LOWEST_K:g} K: it looks like °C; {remedy}.")
    shown = f"{number:g} {'°C' if convert == units.Conversion(offset=_ZERO_CELSIUS) else unit or 'K'}"
    if round(kelvin, 9) < 0:
        raise Refused("out_of_bounds", f"{shown} is below absolute zero.")
    if not LOWEST_K <= kelvin <= HIGHEST_K:
        also = "" if written_in_kelvin else f", that is {kelvin:g} K,"
        raise Refused("out_of_bounds", f"A temperature of {shown}{also} lies outside {LOWEST_K:g} to {HIGHEST_K:g} K.")
    return kelvin


def check_kelvin(kelvin: float) -> None:
    """The same where a temperature comes without a unit, and is in K."""
    to_kelvin(kelvin, remedy=f"in K it is {kelvin + _ZERO_CELSIUS:g}")


def check_concentration(per_kilogram: float) -> None:
    """Raise Refused when so much salt in mol per kg of polymer is a slip of the unit."""
    if per_kilogram < 0:
        raise Refused("negative", f"A concentration cannot be negative: {per_kilogram:g}.")
    if per_kilogram > HIGHEST_MOLALITY:
        raise Refused(
            "out_of_bounds",
            f"A concentration of {per_kilogram:g} mol/kg is above {HIGHEST_MOLALITY:g} mol per kg of polymer: "
            "it looks like another unit, such as mol/m3.",
        )
