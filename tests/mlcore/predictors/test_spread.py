"""Intervals from held-out errors."""

import numpy as np
import torch

from mlcore.evaluation import calibration
from mlcore.predictors.spread import Spread

RANDOM = np.random.default_rng(0)


def made_up(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Errors whose spread grows with a doubt and with low predictions of another property; t-like tails."""
    mean, doubt = RANDOM.normal(size=(n, 2)), RANDOM.uniform(size=n)
    std = np.stack([np.sqrt(0.05 + 2 * doubt), np.sqrt(0.1 + np.maximum(-mean[:, 0], 0))], axis=1)
    return RANDOM.standard_t(5, size=(n, 2)) * std, mean, doubt


def test_intervals_hold_on_new_structures_and_are_narrow_where_errors_are_small() -> None:
    errors, mean, doubt = made_up(3000)
    spread = Spread.fit(errors, mean, [doubt])
    errors, mean, doubt = made_up(3000)
    std = spread.std(mean, [doubt])
    for p in range(2):
        assert 0.88 <= calibration.coverage(errors[:, p], np.zeros(3000), std[:, p]) <= 0.92
        thirds = np.array_split(np.argsort(std[:, p]), 3)
        assert std[thirds[2], p].mean() > 1.5 * std[thirds[0], p].mean()
        for third in thirds:
            assert 0.85 <= calibration.coverage(errors[third, p], np.zeros(len(third)), std[third, p]) <= 0.95


def test_missing_values_and_few_of_them() -> None:
    errors, mean, doubt = made_up(100)
    errors[8:, 1] = np.nan
    spread = Spread.fit(errors, mean, [doubt, np.abs(mean)])
    assert np.isfinite(spread.std(mean, [doubt, np.abs(mean)])).all()
    assert spread.factor[1] == 1
    again = Spread.load({name: torch.as_tensor(t) for name, t in spread.tensors().items()})
    np.testing.assert_array_equal(again.std(mean, [doubt, mean**2]), spread.std(mean, [doubt, mean**2]))


def test_many_rows_that_count_little_do_not_rule() -> None:
    errors, mean, doubt = made_up(500)
    many = np.tile([[0.01, 0.01]], (5000, 1))
    counts = np.concatenate([np.ones(500), np.full(5000, 1e-3)])
    several = (np.concatenate([errors, many]), np.concatenate([mean, np.zeros((5000, 2))]))
    doubts = [np.concatenate([doubt, np.full(5000, 0.5)])]
    usual = Spread.fit(errors, mean, [doubt]).std(mean, [doubt])
    np.testing.assert_allclose(Spread.fit(*several, doubts, counts).std(mean, [doubt]).mean(0), usual.mean(0), rtol=0.1)
    assert (Spread.fit(*several, doubts).std(mean, [doubt]).mean(0) < 0.7 * usual.mean(0)).all()
