"""A selection in words: `status accepted, conductivity ≥ 1×10⁻⁴ S/cm` instead of JSON."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from registry.models import ExportRun, Property

_BOUNDS = {"min": "≥", "max": "≤"}
_OF_SCORE = re.compile(r"(.+?)_(std_max|in_domain|min|max)")
_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

# What a parameter says, with the value in place of {}.
_WORDS = {
    "status": "status {}",
    "tag": "tagged {}",
    "without_tag": "not tagged {}",
    "run": "proposed by generation run {}",
    "model_version": "proposed by model version {}",
    "assignee": "assigned to {}",
    "reviewer": "decided on by {}",
    "created_after": "found from {} on",
    "created_before": "found before {}",
    "search": "mentioning “{}”",
    "kind": "kind {}",
    "smiles": "the structure {}",
    "formula": "formula {}",
    "charge": "charge {}",
    "similar_to": "similar to {}",
    "substructure": "containing {}",
    "dataset": "dataset {}",
    "dataset_version": "frozen version {}",
    "structure": "structure {}",
    "property": "property {}",
    "method": "method {}",
    "salt": "salt {}",
    "import_run": "measured by import {}",
}
_OF_PREDICTIONS = {
    "model_version": "by model version {}",
    "scoring_run": "predicted by scoring {}",
    "dataset_version": "of the structures of frozen version {}",
    "structure": "of structure {}",
    "candidate": "of candidate {}",
    "geometry": "geometry {}",
    "created_after": "predicted from {} on",
    "created_before": "predicted before {}",
}
_LISTS = ("status", "tag", "without_tag", "method")
_YES_NO = {
    "measured": ("measured", "not measured"),
    "assigned": ("assigned to somebody", "assigned to nobody"),
    "retired": ("retired", "not retired"),
    "in_domain": ("in domain", "out of domain"),
}
_QUANTITIES = {
    "heavy_atoms": ("heavy atoms", ""),
    "mass": ("mass", "g/mol"),
    "sa_score": ("SA score", ""),
    "value": ("value", ""),
    "std": ("standard deviation", ""),
    "temperature": ("temperature", "K"),
}


def describe(subject: str, selection: Mapping[str, Any], properties: Mapping[str, Property]) -> str:
    """All conditions of a selection, or that there is none.

    Args:
        subject: candidates, measurements, structures or predictions.
        properties: by name, for the units of scores and values.
    """
    given = {name: value for name, value in selection.items() if value not in ("", None)}
    words = _WORDS | (_OF_PREDICTIONS if subject == ExportRun.Subject.PREDICTIONS else {})
    parts = list(_parts(given, words, properties))
    return ", ".join(parts) or f"all {subject}"


def describe_sort(sort: str, properties: Mapping[str, Property]) -> str:
    """`-conductivity,id` as `Ionic conductivity, largest first; then id, smallest first`."""
    words = [_sorted(word.strip(), properties) for word in sort.split(",") if word.strip()]
    return "; then ".join(words) or "newest first"


def counted(count: int, noun: str) -> str:
    """`1 structure`, `2,000 structures`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def rows_of(subject: str, count: int) -> str:
    """`1 candidate`, `2,000 candidates`."""
    return counted(count, ExportRun.Subject(subject).value.removesuffix("s"))


def _parts(given: Mapping[str, Any], words: Mapping[str, str], properties: Mapping[str, Property]) -> Iterator[str]:
    units = _units(properties.get(str(given["property"]))) if "property" in given else {}
    for name, value in given.items():
        if name == "ids":
            count = len(_items(value))
            yield f"{count:,} chosen by hand" if count != 1 else f"number {_items(value)[0]}"
        elif name == "elements":
            yield f"with the elements {_and(_items(value))}"
        elif name == "threshold":
            if "similar_to" in given:
                yield f"similarity ≥ {value}"
        elif name in _YES_NO:
            yield _YES_NO[name][0 if str(value).lower() == "true" else 1]
        elif name in words:
            yield words[name].format(
                _or(_items(value)) if name in ("status", "tag", "without_tag", "method") else value
            )
        else:
            yield _bound(name, value, units, properties)


def _units(item: Property | None) -> dict[str, str]:
    """Of `value` and `std`, where a selection is of one property."""
    if item is None:
        return {}
    return {"value": item.unit, "std": "decades" if item.scale == Property.Scale.LOG10 else item.unit}


def _bound(name: str, value: Any, units: Mapping[str, str], properties: Mapping[str, Property]) -> str:
    found = _OF_SCORE.fullmatch(name)
    of, what = found.groups() if found else (name, "")
    if of in _QUANTITIES and what in _BOUNDS:
        label, unit = _QUANTITIES[of]
        return f"{label} {_BOUNDS[what]} {_number(value)} {units.get(of, unit)}".strip()
    item = properties.get(of)
    if item is None or not what:
        return f"{name} {value}"
    if what == "in_domain":
        return f"{item.label} {'known' if str(value).lower() == 'true' else 'unknown'} to the model"
    if what == "std_max":
        most = _factor(value) if item.scale == Property.Scale.LOG10 else f"{_number(value)} {item.unit}".strip()
        return f"deviation of {item.label} ≤ {most}"
    return f"{item.label} {_BOUNDS[what]} {_number(value)} {item.unit}".strip()


def _factor(decades: Any) -> str:
    """×/÷ 1.4, as the list shows a deviation on a log10 scale."""
    try:
        return f"×/÷ {10 ** float(decades):.2g}"
    except (ValueError, TypeError, OverflowError):
        return f"{decades} decades"


def _sorted(word: str, properties: Mapping[str, Property]) -> str:
    name, descending = word.removeprefix("-"), word.startswith("-")
    if name in ("id", "created_at", "updated_at"):
        return "newest first" if descending else "oldest first"
    if name == "similarity":
        return "most similar first" if descending else "least similar first"
    words = {"temperature_k": "temperature", "sa_score": "SA score", "smiles": "SMILES"}
    label = properties[name].label if name in properties else words.get(name, name.replace("_", " "))
    if name not in properties and (of := properties.get(name.removesuffix("_std"))):
        label = f"uncertainty of {of.label}"
    if name in ("smiles", "formula", "status"):
        return f"{label}, {'Z to A' if descending else 'A to Z'}"
    return f"{label}, {'largest' if descending else 'smallest'} first"


def _items(value: Any) -> list[str]:
    return [str(item) for item in value] if isinstance(value, list | tuple) else str(value).split(",")


def _or(items: list[str]) -> str:
    return " or ".join(items).replace("on_hold", "on hold")


def _and(items: list[str]) -> str:
    return " and ".join(items)


def _number(value: Any) -> str:
    """Very small and very large numbers as 1×10⁻⁴; anything else as it was given."""
    try:
        number = float(value)
    except (TypeError, ValueError):
        return str(value)
    if number == 0 or 1e-3 <= abs(number) < 1e5:
        return f"{number:g}"
    mantissa, exponent = f"{number:e}".split("e")
    return f"{float(mantissa):g}×10{str(int(exponent)).translate(_SUPERSCRIPT)}"
