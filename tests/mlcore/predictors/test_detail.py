"""Series of held-out rows: the same structures for every model, each with its nearest training structure."""

from pathlib import Path

import numpy as np
import pytest

from mlcore import config, manifest
from mlcore.chem import polymer
from mlcore.data import tables
from mlcore.data.splits import Split
from mlcore.predictors import detail, report
from tests.mlcore.predictors.test_kernel import settings
from tests.mlcore.predictors.test_polymer_gnn import write
from tests.mlcore.predictors.test_trees import PROPERTIES, ten_rows, trained

KEYS = [f"key {n}" for n in range(2000)]


def test_two_models_with_most_structures_in_common_keep_the_same_pairs() -> None:
    values = np.arange(2000.0)
    one = detail.parity(values, values + 1, KEYS)
    other = detail.parity(values[100:], values[100:] - 1, KEYS[100:])
    assert len(one["keys"]) == detail.POINTS
    assert len(set(one["keys"]) & set(other["keys"])) > 0.9 * detail.POINTS
    by_key = dict(zip(one["keys"], one["truth"], strict=True))
    assert all(by_key.get(key, truth) == truth for key, truth in zip(other["keys"], other["truth"], strict=True))


def test_similarity_is_that_of_the_nearest_structure_learned() -> None:
    learned = [polymer.key(text) for text in ("*CCO*", "*CC*")]
    asked = [polymer.key(text) for text in ("*CCO*", "*CC(*)c1ccccc1", "*CCO*")]
    found = detail.nearest(asked, learned)
    assert found[0] == found[2] == 1
    assert 0 < found[1] < 1
    assert np.isnan(detail.nearest(asked, [])).all()


def test_missing_values_are_in_no_series() -> None:
    truth = np.array([1.0, np.nan, 3.0])
    found = detail.series(truth, truth + 0.5, np.ones(3), ["a", "b", "c"], np.array([0.5, 0.5, np.nan]))
    assert sorted(found["parity"]["truth"]) == [1.0, 3.0]
    assert found["error_by_similarity"] == [[0.5, 0.5, 1]]
    assert (*found, "learning_curve") == manifest.SERIES


def test_rows_that_steered_and_were_learned_count_as_known(tmp_path: Path) -> None:
    rows = [("*CCO*", 1e-4, 0.1), ("*CC(*)c1ccccc1", 1e-5, 0.2), ("*CC(*)c1ccccc1", 2e-5, 0.3)]
    table = tables.read(write(tmp_path, rows), config.load(settings()).data)
    split = Split(np.array([0]), np.array([1]), np.array([2]), "")
    score, inside = (lambda part: (table.targets[part], np.ones((len(part), 2)))), np.ones(3, dtype=bool)
    found = [report.parts(table, split, score, inside, learned) for learned in (None, np.array([0, 1]))]
    unlike, alike = (one["sigma"]["test"]["error_by_similarity"][0][0] for one in found)
    assert unlike < 0.5
    assert alike == 1


@pytest.mark.parametrize(
    ("split", "part"), [({"valid": 0.2, "test": 0.2}, "test"), ({"valid": 0.2, "test": 0}, "valid")]
)
def test_a_trained_bundle_has_them_of_the_rows_kept_last(tmp_path: Path, split: dict[str, float], part: str) -> None:
    found = trained(tmp_path, ten_rows(), data={"properties": PROPERTIES, "split": split})
    metrics = found.manifest.metrics["sigma"]
    assert [name for name, held in metrics.items() if "parity" in held] == [part]
    assert len(metrics[part]["parity"]["truth"]) == metrics[part]["n"]
    assert "parity" not in (found.path / "card.md").read_text()
    assert "parity" not in str(manifest.figures(found.manifest.metrics))
