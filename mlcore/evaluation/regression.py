"""How far predictions lie from the truth, on the model's axis: log10 units for a property with a log10 scale."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

Floats = NDArray[np.float64]

TOP_SHARE = 0.05
"""Share of the values that counts as "the top" in `top_precision`."""


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
