"""How the structures of a sample and of its reference are spread over a quantity: counts in common bins."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.config import Scale
from mlcore.data.tables import from_scale, to_scale

Floats = NDArray[np.float64]

BINS = 24
_ENDS = (1, 99)  # percentiles of the reference between which the bins lie
_DIGITS = 6


def histogram(
    name: str, unit: str, scale: Scale, sample: Floats, reference: Floats, whole: bool = False
) -> dict[str, Any] | None:
    """Counts of values, (N,) and (M,) in their unit, NaN for none; None where the reference has no value.

    The edges, in the unit, are even on the axis of the scale between the 1st and the 99th percentile of the reference.
    The first and the last bin are open: what lies beyond the edges counts there. Of a `whole` number every bin holds
    equally many.
    """
    known = reference[np.isfinite(to_scale(reference, scale))]
    if not len(known):
        return None
    low, high = np.percentile(to_scale(known, scale), _ENDS)
    edges = _whole_edges(low, high) if whole else _even_edges(low, high, scale)
    return {
        "name": name,
        "unit": unit,
        "scale": scale,
        "edges": edges.tolist(),
        "sample": _counts(sample, edges),
        "reference": _counts(reference, edges),
    }


def _whole_edges(low: float, high: float) -> Floats:
    first, last = int(np.floor(low)), int(np.ceil(high))
    width = max(1, -(-(last - first + 1) // BINS))
    bins = -(-(last - first + 1) // width)
    return np.arange(bins + 1, dtype=np.float64) * width + (first - 0.5)


def _even_edges(low: float, high: float, scale: Scale) -> Floats:
    if high - low <= 1e-6 * max(1.0, abs(low)):  # one value: a single bin around it
        low, high = low - 0.5, high + 0.5
        return from_scale(np.array([low, high]), scale)
    edges = from_scale(np.linspace(low, high, BINS + 1), scale)
    rounded = np.array([float(f"{edge:.{_DIGITS}g}") for edge in edges])
    return rounded if (np.diff(rounded) > 0).all() else edges


def _counts(values: Floats, edges: Floats) -> list[int]:
    known = values[np.isfinite(values)]
    places = np.searchsorted(edges[1:-1], known, side="right")
    counts: list[int] = np.bincount(places, minlength=len(edges) - 1).tolist()
    return counts
