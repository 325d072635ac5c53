"""Numbers in cells: what is read as one, and what a cell that is none is told.

A decimal comma is understood where the comma does not separate columns. A number such as 1,234 is then either 1.234 or
1234: the file's other numbers decide, and where they do not, the cell is refused.
"""

import math
import re
from dataclasses import dataclass

from registry import units
from registry.formats.table import Problem, shortened

MISSING = {"", "n/a", "na", "n.a.", "none", "null", "-", "--", "–", "—", "?", "n.d.", "nd", "#n/a"}

_EXPONENT = r"(?:[eE][+-]?\d+)?"
_WITH_COMMA = re.compile(rf"[+-]?\d*,\d+{_EXPONENT}")
_WITH_POINT = re.compile(rf"[+-]?\d*\.\d+{_EXPONENT}")
_MAYBE_THOUSANDS = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
_THOUSANDS = re.compile(
    r"[+-]?\d{1,3}(?:[ '’\u00a0\u202f]\d{3})+(?:[.,]\d*)?"
    r"|[+-]?\d{1,3}(?:,\d{3})+\.\d*|[+-]?\d{1,3}(?:\.\d{3})+,\d*|[+-]?\d{1,3}(?:,\d{3}){2,}|[+-]?\d{1,3}(?:\.\d{3}){2,}"
)
_TIMES_TEN = re.compile(r"\s*[×x*·⋅]\s*10\s*(?:\^|\*\*)?\s*([+-]\d+|(?<=[\^*])\d+)$")
_UNIT = re.compile(rf"([+-]?(?:\d+[.,]?\d*|[.,]\d+){_EXPONENT})\s*([^\W\d_].*|[°%‰Ω℃µ].*)")
_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁺", "0123456789-+")


class Refused(ValueError):
    """A cell that cannot be taken as it stands."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.problem = Problem(code, reason)


def parse_number(text: str) -> float | None:
    """The number in a cell, 1.2e-4 or 1.2×10⁻⁴; None where the cell says that there is none ("", n/a, -).

    Raises:
        Refused: `nul_byte`, `not_finite`, `thousands`, `unit_in_cell`, `bound`, `with_deviation`, `not_a_number`.
    """
    clean = text.strip().replace("−", "-")
    if clean.lower() in MISSING:
        return None
    if "\0" in clean:
        raise Refused("nul_byte", f"{shortened(clean)!r} holds a NUL byte.")
    plain = _TIMES_TEN.sub(r"e\1", clean.translate(_SUPERSCRIPTS)) if "10" in clean else clean
    try:
        number = float(plain) if plain.isascii() and "_" not in plain else None
    except ValueError:
        number = None
    if number is None:
        raise _why_none(clean)
    if not math.isfinite(number):
        raise Refused("not_finite", f"{shortened(clean)!r} is no finite number; leave a missing value empty.")
    return number


def _why_none(clean: str) -> Refused:
    """What a text is instead of a number, and what to do."""
    shown = repr(shortened(clean))
    if _THOUSANDS.fullmatch(clean):
        return Refused("thousands", f"{shown} has thousands separators; write the number without them.")
    if _WITH_COMMA.fullmatch(clean):
        return Refused("not_a_number", f"{shown} is no number; write a point for the decimal comma.")
    if clean[0] in "<>≤≥~≈":
        return Refused(
            "bound", f"{shown} is a bound or an estimate; leave the cell empty and give a reason for the missing value."
        )
    if "±" in clean or "+/-" in clean:
        return Refused("with_deviation", f"{shown} holds a deviation too; give it a column of its own.")
    if (found := _UNIT.fullmatch(clean)) and _is_unit(found[2]):
        number, unit = found.groups()
        return Refused(
            "unit_in_cell",
            f"{shown} has a unit beside the number; leave {number} in the cell and name {shortened(unit)!r} in the "
            "header or the mapping.",
        )
    return Refused("not_a_number", f"{shown} is no number.")


def _is_unit(text: str) -> bool:
    try:
        units.check(text)
    except units.UnitError:
        return text.startswith("%")
    return True


@dataclass(slots=True)
class Decimals:
    """What the numbers of a file say of its decimal sign. Only for files whose columns no comma separates."""

    commas: int = 0
    """Numbers that can only have a decimal comma, such as 0,5."""
    points: int = 0
    """Numbers that can only have a decimal point, such as 353.15."""

    def look(self, text: str) -> None:
        """Take note of one cell."""
        clean = text.strip().replace("−", "-")
        if _MAYBE_THOUSANDS.fullmatch(clean):
            return
        self.commas += _WITH_COMMA.fullmatch(clean) is not None
        self.points += _WITH_POINT.fullmatch(clean) is not None

    def with_point(self, text: str) -> str:
        """The cell with a decimal point.

        Raises:
            Refused: `ambiguous` where the sign may as well separate thousands.
        """
        clean = text.strip().replace("−", "-")
        comma = "," in clean
        if _MAYBE_THOUSANDS.fullmatch(clean) and (comma or self.commas) and not (comma and self._comma_is_decimal):
            sign, other = ("comma", "point") if comma else ("point", "comma")
            why = "no other number tells"
            if self.points or not comma:
                why = (
                    f"other numbers have a decimal {other}" if not (self.commas and self.points) else "others have both"
                )
            raise Refused(
                "ambiguous",
                f"{clean!r} is either {clean.replace(',', '.')} or {re.sub('[.,]', '', clean)}: its {sign} may be a "
                f"decimal sign or separate thousands, and {why}. Write it without thousands, with a decimal {other}.",
            )
        if "," in clean:
            head, tail = _split_power(clean)
            return head.replace(",", ".") + tail if _WITH_COMMA.fullmatch(head) else text
        return text

    @property
    def _comma_is_decimal(self) -> bool:
        return self.commas > 0 and self.points == 0


def _split_power(text: str) -> tuple[str, str]:
    """`1,2 · 10^-4` at its multiplication sign."""
    found = _TIMES_TEN.search(text.translate(_SUPERSCRIPTS))
    return (text[: found.start()], text[found.start() :]) if found else (text, "")


def lenient_number(text: str) -> float | None:
    """The number that a cell most probably holds, for first guesses; None where it holds none."""
    try:
        return parse_number(Decimals(commas=1).with_point(text))
    except Refused:
        return None
