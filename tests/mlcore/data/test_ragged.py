"""Rows of unlike length, end to end."""

import numpy as np

from mlcore.data import ragged


def test_places_are_those_of_the_chosen_rows_in_their_order() -> None:
    counts = np.array([2, 0, 3, 1])
    assert ragged.starts(counts).tolist() == [0, 2, 2, 5]
    chosen = np.array([2, 1, 0, 2])
    found = ragged.places(ragged.starts(counts)[chosen], counts[chosen])
    assert found.tolist() == [2, 3, 4, 0, 1, 2, 3, 4]
    assert ragged.places(np.array([], dtype=np.int64), np.array([], dtype=np.int64)).tolist() == []
