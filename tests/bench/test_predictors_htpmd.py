"""The benchmark on HTP-MD: folds are pooled, and what lacks some is not shown as if it had all."""

import json
from pathlib import Path

import numpy as np
import pytest

from mlcore import catalog, config
from mlcore.data.splits import by_key, folds_by_key
from tests.bench import predictors_htpmd
from tests.bench.predictors_htpmd import USUAL, configuration, measure, report


def written(folder: Path, name: str, folds: int) -> None:
    random = np.random.default_rng(0)
    for fold in range(folds):
        mean, std = random.normal(size=(20, 6)), random.uniform(0.1, 1, size=(20, 6))
        content = {
            "mean": mean.tolist(),
            "std": std.tolist(),
            "truth": (mean + std * random.normal(size=(20, 6))).tolist(),
        }
        content |= {"in_domain": [True] * 20, "seconds": 1.4}
        (folder / f"{name}-seed0-fold{fold}.json").write_text(json.dumps(content))


def test_only_what_has_all_folds_is_kept_for_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(predictors_htpmd, "OUT", tmp_path)
    written(tmp_path, "stack", 5)
    written(tmp_path, "gaussian-process", 2)
    found = report()
    assert found["gaussian-process-seed0"]["folds"] == 2
    kept = json.loads((tmp_path / "htpmd.json").read_text())
    assert list(kept) == ["stack-seed0"]
    assert kept["stack-seed0"]["properties"]["molarity"]["n"] == 100


def test_wide_intervals_that_tell_large_errors() -> None:
    random = np.random.default_rng(1)
    std = np.repeat([0.1, 0.5, 2.0], 400)
    found = measure(std * random.normal(size=1200), np.zeros(1200), std)
    assert found["coverage_90"] == pytest.approx(0.9, abs=0.03)
    assert found["error_to_std"] > 0.5
    assert found["width_in_thirds"] == pytest.approx([0.329, 1.645, 6.58], rel=1e-3)
    assert found["mae_in_thirds"] == sorted(found["mae_in_thirds"])


@pytest.mark.parametrize("name", [*USUAL, "polymer-gnn"])
def test_every_configuration_can_be_read_and_holds_back_nothing_twice(name: str) -> None:
    found = configuration(name, {})
    assert isinstance(found, config.RunConfig)
    assert catalog.get(found.architecture).name == name
    assert found.data.split.test == 0


@pytest.mark.parametrize("name", ["trees", "polymer-gnn"])
def test_what_is_steered_by_validation_rows_has_them_in_every_fold(name: str) -> None:
    keys, settings = [f"key {number}" for number in range(2000)], configuration(name, {})
    for fold in folds_by_key(keys, 5, 0):
        taught = [keys[row] for row in fold.train]
        split = by_key(taught, settings.data.split.valid, settings.data.split.test, settings.seed)
        assert 100 < len(split.valid) < 220
