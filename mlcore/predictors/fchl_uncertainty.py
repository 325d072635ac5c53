"""How sure a kernel model is of a molecule, from how like its atoms are to the most like training atoms.

An atom whose most like training atom has likeness k would have the posterior variance 1 - k² if that were the only one
that is known (Rasmussen & Williams 2006, eq. 2.24), and the variances of independent parts of a sum add up. So the
standard deviation is scale * sqrt(floor + sum over atoms of (1 - k²)), at the price of the scores alone: the exact
posterior needs a matrix of all training molecules in the bundle. Scale and floor come from the errors that training
molecules have when they are left out, then the validation rows set the width.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.predictors import doubts
from mlcore.predictors.fchl_model import Scores

Floats = NDArray[np.float64]

_STRANGERS = 0.01
"""Share of training molecules that may lie outside the domain that the others make."""
_FLOORS = np.geomspace(1e-3, 1e2, 31)
"""Tried, in units of the mean unlikeness."""


@dataclass(frozen=True)
class Uncertainty:
    """From scores to standard deviations and to what is in the domain."""

    scale: Floats
    """(P,), on the axis."""
    floor: Floats
    """(P,)"""
    least: float
    """Likeness of the least usual atom of a molecule in the domain."""

    @classmethod
    def fit(cls, scores: Scores, residuals: Floats) -> "Uncertainty":
        """From training molecules scored without their own atoms, and their errors (N, P) when left out, NaN: none."""
        pairs = [_likeliest(scores.unlike, column) for column in residuals.T]
        scale, floor = (np.array(values) for values in zip(*pairs, strict=True))
        return cls(scale, floor, float(np.quantile(scores.least, _STRANGERS)))

    def std(self, scores: Scores) -> Floats:
        """(N, P), on the axis."""
        spread: Floats = self.scale * np.sqrt(self.floor + np.maximum(scores.unlike, 0)[:, None])
        return spread

    def doubts_about(self, scores: Scores) -> list[str]:
        """(N,): why each molecule lies outside; empty for those that do not."""
        return doubts.where(
            scores.least < self.least,
            lambda row: (
                f"an atom is like none of the training: likeness {scores.least[row]:.4f} to the most like, "
                f"usual is {self.least:.4f} or more"
            ),
        )

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        return {
            "std.scale": torch.from_numpy(self.scale),
            "std.floor": torch.from_numpy(self.floor),
            "domain.least": torch.tensor(self.least, dtype=torch.float64),
        }

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor]) -> "Uncertainty":
        """From the tensors of a bundle."""
        return cls(tensors["std.scale"].numpy(), tensors["std.floor"].numpy(), float(tensors["domain.least"]))


def _likeliest(unlike: Floats, residuals: Floats) -> tuple[float, float]:
    """Scale and floor under which the residuals are likeliest, as draws from normal distributions."""
    known = np.isfinite(residuals)
    variance = np.maximum(unlike[known], 0) + _FLOORS[:, None] * max(float(unlike.mean()), 1e-12)  # (floors, N)
    scale = np.sqrt((residuals[known] ** 2 / variance).mean(axis=1))
    cost = np.log(variance).mean(axis=1) + 2 * np.log(scale + 1e-300)
    best = int(cost.argmin())
    return float(scale[best]), float(variance[best].min() - max(float(unlike[known].min()), 0))
