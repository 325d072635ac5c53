"""Intervals that cover what they promise."""

import math

import numpy as np
import pytest

from mlcore.evaluation import calibration


def test_a_normal_error_needs_no_scaling() -> None:
    random = np.random.default_rng(0)
    truth, zeros, ones = random.normal(size=20_000), np.zeros(20_000), np.ones(20_000)
    assert calibration.coverage(truth, zeros, ones) == pytest.approx(0.9, abs=0.01)
    assert calibration.scale_factor(truth, zeros, ones) == pytest.approx(1, abs=0.02)


@pytest.mark.parametrize("tails", [1.0, 3.0, 30.0])
def test_the_factor_holds_on_new_values_whatever_their_distribution(tails: float) -> None:
    random = np.random.default_rng(1)
    truth = random.standard_t(tails, size=(2, 4000)) * 7
    zeros, ones = np.zeros(4000), np.ones(4000)
    factor = calibration.scale_factor(truth[0], zeros, ones)
    assert factor is not None
    assert calibration.coverage(truth[1], zeros, factor * ones) == pytest.approx(0.9, abs=0.02)


def test_missing_truths_do_not_count() -> None:
    truth = np.array([0.0, np.nan, 5.0])
    assert calibration.coverage(truth, np.zeros(3), np.ones(3)) == pytest.approx(0.5)
    assert math.isnan(calibration.coverage(np.array([np.nan]), np.zeros(1), np.ones(1)))


def test_nine_values_are_the_fewest_for_ninety_percent() -> None:
    truth = np.arange(1.0, 10.0)
    assert calibration.scale_factor(truth, np.zeros(9), np.ones(9)) == pytest.approx(9 / calibration.half_width(0.9))
    assert calibration.scale_factor(truth[:8], np.zeros(8), np.ones(8)) is None


def test_the_curve_of_honest_intervals_is_the_diagonal_and_that_of_narrow_ones_lies_below() -> None:
    random = np.random.default_rng(2)
    truth, zeros, ones = random.normal(size=20_000), np.zeros(20_000), np.ones(20_000)
    honest, narrow = (calibration.curve(truth, zeros, std) for std in (ones, 0.5 * ones))
    assert [level for level, _ in honest] == list(calibration.LEVELS)
    assert all(held == pytest.approx(level, abs=0.015) for level, held in honest)
    assert dict(narrow)[0.9] == pytest.approx(0.589, abs=0.015)  # +-0.822 sd of a normal distribution
    assert calibration.curve(np.array([np.nan]), np.zeros(1), np.ones(1)) == []


def test_a_value_that_counts_half_is_one_of_two_that_are_the_same() -> None:
    truth, ones = np.random.default_rng(0).normal(size=60), np.ones(60)
    twice = np.concatenate([truth, truth[:20]])
    halves = np.concatenate([np.full(20, 0.5), np.ones(40), np.full(20, 0.5)])
    for level in (0.5, 0.9):
        plain = calibration.scale_factor(truth, np.zeros(60), ones, level)
        assert calibration.scale_factor(twice, np.zeros(80), np.ones(80), level, halves) == plain
