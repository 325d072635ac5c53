"""Several properties as one Gaussian process, so that each learns from what the others say about a structure.

The intrinsic coregionalisation model (Bonilla et al., NeurIPS 2007): the covariance of property p of x and property q
of z is B[p, q] k(x, z), and the noise of one structure's values has a covariance of its own, as the values of one
simulation err together. Two such matrices can always be made diagonal at once, by mixing the properties with an
invertible R: the mixtures r = y R are independent, each with the covariance s k and noise of variance 1. R and s are
learned as they are, with the parameters of k, by the marginal likelihood.

Large tables: the posterior is that of a process known at M anchors (deterministic training conditional; Quinonero-
Candela and Rasmussen, JMLR 6, 1939 (2005)), which is exact where every training structure is an anchor.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.linalg import cho_solve, cholesky, solve_triangular
from torch import Tensor

Floats = NDArray[np.float64]

_JITTER = 1e-5
_SPARSENESS = 2e-5
"""Pull of a descriptor's relevance towards zero, per training structure."""


@dataclass(frozen=True)
class Mixing:
    """How P properties are mixed into independent ones."""

    mix: Floats
    """R, (P, P): values in standard deviations, times this."""
    signal: Floats
    """s, (P,): variance of each mixture, where that of its noise is 1."""


@dataclass(frozen=True)
class Learned:
    """The parameters with the largest marginal likelihood that was found."""

    relevance: Floats
    share: float
    mixing: Mixing


def learn(
    coordinates: Floats, likeness: Floats, values: Floats, steps: int, rate: float, device: torch.device,
    told: Callable[[int, float], None],
) -> Learned:  # fmt: skip
    """Adam on the marginal likelihood of N structures: coordinates (N, D), MinMax (N, N), values (N, P), all known.

    told: gets each step and the negative log likelihood per structure.
    """
    x, alike, y = (torch.tensor(part, dtype=torch.float64, device=device) for part in (coordinates, likeness, values))
    y = y - y.mean(0)
    columns, properties = x.shape[1], y.shape[1]
    relevance = torch.full((columns,), -1.5 - 0.5 * np.log(columns), dtype=torch.float64, device=device)
    share = torch.tensor(2.0, dtype=torch.float64, device=device)
    mix = torch.eye(properties, dtype=torch.float64, device=device) * 2**0.5
    signal = torch.zeros(properties, dtype=torch.float64, device=device)
    parameters = [relevance.requires_grad_(), share.requires_grad_(), mix.requires_grad_(), signal.requires_grad_()]
    optimizer = torch.optim.Adam(parameters, lr=rate)
    for step in range(steps):
        a = share.sigmoid()
        k = a * _squared_exponential(x * relevance.exp()) + (1 - a) * alike
        loss, surrogate = _likelihood(k, y @ mix, signal.exp())
        volume = len(y) * torch.linalg.slogdet(mix)[1]
        told(step, float((loss - volume).detach()) / len(y))
        optimizer.zero_grad()
        ((surrogate - volume) / len(y) + _SPARSENESS * relevance.exp().sum()).backward()
        optimizer.step()
    numbers = [parameter.detach().cpu().numpy() for parameter in (relevance.exp(), mix, signal.exp())]
    return Learned(numbers[0], float(share.detach().sigmoid()), Mixing(*numbers[1:]))


def _squared_exponential(x: Tensor) -> Tensor:
    square = x.square().sum(1)
    return torch.exp(-0.5 * (square[:, None] + square - 2 * x @ x.T).clamp_min(0))


def _likelihood(k: Tensor, mixed: Tensor, signal: Tensor) -> tuple[Tensor, Tensor]:
    """Negative log likelihood of mixtures (N, P), and a sum with the same gradient that needs none of a Cholesky.

    d/dA of half (y' A^-1 y + log |A|) is half (A^-1 - a a') with a = A^-1 y, and a for y itself.
    """
    total, surrogate = torch.zeros_like(signal[0]), torch.zeros_like(signal[0])
    for s, y in zip(signal, mixed.T, strict=True):
        with torch.no_grad():
            matrix = s * k
            matrix.diagonal().add_(1)
            lower = torch.linalg.cholesky(matrix)
            a = torch.cholesky_solve(y[:, None], lower)[:, 0]
            total = total + 0.5 * (y @ a) + lower.diagonal().log().sum()
            slope = 0.5 * (torch.cholesky_inverse(lower) - torch.outer(a, a))
        surrogate = surrogate + s * (slope * k).sum() + a @ y
    return total, surrogate


@dataclass(frozen=True)
class Posterior:
    """The process after it has seen the training values."""

    weights: Floats
    """(M, P): mean = k(x, anchors) @ weights + mean of the values, in standard deviations."""
    offset: Floats
    """(P,)."""

    def mean(self, k: Floats) -> Floats:
        """(N, P) for covariances (N, M) with the anchors."""
        return k @ self.weights + self.offset


@dataclass(frozen=True)
class Solver:
    """Posteriors for one set of anchors and training structures."""

    lower: Floats
    """(M, M): the Cholesky factor of the anchors' covariance."""
    whitened: Floats
    """(M, N): lower^-1 k(anchors, training structures)."""

    @classmethod
    def of(cls, between_anchors: Floats, with_training: Floats) -> "Solver":
        """From covariances (M, M) of the anchors and (N, M) of the training structures with them."""
        matrix = (between_anchors + between_anchors.T) / 2
        matrix[np.diag_indices_from(matrix)] += _JITTER
        lower = cholesky(matrix, lower=True)
        return cls(lower, solve_triangular(lower, with_training.T, lower=True))

    def posterior(self, values: Floats, mixing: Mixing, without: NDArray[np.int64] | None = None) -> Posterior:
        """For values (N, P) in standard deviations, all known, or as if some training structures had none.

        A posterior without some costs M^3, not N M^2.
        """
        hidden = np.empty(0, dtype=np.int64) if without is None else without
        rest = np.delete(np.arange(len(values)), hidden)
        left = self._product - self.whitened[:, hidden] @ self.whitened[:, hidden].T
        offset = values[rest].mean(axis=0) if len(rest) else np.zeros(values.shape[1])
        seen = self.whitened[:, rest] @ ((values[rest] - offset) @ mixing.mix)  # (M, P)
        solved = [s * _solve(s * left, seen[:, j]) for j, s in enumerate(mixing.signal)]
        inner = np.stack(solved, axis=1) @ np.linalg.inv(mixing.mix)
        return Posterior(solve_triangular(self.lower, inner, lower=True, trans=1), offset)

    @cached_property
    def _product(self) -> Floats:
        return self.whitened @ self.whitened.T

    def doubt(self, signal: float, rows: NDArray[np.int64] | None = None) -> Floats:
        """(M, M): the matrix Q with which 1 - k Q k' is the share of the variance that is left at a structure.

        rows: training structures to leave out.
        """
        kept = self.whitened if rows is None else np.delete(self.whitened, rows, axis=1)
        matrix = signal * kept @ kept.T
        matrix[np.diag_indices_from(matrix)] += 1
        inverse = solve_triangular(self.lower, np.eye(len(self.lower)), lower=True)
        return inverse.T @ (inverse - cho_solve((cholesky(matrix, lower=True), True), inverse))


def _solve(matrix: Floats, right: Floats) -> Floats:
    """(matrix + 1)^-1 right."""
    matrix = matrix.copy()
    matrix[np.diag_indices_from(matrix)] += 1
    return cho_solve((cholesky(matrix, lower=True, overwrite_a=True), True), right)
