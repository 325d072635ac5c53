"""Of which methods the values are that a model learns, and what else it is told."""

from collections.abc import Mapping
from typing import Any

from registry.actions.model_conditions import conditions_in


def levels_of(config: Any) -> dict[str, str]:
    """By property of a run configuration: " at G4MP2, as the difference to B3LYP"; "" where nobody said."""
    found = {}
    listed = _data(config).get("properties")
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, Mapping):
            continue
        level, cheaper = entry.get("level"), entry.get("baseline_level") or entry.get("baseline")
        text = f" at {level}" if level else ""
        found[str(entry.get("name"))] = text + (f", as the difference to {cheaper}" if cheaper else "")
    return found


def told_of(config: Any, inputs: Any) -> str:
    """temperature (K), salt; geometries at B3LYP."""
    parts = [", ".join(name.replace("_k", " (K)").replace("_", " ") for name in conditions_in(config))]
    if _data(config).get("geometry_column"):
        level = inputs.get("geometry") if isinstance(inputs, Mapping) else ""
        parts.append(f"geometries at {level}" if level else "geometries")
    return "; ".join(part for part in parts if part)


def _data(config: Any) -> Mapping[str, Any]:
    data = config.get("data") if isinstance(config, Mapping) else None
    return data if isinstance(data, Mapping) else {}
