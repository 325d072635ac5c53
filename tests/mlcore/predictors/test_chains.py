"""What the descriptors of a backbone say."""

import numpy as np
import pytest

from mlcore.chem.polymer import key
from mlcore.predictors import chains
from mlcore.predictors.covariance import describe
from mlcore.predictors.reading import of_keys


def of(text: str) -> list[float]:
    row = describe(of_keys([key(text)]), "polymer", 3).descriptors[0]
    return row[-chains.COLUMNS :].tolist()


@pytest.mark.parametrize(("text", "units"), [("*CCO*", 1), ("*CCOCCO*", 1), ("*OCC*", 1)])
def test_a_unit_is_described_however_it_is_cut_or_repeated(text: str, units: int) -> None:
    assert of(text) == of("*CCO*")


def test_the_shape_of_polyethylene_oxide() -> None:
    """Three atoms a unit, all of the backbone; one donor, three bonds from the next; two CH2 in a row."""
    atoms, backbone, side, polar, donors, run, _, *gaps = of("*CCO*")[:13]
    assert (atoms, backbone, side) == (3, 3, 0)
    assert polar == donors == pytest.approx(1 / 3)
    assert run == 2
    assert gaps == [3, 3, 3, 30, 30, 1], "no carbonyl; one chelating gap a unit"


def test_gaps_and_roles_of_a_carbonate_with_a_side_chain() -> None:
    one, other = of("*CC(COC)OC(=O)O*"), of("*CC(CCC)OC(=O)O*")
    assert one[0] == other[0] == 9
    assert one[1] == other[1] == 5
    assert one[2] == other[2] == pytest.approx(4 / 9)
    assert max(one[10], other[10]) == min(one[11], other[11]) == 5, "from carbonyl to carbonyl"
    assert np.count_nonzero(np.array(one) != np.array(other)) >= 3


def test_a_molecule_has_no_backbone_and_any_element_is_counted() -> None:
    rows = describe(of_keys(["CCO", "c1ccccc1", "[Na+].[Cl-]", "CCCCCCCCCC1CCCCCCCCCCC1"]), "molecule", 2).descriptors
    shape = rows[:, -chains.COLUMNS :]
    assert np.isfinite(rows).all()
    assert (shape[:, 1] == 0).all()
