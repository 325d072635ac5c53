"""Do the stated uncertainties hold? Coverage of intervals, and the factor that makes them hold."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

Floats = NDArray[np.float64]

LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)
"""Of the intervals that `curve` looks at."""
_ROUNDING = 1e-9


def half_width(level: float) -> float:
    """Standard deviations on either side of the mean that hold `level` of a normal distribution: 1.645 for 0.9."""
    return float(norm.ppf(0.5 + level / 2))


def coverage(truth: Floats, mean: Floats, std: Floats, level: float = 0.9) -> float:
    """Share of the (N,) truths inside their central `level` interval; NaN without any truth."""
    known = np.isfinite(truth)
    if not known.any():
        return float("nan")
    return float((np.abs(truth - mean)[known] <= half_width(level) * std[known]).mean())


def curve(truth: Floats, mean: Floats, std: Floats, levels: Sequence[float] = LEVELS) -> list[tuple[float, float]]:
    """What each level promises and what it holds, of (N,) pairs; empty without any truth.

    A reliability diagram of a regression (Kuleshov et al., ICML 2018): stated uncertainties that hold give the
    diagonal, too narrow ones lie below it.
    """
    if not np.isfinite(truth).any():
        return []
    return [(level, coverage(truth, mean, std, level)) for level in levels]


def scale_factor(
    truth: Floats, mean: Floats, std: Floats, level: float = 0.9, weights: Floats | None = None
) -> float | None:
    """What to multiply `std` with so that `level` of held-out values fall inside their interval.

    Split conformal prediction (Papadopoulos et al., ECML 2002; Lei et al., JASA 2018) with |error| / std as the score:
    the ceil((n + 1) * level)-th smallest score of n values that the model was not fitted to, so that a new value is
    covered with at least this probability whatever the distribution of the errors. None when n is too small, below 9
    for 90 %.

    weights: (N,) above 0 and at most 1, what each value counts beside a new one (Tibshirani et al., NeurIPS 2019); by
    default all count as much.
    """
    known = np.isfinite(truth)
    scores = np.abs(truth - mean)[known] / std[known]
    counts = np.ones(len(scores)) if weights is None else weights[known]
    order = np.argsort(scores)
    rank = int(np.searchsorted(counts[order].cumsum(), (counts.sum() + 1) * level - _ROUNDING))
    if rank >= len(scores):
        return None
    return float(scores[order[rank]]) / half_width(level)
