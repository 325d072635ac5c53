"""Bins from the reference, counts of both sides."""

import json

import numpy as np
import pytest

from mlcore.evaluation.histograms import BINS, histogram

RANDOM = np.random.default_rng(0)


def test_every_value_is_counted_once_and_the_ends_are_open() -> None:
    reference = RANDOM.normal(size=5000)
    sample = np.concatenate([RANDOM.normal(size=300), [-1e9, 1e9, np.nan]])
    found = histogram("x", "g", "linear", sample, reference)
    assert found is not None
    assert (found["name"], found["unit"], found["scale"]) == ("x", "g", "linear")
    edges = np.array(found["edges"])
    assert len(edges) == BINS + 1
    np.testing.assert_allclose(edges[[0, -1]], np.percentile(reference, [1, 99]), rtol=1e-5)
    np.testing.assert_allclose(np.diff(edges), np.diff(edges).mean(), rtol=1e-4)
    assert (sum(found["sample"]), sum(found["reference"])) == (302, 5000)
    inside = np.histogram(sample[:300], edges[1:-1])[0]
    assert found["sample"][1:-1] == inside.tolist()
    assert json.loads(json.dumps(found)) == found


def test_a_log_axis_has_even_decades_and_no_place_for_what_it_cannot_show() -> None:
    reference = np.concatenate([10 ** RANDOM.uniform(-6, -3, 2000), [np.nan]])
    found = histogram("s", "S/cm", "log10", np.array([1e-9, 1e-4, 1.0]), reference)
    assert found is not None
    steps = np.diff(np.log10(found["edges"]))
    np.testing.assert_allclose(steps, steps.mean(), rtol=1e-3)
    assert (sum(found["sample"]), sum(found["reference"])) == (3, 2000)
    assert found["sample"][0] == found["sample"][-1] == 1


@pytest.mark.parametrize(("span", "bins"), [(10, 10), (24, 24), (60, 20)])
def test_whole_numbers_share_the_bins_evenly(span: int, bins: int) -> None:
    values = np.repeat(np.arange(1, span + 1), 200).astype(float)
    found = histogram("n", "", "linear", values, values, whole=True)
    assert found is not None
    assert all(edge % 1 == 0.5 for edge in found["edges"])
    assert len(found["reference"]) == bins
    assert set(found["reference"]) == {200 * span // bins}


def test_one_value_has_one_bin_and_none_has_no_histogram() -> None:
    one = np.full(5, 3e-5)
    found = histogram("s", "S/cm", "log10", np.array([1e-5, 1e-3]), one)
    assert found is not None
    assert (len(found["edges"]), found["sample"], found["reference"]) == (2, [2], [5])
    assert histogram("s", "", "linear", one, np.full(3, np.nan)) is None
    assert histogram("s", "", "linear", one, np.empty(0)) is None
