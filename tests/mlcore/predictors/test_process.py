"""A Gaussian process judged on structures that it was not told about."""

from pathlib import Path

import numpy as np
import pytest

from mlcore import config
from mlcore.data import tables
from mlcore.evaluation import regression
from mlcore.predictors import covariance, process, reading
from mlcore.predictors.crossfit import Floats, Rows
from mlcore.predictors.process import Fitted, Settings
from mlcore.run import Run
from tests.mlcore.conftest import Recorder
from tests.mlcore.predictors.test_kernel import many_rows, settings
from tests.mlcore.predictors.test_polymer_gnn import write

SETTINGS = Settings(anchors=2000, fit_rows=1000, steps=40, rate=0.1, apart="")


def fitted(folder: Path, values: Floats, folds: list[Rows]) -> Fitted:
    """Of the first structures of `many_rows`, with other values."""
    loaded, events = config.load(settings()), Recorder()
    table = tables.read(write(folder, many_rows()[: len(values)]), loaded.data, events)
    described = covariance.describe(reading.of_keys(table.keys), "polymer", 2)
    return process.fit(Run(loaded, table, events, folder / "checkpoint"), described, values, folds, SETTINGS)


def folds_of(count: int) -> list[Rows]:
    return [np.arange(start, count, 5) for start in range(5)]


@pytest.mark.parametrize("few", [0, 500])
def test_what_is_said_about_a_fold_does_not_depend_on_its_values(
    few: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where parameters are found once, only through them."""
    monkeypatch.setattr(process, "_FEW", few)
    random, folds = np.random.default_rng(3), folds_of(40)
    values = random.normal(size=(40, 2))
    changed = values.copy()
    changed[folds[0]] = random.normal(size=(8, 2)) * 3
    before, after = (fitted(tmp_path, each, folds) for each in (values, changed))
    same = np.allclose(before.mean[folds[0]], after.mean[folds[0]], atol=1e-9)
    assert same == bool(few)
    assert np.allclose(before.left[folds[0]], after.left[folds[0]], atol=1e-9) == bool(few)
    assert not np.allclose(before.mean[folds[1]], after.mean[folds[1]], atol=1e-3)


def test_noise_about_few_structures_is_not_called_learned(tmp_path: Path) -> None:
    figures = []
    for seed in range(3):
        values = np.random.default_rng(seed).normal(size=(60, 2))
        mean = fitted(tmp_path, values, folds_of(60)).mean
        figures += [regression.measure(truth, said)["r2"] for truth, said in zip(values.T, mean.T, strict=True)]
    assert max(figures) < 0.05
