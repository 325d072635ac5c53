"""Shares above a threshold, worked out by hand."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mlcore import bundle
from mlcore.chem import polymer
from mlcore.errors import UserError
from mlcore.evaluation import judges
from mlcore.evaluation.judges import Judge
from mlcore.predictors.protocol import Predictions
from mlcore.processes import Workers
from tests.mlcore.chem.rewriting import HTPMD

ZOO = Path(bundle.__file__).parent / "zoo"


class Lengths:
    """Predicts the length of the key, and nothing for sulphur."""

    properties: list[dict[str, Any]] = [
        {"name": "size", "unit": "", "scale": "linear"},
        {"name": "length", "unit": "", "scale": "linear"},
    ]

    def __init__(self) -> None:
        self.asked: list[str] = []

    def predict(self, structures: Sequence[str]) -> Predictions:
        raise AssertionError("a judge asks by key")

    def predict_keys(self, keys: Sequence[str]) -> Predictions:
        self.asked += keys
        mean = np.array([[1.0, float("nan") if "S" in key else float(len(key))] for key in keys]).reshape(-1, 2)
        return Predictions(mean, mean * 0, [""] * len(keys), [None] * len(keys))


def judge() -> Judge:
    return Judge("lengths", "ruler", "d" * 64, Lengths())


def test_the_share_is_of_strings_that_were_scored_repeats_included() -> None:
    one, keys = judge(), ["CO", "CCO", "CCO", "CCCCO", "CS"]
    report = one.answers(keys).report(keys, {"length": 3, "density": 1.0})
    assert report == {
        "name": "lengths",
        "architecture": "ruler",
        "digest": "d" * 64,
        "above_threshold": {"length": 3 / 4},
    }
    assert sorted(one.predictor.asked) == ["CCCCO", "CCO", "CO", "CS"], "each structure is worked out once"


@pytest.mark.parametrize("name", ["gnn-htpmd", "trees-htpmd"])
def test_other_processes_say_the_same(name: str) -> None:
    """Also where this one has used its network before they were started."""
    one = Judge.open(ZOO / name, "cpu")
    keys = [polymer.key(text) for text in HTPMD[:300]]
    alone = one.answers(keys).of("conductivity", keys)
    with Workers(2) as workers:
        shared = one.answers(keys, workers).of("conductivity", keys)
    np.testing.assert_allclose(shared, alone, rtol=1e-4)


@pytest.mark.parametrize("keys", [[], ["CS"]])
def test_without_a_scored_string_there_is_no_share(keys: list[str]) -> None:
    assert judge().answers(keys).report(keys, {"length": 3})["above_threshold"] == {"length": None}


@pytest.mark.parametrize(
    ("bench", "thresholds", "columns", "message"),
    [
        (
            [judge()],
            {},
            ["length"],
            "--predictor lengths needs a --threshold of a property that it knows: size, length",
        ),
        ([judge()], {"hue": 1}, ["hue"], "--predictor lengths needs a --threshold of a property that it knows"),
        ([judge()], {"length": 1, "hue": 1}, ["x"], "--threshold hue: neither a predictor nor the reference knows it"),
        ([], {"hue": 1}, ["x"], "--threshold hue: neither a predictor nor the reference knows it"),
    ],
)
def test_a_threshold_that_nobody_knows(
    bench: list[Judge], thresholds: dict[str, float], columns: list[str], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        judges.check(bench, thresholds, columns)


def test_a_threshold_may_be_the_references_alone() -> None:
    judges.check([], {"hue": 1}, ["hue"])
    judges.check([judge()], {"length": 1, "hue": 1}, ["hue"])
