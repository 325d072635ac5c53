"""How far predictions lie from the truth, on the model's axis: log10 units for a property with a log10 scale."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]

TOP_SHARE = 0.05
"""Share of the values that counts as "the top" in `top_precision`."""

TOPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
"""How many are picked, for `top_k`."""

SIMILARITIES = (0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Upper ends of the bins of `error_by_similarity`; each bin holds its upper end and not its lower one."""


def measure(truth: Floats, predicted: Floats) -> dict[str, float]:
    """MAE, RMSE, R2, Spearman's rank correlation and precision among the top, for N pairs.

    Pairs without a truth (NaN) are left out; `n` says how many remained. R2 compares with the mean of the same truths.
    What a number needs and does not have (two pairs, a spread) makes it NaN.
    """
    known = np.isfinite(truth)
    truth, predicted = truth[known], predicted[known]
    n = len(truth)
    if n == 0:
        return {"n": 0}
    error = predicted - truth
    spread = float(np.square(truth - truth.mean()).sum())
    return {
        "n": n,
        "mae": float(np.abs(error).mean()),
        "rmse": float(np.sqrt(np.square(error).mean())),
        "r2": 1 - float(np.square(error).sum()) / spread if spread > 0 else float("nan"),
        "spearman": spearman(truth, predicted),
        "top_precision": top_precision(truth, predicted, max(1, round(TOP_SHARE * n))),
    }


def spearman(a: Floats, b: Floats) -> float:
    """Correlation of the ranks of (N,) and (N,), ties sharing their mean rank; NaN when either has no spread."""
    ranks = np.stack([rankdata(a), rankdata(b)])
    if len(a) < 2 or (ranks.std(axis=1) == 0).any():
        return float("nan")
    return float(np.corrcoef(ranks)[0, 1])


def top_precision(truth: Floats, predicted: Floats, k: int) -> float:
    """Share of the k highest predictions that are among the k highest truths."""
    best_truth, best_predicted = (set(np.argsort(-values, kind="stable")[:k].tolist()) for values in (truth, predicted))
    return len(best_truth & best_predicted) / k


def top_k(truth: Floats, predicted: Floats, counts: Sequence[int] = TOPS) -> list[tuple[int, float]]:
    """`top_precision` for every count up to half of the N values with a truth: (k, share). Chance would give k / N."""
    known = np.isfinite(truth)
    truth, predicted = truth[known], predicted[known]
    return [(k, top_precision(truth, predicted, k)) for k in counts if 2 * k <= len(truth)]


def error_by_similarity(
    truth: Floats, predicted: Floats, similarity: Floats, ends: Sequence[float] = SIMILARITIES
) -> list[tuple[float, float, int]]:
    """Does the error grow with the distance from what was learned? (upper end of the bin, MAE, pairs in it), N pairs.

    Args:
        truth: (N,), NaN where there is none.
        predicted: (N,).
        similarity: (N,), to the nearest training structure, from 0 to 1.
        ends: of the bins, ascending, the last at least the largest similarity. A bin without a pair is left out.
    """
    known = np.isfinite(truth)
    error, place = np.abs(predicted - truth)[known], np.searchsorted(ends, similarity[known] - 1e-6)
    bins = [(end, error[place == number]) for number, end in enumerate(ends)]
    return [(end, float(errors.mean()), len(errors)) for end, errors in bins if len(errors)]
