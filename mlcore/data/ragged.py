"""Rows of unlike length that lie end to end in one array."""

import numpy as np
from numpy.typing import NDArray

Index = NDArray[np.int64]


def starts(counts: Index) -> Index:
    """Where each row begins, (N,)."""
    return np.cumsum(counts) - counts


def places(first: Index, counts: Index) -> Index:
    """The integers first..first+count of every row, one row after the other."""
    return np.repeat(first - starts(counts), counts) + np.arange(int(counts.sum()))
