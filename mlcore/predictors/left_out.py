"""Members of an ensemble that have not seen a structure, to judge it: out-of-bag answers.

Every member leaves a part of the structures out of its training, so that each structure is unseen by some; what these
say about it is as wrong as answers about new structures are (Breiman, "Out-of-bag estimation", 1996). Nothing has to be
kept back for that, and all structures tell, not the few of a validation part.

    M members, S structures, N rows, P properties
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_PARTS = 4
_LEAST = 20
"""Structures; of fewer none is left out."""


@dataclass(frozen=True)
class LeftOut:
    """Who has not seen what."""

    unseen: NDArray[np.bool_]
    """(M, S)"""

    @classmethod
    def draw(cls, members: int, structures: int, taught: Indices, seed: int) -> "LeftOut":
        """Parts of the structures that are taught: at least two members leave each out, or nobody any.

        taught: numbers of the structures that have something to learn from, out of 0..structures.
        """
        unseen = np.zeros((members, structures), dtype=bool)
        parts = min(_PARTS, members // 2)
        if parts > 1 and len(taught) >= _LEAST:
            part = np.random.default_rng(seed).permutation(len(taught)) % parts
            for member in range(members):
                unseen[member, taught[part == member % parts]] = True
        return cls(unseen)

    def chances(self, chances: Floats, structure: Indices) -> Floats:
        """(M, N) with which each member draws the rows of these structures, (N,) both, where it may."""
        allowed: Floats = np.where(self.unseen[:, structure], 0.0, chances)
        return allowed / allowed.sum(axis=1, keepdims=True)

    def answers(self, found: Floats, structure: Indices) -> tuple[Floats, Floats]:
        """Mean and variance (N, P) of what members say (M, N, P) that have not seen the structure (N,) of a row.

        The variance is what that of all members is on average. Every structure must have been left out.
        """
        said = np.where(self.unseen[:, structure, None], found, np.nan)
        return np.nanmean(said, axis=0), np.nanvar(said, axis=0, ddof=1) * (1 - 1 / len(said))
