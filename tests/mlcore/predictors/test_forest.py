"""The arrays say what scikit-learn says."""

from typing import Any

import numpy as np
import pytest
import torch
from sklearn.ensemble import HistGradientBoostingRegressor

from mlcore.predictors.forest import Forest

RANDOM = np.random.default_rng(0)
ROWS = np.concatenate([RANDOM.integers(0, 6, (700, 20)), RANDOM.normal(size=(700, 4))], axis=1)
VALUES = ROWS[:, 0] * ROWS[:, 1] + np.sin(3 * ROWS[:, 20]) + RANDOM.normal(scale=0.1, size=700)


def booster(target: np.ndarray, **settings: Any) -> Any:
    chosen = {"max_iter": 40, "max_leaf_nodes": 15, "early_stopping": False, "random_state": 0, **settings}
    return HistGradientBoostingRegressor(**chosen).fit(ROWS[:500], target[:500])


@pytest.mark.parametrize("leaves", [2, 3, 15, 64])
def test_it_predicts_what_scikit_learn_predicts(leaves: int) -> None:
    fitted = booster(VALUES, max_leaf_nodes=leaves, min_samples_leaf=2)
    found = Forest.of([fitted], [40], leaves).predict(ROWS)
    np.testing.assert_allclose(found[:, 0], fitted.predict(ROWS), rtol=1e-12, atol=1e-12)


def test_several_properties_and_the_first_rounds_of_each() -> None:
    fitted = [booster(VALUES), booster(VALUES**2, max_iter=25)]
    found = Forest.of(fitted, [7, 25], 15).predict(ROWS)
    np.testing.assert_allclose(found[:, 0], list(fitted[0].staged_predict(ROWS))[6], rtol=1e-12)
    np.testing.assert_allclose(found[:, 1], fitted[1].predict(ROWS), rtol=1e-12)


def test_a_value_on_a_threshold_goes_where_scikit_learn_sends_it() -> None:
    fitted = booster(VALUES)
    forest = Forest.of([fitted], [40], 15)
    edges = np.repeat(ROWS[:1], 2000, axis=0)
    known = np.isfinite(forest.threshold)
    edges[np.arange(known.sum()), forest.feature[known]] = forest.threshold[known]
    np.testing.assert_allclose(forest.predict(edges)[:, 0], fitted.predict(edges), rtol=1e-12)


def test_trees_of_one_leaf_and_no_row_at_all() -> None:
    fitted = booster(VALUES, min_samples_leaf=500)
    np.testing.assert_allclose(Forest.of([fitted], [40], 15).predict(ROWS)[:, 0], fitted.predict(ROWS), rtol=1e-12)
    assert Forest.of([fitted], [40], 15).predict(ROWS[:0]).shape == (0, 1)


def test_the_bundle_gives_the_same_forest_back_or_says_that_it_is_none() -> None:
    forest = Forest.of([booster(VALUES)], [40], 15)
    tensors = forest.tensors()
    np.testing.assert_array_equal(Forest.load(tensors, 24).predict(ROWS), forest.predict(ROWS))
    for name, wrong in {
        "feature": tensors["forest.feature"] + 20,
        "split": tensors["forest.split"] + 10,
        "trees": torch.tensor([39]),
        "leaf": tensors["forest.leaf"].float(),
    }.items():
        with pytest.raises(ValueError, match=r"forest|node"):
            Forest.load(tensors | {f"forest.{name}": wrong}, 24)
