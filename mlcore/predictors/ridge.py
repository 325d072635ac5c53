"""Ridge regression with a kernel, in double precision: a Gaussian process whose noise is the ridge.

Rasmussen & Williams, Gaussian Processes for Machine Learning (2006), sections 2.2 and 5.4.2. Noise with heavy tails
is that of Student's t, by weights of the rows (Lange, Little & Taylor, J. Am. Stat. Assoc. 84, 881 (1989)): a row that
all the others contradict counts less.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.errors import UserError

Floats = NDArray[np.float64]

_ROUNDS = 2
"""Times that rows are weighed: the weights of a third differ by a percent."""
_TO_STD = 1.4826
"""Standard deviations in a median absolute deviation of Gaussian numbers."""


def solve(matrix: Tensor, targets: Floats, ridge: float, freedom: float = 0.0) -> tuple[Tensor, Floats]:
    """Weights (N, P) of the rows and their errors when left out (N, P), for targets (N, P) with NaN for unknown.

    (K + ridge mean(diag K)) w = y by Cholesky; a left-out error is w over the diagonal of the inverse (Rasmussen &
    Williams 2006, eq. 5.12). A row without a value has weight 0 and error NaN. A ridge too small for double precision
    is made larger, tenfold at a time.

    Args:
        freedom: degrees of freedom of Student's t. The ridge of a row is then times (freedom + r²) / (freedom + 1),
            with r its error when left out over the usual one, and over the geometric mean of these factors. The errors
            that are returned are those before rows are weighed, since a weight knows what it excuses. 0: Gaussian.
    """
    weights = torch.zeros(targets.shape, dtype=torch.float64)
    residuals = np.full(targets.shape, np.nan)
    patterns, places = np.unique(np.isfinite(targets), axis=1, return_inverse=True)
    for number, known in enumerate(patterns.T):
        rows, columns = np.flatnonzero(known), np.flatnonzero(places.reshape(-1) == number)
        whole = matrix if known.all() else matrix[np.ix_(rows, rows)]
        values = torch.from_numpy(targets[np.ix_(rows, columns)])
        solved, errors = _solved(whole, values, ridge, torch.ones(len(rows), dtype=torch.float64))
        residuals[np.ix_(rows, columns)] = errors.numpy()
        if freedom:
            parts = [_weighed(whole, values[:, [i]], ridge, freedom, errors[:, i]) for i in range(len(columns))]
            solved = torch.cat(parts, dim=1)
        weights[np.ix_(rows, columns)] = solved
    return weights, residuals


def _weighed(matrix: Tensor, values: Tensor, ridge: float, freedom: float, errors: Tensor) -> Tensor:
    """Weights (N, 1) for values (N, 1) whose errors when left out (N,) are those of rows that all count the same."""
    solved = torch.zeros_like(values)
    for _ in range(_ROUNDS):
        usual = (_TO_STD * errors.abs().median()).clamp_(min=torch.finfo(torch.float64).tiny)
        noise = (freedom + (errors / usual).square()) / (freedom + 1)
        solved, left_out = _solved(matrix, values, ridge, noise / noise.log().mean().exp())
        errors = left_out[:, 0]
    return solved


def _solved(matrix: Tensor, values: Tensor, ridge: float, noise: Tensor) -> tuple[Tensor, Tensor]:
    """Weights and errors when left out, both (N, P), for values (N, P); noise: factors of the ridge (N,)."""
    factor = _factor(matrix, ridge, noise)
    solved = torch.cholesky_solve(values, factor)
    return solved, solved / torch.cholesky_inverse(factor).diagonal()[:, None]


def _factor(matrix: Tensor, ridge: float, noise: Tensor) -> Tensor:
    scale = float(matrix.diagonal().mean())
    while ridge <= 1 and bool(torch.isfinite(matrix).all()):
        factor, failed = torch.linalg.cholesky_ex(matrix + torch.diag(ridge * scale * noise))
        if not failed:
            return factor
        ridge = max(10 * ridge, 1e-14)
    raise UserError("the kernel of the training molecules cannot be inverted; their geometries give no finite numbers")
