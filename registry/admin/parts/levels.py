"""Of which methods the values are that a model learns, and what else it is told."""

from collections.abc import Mapping
from typing import Any

from registry.actions.model_conditions import conditions_in
from registry.admin.parts import display
from registry.models import Conformer, Prediction


def levels_of(config: Any) -> dict[str, str]:
    """By property of a run configuration: " at G4MP2, as the difference to B3LYP"; "" where nobody said."""
    found = {}
    for name, entry in _properties(config).items():
        level, cheaper = entry.get("level"), _baseline(entry)
        found[name] = (f" at {level}" if level else "") + (f", as the difference to {cheaper}" if cheaper else "")
    return found


def level_of(config: Any, name: str) -> str:
    """Of that property of a run configuration: G4MP2; "" where nobody said."""
    return str(_properties(config).get(name, {}).get("level") or "")


def predicted_at(row: Prediction) -> str:
    """What a value is of and from: at G4MP2, from the B3LYP value, geometry guessed; "" where nobody said."""
    entry = _properties(row.model_version.config).get(row.property.name, {})
    level, cheaper = entry.get("level"), _baseline(entry)
    parts = [f"at {level}" if level else "", f"from the {cheaper} value" if cheaper else "", geometry_of(row)]
    return ", ".join(part for part in parts if part)


def at_level(row: Prediction) -> str:
    """The value, and below it of which method it is where that is stated."""
    value = display.uncertain(row.value, row.standard_deviation, row.property)
    level = predicted_at(row)
    return display.stacked(value, level) if level else value


def geometry_of(row: Prediction) -> str:
    """geometry guessed, geometry at B3LYP; "" for a model that reads none."""
    if row.geometry == Conformer.GUESSED:
        return "geometry guessed"
    return f"geometry at {row.geometry}" if row.geometry else ""


def baselines_of(config: Any) -> dict[str, str]:
    """By property of a run configuration of which a difference is learned: to what."""
    return {name: cheaper for name, entry in _properties(config).items() if (cheaper := _baseline(entry))}


def told_of(config: Any, inputs: Any) -> str:
    """temperature (K), salt; geometries at B3LYP."""
    parts = [", ".join(name.replace("_k", " (K)").replace("_", " ") for name in conditions_in(config))]
    if _data(config).get("geometry_column"):
        level = inputs.get("geometry") if isinstance(inputs, Mapping) else ""
        parts.append(f"geometries at {level}" if level else "geometries")
    return "; ".join(part for part in parts if part)


def _properties(config: Any) -> dict[str, Mapping[str, Any]]:
    listed = _data(config).get("properties")
    entries = [entry for entry in listed if isinstance(entry, Mapping)] if isinstance(listed, list) else []
    return {str(entry.get("name")): entry for entry in entries}


def _baseline(entry: Mapping[str, Any]) -> str:
    """Its level, or at least its column."""
    return str(entry.get("baseline_level") or entry.get("baseline") or "")


def _data(config: Any) -> Mapping[str, Any]:
    data = config.get("data") if isinstance(config, Mapping) else None
    return data if isinstance(data, Mapping) else {}
