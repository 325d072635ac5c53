"""Errors and rank measures against values worked out by hand or by SciPy."""

import math

import numpy as np
import pytest
from scipy.stats import spearmanr

from mlcore.evaluation import regression


def test_measures_by_hand() -> None:
    measured = regression.measure(np.array([1.0, 2.0, 3.0, np.nan]), np.array([1.0, 3.0, 5.0, 9.0]))
    assert measured["n"] == 3
    assert measured["mae"] == pytest.approx(1.0)
    assert measured["rmse"] == pytest.approx(math.sqrt(5 / 3))
    assert measured["r2"] == pytest.approx(1 - 5 / 2)
    assert measured["spearman"] == pytest.approx(1.0)


def test_predicting_the_mean_has_no_r2_and_no_rank() -> None:
    truth = np.array([1.0, 2.0, 6.0])
    measured = regression.measure(truth, np.full(3, 3.0))
    assert measured["r2"] == pytest.approx(0.0)
    assert math.isnan(measured["spearman"])


def test_spearman_shares_ties_as_scipy_does() -> None:
    random = np.random.default_rng(0)
    a, b = random.integers(0, 5, 50).astype(float), random.normal(size=50)
    assert regression.spearman(a, b) == pytest.approx(spearmanr(a, b).statistic)


def test_top_precision_counts_the_shared_best() -> None:
    truth, predicted = np.arange(100.0), np.arange(100.0)
    predicted[99] = -1
    assert regression.top_precision(truth, predicted, 5) == pytest.approx(0.8)


def test_one_value_and_none() -> None:
    one = regression.measure(np.array([2.0]), np.array([3.0]))
    assert one["mae"] == 1
    assert math.isnan(one["r2"])
    assert regression.measure(np.array([np.nan]), np.array([3.0])) == {"n": 0}


def test_top_k_goes_up_to_half_of_the_values_that_are_known() -> None:
    truth = np.append(np.arange(10.0), np.nan)
    predicted = truth.copy()
    predicted[[9, 0]] = predicted[[0, 9]]
    assert regression.top_k(truth, predicted) == [(1, 0.0), (2, 0.5), (5, pytest.approx(0.8))]


def test_errors_fall_into_bins_that_hold_their_upper_end() -> None:
    truth = np.array([0.0, 0.0, 0.0, 0.0, np.nan])
    predicted = np.array([1.0, 3.0, 5.0, 7.0, 9.0])
    similarity = np.array([0.1, np.float32(0.2), 0.21, 1.0, 1.0])
    assert regression.error_by_similarity(truth, predicted, similarity) == [(0.2, 2.0, 2), (0.3, 5.0, 1), (1.0, 7.0, 1)]
