"""What held-out rows say beyond single figures, as series that a page can draw; they land in the manifest too.

Per property: `parity` (truth and prediction on the model's axis, and which structure each is of), `calibration_curve`,
`error_by_similarity` and `top_k`; see `mlcore.evaluation` for the latter three.
"""

import hashlib
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.chem.fingerprints import morgan_of, pack, tanimoto_blocks
from mlcore.evaluation import calibration, regression
from mlcore.predictors import reading

Floats = NDArray[np.float64]

POINTS = 500
"""Pairs kept of a property, at most."""
COMPARED = 2000
"""Held-out structures compared with the training set, at most; the rest of the rows count in no bin."""


def series(truth: Floats, mean: Floats, std: Floats, keys: Sequence[str], similarity: Floats) -> dict[str, Any]:
    """The series of one property over R held-out rows, all of them (R,); similarity is NaN where it was not taken."""
    known = np.flatnonzero(np.isfinite(truth))
    compared = known[np.isfinite(similarity[known])]
    return {
        "parity": parity(truth[known], mean[known], [keys[row] for row in known.tolist()]),
        "calibration_curve": _rounded(calibration.curve(truth, mean, std)),
        "error_by_similarity": _rounded(
            regression.error_by_similarity(truth[compared], mean[compared], similarity[compared])
        ),
        "top_k": _rounded(regression.top_k(truth, mean)),
    }


def parity(truth: Floats, predicted: Floats, keys: Sequence[str]) -> dict[str, list[Any]]:
    """{truth, predicted, keys} of up to POINTS of the pairs, each key by the start of its sha256.

    Of more than that those are kept whose digests are smallest: two models that held out the same structures then keep
    the same ones, and their errors can be compared pair by pair.
    """
    named = [hashlib.sha256(key.encode()).hexdigest()[:12] for key in keys]
    kept = sorted(range(len(named)), key=lambda row: (named[row], row))[:POINTS]
    return {
        "truth": [_short(truth[row]) for row in kept],
        "predicted": [_short(predicted[row]) for row in kept],
        "keys": [named[row] for row in kept],
    }


def nearest(keys: Sequence[str], learned: Sequence[str]) -> Floats:
    """(N,): Tanimoto similarity of each structure's Morgan fingerprint to the nearest learned; NaN beyond COMPARED.

    Both are given by identity (`mlcore.chem.identity`); the same identity may occur several times.
    """
    asked = list(dict.fromkeys(keys))[:COMPARED]
    known = sorted(set(learned))
    if not asked or not known:
        return np.full(len(keys), np.nan)
    ours, theirs = (pack([morgan_of(one) for one in reading.of_keys(part)]) for part in (asked, known))
    closest = np.concatenate([block.max(axis=1) for block in tanimoto_blocks(ours, theirs)])
    place = dict(zip(asked, closest.tolist(), strict=True))
    return np.array([place.get(key, np.nan) for key in keys], dtype=np.float64)


def _rounded(rows: Sequence[Sequence[float]]) -> list[list[float]]:
    return [[_short(value) for value in row] for row in rows]


def _short(value: float) -> float:
    """Five significant digits are more than a page can show; whole numbers stay so."""
    return value if isinstance(value, int) else float(f"{value:.5g}")
