"""What the header of a column says: the quantity, its unit, whether it is a logarithm.

Understood are `conductivity (mS/cm)`, `Conductivity [S cm-1]`, `T / K`, `log10(sigma / S cm-1)`, `conductivity_mS_cm`.
"""

import re
from dataclasses import dataclass

from registry import units

_BRACKETS = re.compile(r"(.*?)\s*[(\[{]\s*([^()\[\]{}]*)[)\]}]\s*")
_SLASH = re.compile(r"(.*?)\s+/\s*(\S.*)|([^/\s]+)/(°C|K|C)")  # IUPAC: a quantity divided by its unit
_COMMA = re.compile(r"(.*?),\s*(\S.*)")
_LOG = re.compile(r"(?:log(?:_?10|₁₀)?|lg)\s*[\s_(]\s*(\S.*)", re.IGNORECASE)
_LOG_UNIT = re.compile(r"(?:log(?:10|₁₀)?|lg)\s*[( ]?\s*([^()]*)\)?", re.IGNORECASE)
_ENDINGS = {
    "S_cm": "S/cm", "S_per_cm": "S/cm", "Scm": "S/cm", "Scm-1": "S/cm", "mS_cm": "mS/cm", "mS_per_cm": "mS/cm",
    "mScm": "mS/cm", "uS_cm": "uS/cm", "S_m": "S/m", "cm2_s": "cm2/s", "m2_s": "m2/s", "mol_kg": "mol/kg",
    "K": "K", "degC": "degC", "C": "degC", "°C": "degC",
}  # fmt: skip
_GREEK = {"σ": "sigma", "⁺": "+", "₊": "+", "⁻": "-", "°": "deg"}
_UMLAUTS = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})
TEMPERATURES = {"k": "K", "kelvin": "K", "c": "degC", "degc": "degC", "deg c": "degC", "°c": "degC", "° c": "degC",
                "℃": "degC", "celsius": "degC"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Header:
    """`Ionic conductivity (mS/cm)` is the name `ionic_conductivity` in the unit `mS/cm`."""

    name: str
    unit: str
    logarithmic: bool


def read_header(column: str) -> Header:
    """The parts of a column's name; an unknown unit is kept for a person to see."""
    text, logarithmic = column.strip(), False
    if found := _LOG.fullmatch(text):
        text, logarithmic = found[1], True
        if text.count(")") > text.count("("):
            text = text.rpartition(")")[0]
    name, unit = _split(text)
    if unit and (found := _LOG_UNIT.fullmatch(unit)):
        unit, logarithmic = found[1].strip(), True
    return Header(plain(name), unit, logarithmic)


def plain(name: str) -> str:
    """`Li⁺ diffusivity` as li_diffusivity."""
    text = name.lower().translate(_UMLAUTS)
    for letter, word in _GREEK.items():
        text = text.replace(letter, word)
    return re.sub(r"[^a-z0-9]+", "_", text).strip("_")


def _split(text: str) -> tuple[str, str]:
    if found := _BRACKETS.fullmatch(text):
        return found[1], found[2].strip()
    if found := _SLASH.fullmatch(text):
        name, unit = (found[1], found[2]) if found[1] is not None else (found[3], found[4])
        if _known(unit):
            return name, unit.strip()
    if (found := _COMMA.fullmatch(text)) and _known(found[2]):
        return found[1], found[2].strip()
    for ending, unit in _ENDINGS.items():
        if text.endswith((f"_{ending}", f" {ending}")):
            return text[: -len(ending) - 1].removesuffix(" in"), unit
    return text, ""


def _known(unit: str) -> bool:
    try:
        units.check(TEMPERATURES.get(unit.strip().lower(), unit))
    except units.UnitError:
        return False
    return True
