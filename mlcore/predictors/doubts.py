"""Why structures lie outside of what a model has learned, in words for whoever decides about them.

The doubts about N structures are a list of N texts, empty for those that lie inside.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray


def where(strange: NDArray[np.bool_], why: str | Callable[[int], str]) -> list[str]:
    """Doubts about the rows of a mask (N,), in the same words or in some that are made for each of them."""
    found = [""] * len(strange)
    for row in np.flatnonzero(strange).tolist():
        found[row] = why if isinstance(why, str) else why(row)
    return found


def together(*parts: Sequence[str]) -> list[str]:
    """All doubts about each of N structures, from several lists of N."""
    return ["; ".join(filter(None, about)) for about in zip(*parts, strict=True)]


def inside(doubts: Sequence[str]) -> NDArray[np.bool_]:
    """(N,): the structures about which there is none."""
    return np.array([not doubt for doubt in doubts], dtype=bool)
