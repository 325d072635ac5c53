"""The distance is that of the package, for polymers with their ends as `*`."""

import os
from pathlib import Path

import numpy as np
import pytest

from mlcore.data.tables import read_column, read_rows
from mlcore.evaluation import chemnet
from tests.mlcore.conftest import SAMPLE

STRINGS = read_column(SAMPLE, "mol_smiles")


@pytest.mark.slow
def test_it_is_the_distance_of_the_package() -> None:
    import fcd

    plain = fcd.canonical_smiles([text.replace("[Cu]", "*").replace("[Au]", "*") for text in STRINGS], njobs=1)
    found = chemnet.activations(STRINGS)
    assert found.shape == (len(STRINGS), 512)
    ours = chemnet.distance(found[:30], found[30:])
    assert ours == pytest.approx(fcd.get_fcd(plain[:30], plain[30:]), rel=1e-2)
    assert chemnet.distance(found, found) == pytest.approx(0, abs=1e-4)


@pytest.mark.slow
@pytest.mark.realdata
def test_the_good_conductors_among_all_the_polymers() -> None:
    """The scale that docs/models.md gives."""
    rows = read_rows(Path(os.environ["DATA_DIR"]) / "htpmd" / "PolyGen-train-set-from-HTP-MD.csv", ["mol_smiles"])
    found = chemnet.activations([row["mol_smiles"] for row in rows])
    high = np.array([float(row["conductivity"]) for row in rows]) >= 1.23422e-4
    assert chemnet.distance(found[high], found) == pytest.approx(3.63, abs=0.01)
    order = np.random.default_rng(0).permutation(len(rows))
    assert chemnet.distance(found[order[::2]], found[order[1::2]]) == pytest.approx(0.09, abs=0.02)


def test_spelling_and_repeats() -> None:
    found = chemnet.activations(["[Cu]CCO[Au]", "*OCC*", "*CCO*", "*CC*"])
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[0], found[2])
    assert not np.array_equal(found[0], found[3])
    assert chemnet.activations([]).shape == (0, 512)


def test_too_few_have_no_distance() -> None:
    one, two = np.zeros((1, 512)), np.zeros((2, 512))
    assert chemnet.distance(one, two) is chemnet.distance(two, one) is None
