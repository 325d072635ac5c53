"""Between which conditions a model was trained, read from its bundle without torch.

Architectures over conditions keep their limits as tensors (`mlcore.predictors.limits.Limits`) to tell what lies in
their domain; whoever asks a model, such as the registry, can so be told beforehand.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load

KELVIN, MOST, LEAST = "reach_k", "inputs.most", "inputs.least"

Span = tuple[float, float]


def reach(config: Mapping[str, Any], weights: bytes) -> dict[str, Span]:
    """Least and largest training value of each numeric condition, by its column; the temperature in K.

    Args:
        config: of the bundle's manifest.
        weights: content of its model.safetensors.

    Returns:
        Empty for a model that keeps no limits of conditions.
    """
    try:
        tensors = load(weights)
    except SafetensorError:  # whoever runs the bundle is told
        return {}
    if not {KELVIN, MOST, LEAST} <= set(tensors):
        return {}
    temperature = config["model"]["temperature"]
    columns = {c["name"]: c["column"] or c["name"] for c in config["data"]["conditions"] if c["kind"] == "number"}
    found = {columns.pop(temperature): _span(*tensors[KELVIN])}
    ends = np.stack([tensors[LEAST], tensors[MOST]], axis=1)[-len(columns) :] if columns else ()  # log10, after salts'
    return found | {column: _span(*(10**end)) for column, end in zip(columns.values(), ends, strict=True)}


def _span(low: float, high: float) -> Span:
    """To nine digits: there and back through a logarithm is not exact, and the ends themselves were seen."""
    return float(f"{low:.9g}"), float(f"{high:.9g}")
