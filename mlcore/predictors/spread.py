"""How far off a prediction may be, structure by structure, learned from errors on structures that were held out.

The variance of a property is a sum of what may matter, with weights of at least zero: a constant, what the models
disagree or doubt about, and how high or low each property is predicted, since slow systems are simulated less exactly
than fast ones. The weights are those of a normal likelihood (least squares of the squared errors, reweighted by the
variance they give). One factor a property then makes the intervals hold: split conformal prediction with the normalised
error as its score (Papadopoulos et al., ECML 2002), on the same held-out errors.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.optimize import nnls
from torch import Tensor

from mlcore.evaluation import calibration

Floats = NDArray[np.float64]

_REWEIGHTED = 4
_LEAST = 0.05
"""Of the mean squared error: no variance is below this share of it."""


@dataclass(frozen=True)
class Spread:
    """What the variance of each of P properties is made of."""

    weights: Floats
    """(P, C)."""
    least: Floats
    """(P,): the least variance."""
    factor: Floats
    """(P,): of the standard deviation, so that the intervals hold."""

    @classmethod
    def fit(cls, errors: Floats, mean: Floats, doubts: Sequence[Floats], counts: Floats | None = None) -> "Spread":
        """From errors (N, P), NaN where nothing is known, of held-out predictions (N, P), and doubts as in `std`.

        counts: (N,) above 0 and at most 1, what each row counts; by default all count as much.
        """
        columns, each = _columns(mean, doubts), np.ones(len(errors)) if counts is None else counts
        known = [np.flatnonzero(np.isfinite(column)) for column in errors.T]
        squares = [np.square(errors[rows, p]) for p, rows in enumerate(known)]
        weights = np.stack([_weights(columns[p][rows], squares[p], each[rows]) for p, rows in enumerate(known)])
        least = np.array([_LEAST * np.average(squares[p], weights=each[rows]) for p, rows in enumerate(known)])
        plain = cls(weights, least, np.ones(len(least)))
        std = plain.std(mean, doubts)
        zero = np.zeros(len(errors))
        factors = [calibration.scale_factor(errors[:, p], zero, std[:, p], weights=each) for p in range(len(least))]
        return cls(weights, least, np.array([factor or 1.0 for factor in factors]))

    def std(self, mean: Floats, doubts: Sequence[Floats]) -> Floats:
        """(N, P) standard deviations of predictions (N, P) in standard deviations of the training values.

        doubts: any number of variances, (N,) of a structure or (N, P) of a structure's property.
        """
        variance = np.einsum("pnc,pc->np", _columns(mean, doubts), self.weights)
        return self.factor * np.sqrt(np.maximum(variance, self.least))

    def tensors(self) -> dict[str, Tensor]:
        """For a bundle."""
        return {f"spread.{name}": torch.from_numpy(values) for name, values in vars(self).items()}

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor]) -> "Spread":
        """From the tensors of a bundle."""
        return cls(*(tensors[f"spread.{name}"].numpy() for name in ("weights", "least", "factor")))


def _columns(mean: Floats, doubts: Sequence[Floats]) -> Floats:
    """(P, N, C): what may add to the variance of each property."""
    high_and_low = [*np.maximum(mean, 0).T, *np.maximum(-mean, 0).T]
    parts = []
    for p in range(mean.shape[1]):
        ours = [doubt if doubt.ndim == 1 else doubt[:, p] for doubt in doubts]
        parts.append(np.stack([np.ones(len(mean)), *ours, *high_and_low], axis=1))
    return np.stack(parts)


def _weights(columns: Floats, squares: Floats, counts: Floats) -> Floats:
    """(C,) for columns (N, C) and squared errors (N,), of which each counts so much."""
    usual = np.average(squares, weights=counts)
    variance = np.full(len(squares), usual)
    weights = np.zeros(columns.shape[1])
    for _ in range(_REWEIGHTED):
        share = np.sqrt(counts) / variance
        weights, _ = nnls(columns * share[:, None], squares * share)
        variance = np.maximum(columns @ weights, _LEAST * usual)
    return weights
