"""Ridge regression with a kernel: its errors of rows left out, and rows that count less."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.predictors import ridge
from mlcore.predictors.kernels import Kernel


def matrix_of(points: NDArray[np.float64]) -> Tensor:
    given = torch.from_numpy(points)
    return Kernel("matern", 2.0, [1.0])([given], [given])


def test_leaving_out_is_what_the_formula_says() -> None:
    random = np.random.default_rng(0)
    matrix = matrix_of(random.normal(size=(12, 2)))
    targets = random.normal(size=(12, 2))
    targets[3, 1] = np.nan
    weights, residuals = ridge.solve(matrix, targets, 1e-3)
    for column, known in ((0, np.arange(12)), (1, np.delete(np.arange(12), 3))):
        others = known[known != 7]
        again, _ = ridge.solve(matrix[np.ix_(others, others)], targets[others][:, [column]], 1e-3)
        predicted = float(matrix[7, others] @ again[:, 0])
        assert residuals[7, column] == pytest.approx(targets[7, column] - predicted, rel=1e-6)
    assert np.isnan(residuals[3, 1])
    assert float(weights[3, 1]) == 0


def test_a_singular_matrix_gets_a_larger_ridge() -> None:
    weights, _ = ridge.solve(torch.ones(4, 4, dtype=torch.float64), np.ones((4, 1)), 0.0)
    assert torch.isfinite(weights).all()


def test_what_all_others_contradict_counts_less() -> None:
    """A value of thirty on a smooth curve is ten off: its neighbours are missed by less, itself is not followed."""
    points = np.linspace(0, 6, 30)[:, None]
    truth = np.sin(points)
    wrong = truth.copy()
    wrong[14] += 10
    matrix = matrix_of(points)
    plain, errors = ridge.solve(matrix, wrong, 1e-3)
    weighed, same = ridge.solve(matrix, wrong, 1e-3, freedom=2)
    np.testing.assert_array_equal(errors, same)
    off = [(matrix @ found - torch.from_numpy(truth)).abs() for found in (plain, weighed)]
    assert float(off[1].max()) < 0.1 * float(off[0].max())
    assert float(off[0].max()) > 0.5


def test_weights_hardly_move_what_agrees() -> None:
    points = np.linspace(0, 6, 30)[:, None]
    truth = np.sin(points) + np.random.default_rng(0).normal(size=(30, 1)) * 0.01
    matrix = matrix_of(points)
    plain, weighed = (matrix @ ridge.solve(matrix, truth, 1e-4, freedom)[0] for freedom in (0, 4))
    torch.testing.assert_close(plain, weighed, atol=0.01, rtol=0)


def test_each_target_has_weights_of_its_own() -> None:
    random = np.random.default_rng(0)
    matrix, values = matrix_of(random.normal(size=(20, 2))), random.standard_t(2, size=(20, 2))
    values[3, 1] = np.nan
    both, _ = ridge.solve(matrix, values, 1e-3, freedom=3)
    for column in (0, 1):
        alone, _ = ridge.solve(matrix, values[:, [column]], 1e-3, freedom=3)
        torch.testing.assert_close(both[:, [column]], alone)


@pytest.mark.parametrize("values", [np.zeros((6, 1)), np.ones((6, 1))])
def test_targets_without_a_spread_are_no_matter(values: NDArray[np.float64]) -> None:
    weights, _ = ridge.solve(matrix_of(np.arange(6.0)[:, None]), values, 1e-3, freedom=2)
    assert torch.isfinite(weights).all()
