import numpy as np
import pytest

from mlcore.data.tables import read_rows
from mlcore.evaluation import frechet
from tests.mlcore.conftest import SAMPLE

STRINGS = [row["mol_smiles"] for row in read_rows(SAMPLE, ["mol_smiles"])]


def test_gaussians_with_known_distance() -> None:
    eye = np.eye(3)
    zero, shift = np.zeros(3), np.array([1.0, 2.0, 2.0])
    assert frechet.gaussian_distance(zero, eye, shift, eye) == pytest.approx(9)
    assert frechet.gaussian_distance(zero, 4 * eye, zero, eye) == pytest.approx(3 * (2 - 1) ** 2)


def test_commuting_covariances_in_a_turned_frame() -> None:
    turn = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))[0]
    first, second = (turn @ np.diag(values) @ turn.T for values in ([1.0, 4.0, 9.0], [4.0, 1.0, 16.0]))
    zero = np.zeros(3)
    assert frechet.gaussian_distance(zero, first, zero, second) == pytest.approx(1 + 1 + 1)


def test_a_set_is_at_no_distance_from_itself_and_far_from_others() -> None:
    assert frechet.distance(STRINGS, STRINGS) == pytest.approx(0, abs=1e-6)
    near = frechet.distance(STRINGS[::2], STRINGS[1::2])
    far = frechet.distance(["*CC*", "*CCCC*", "*CCCCC*"], STRINGS)
    assert near is not None
    assert far is not None
    assert 0 < near < far


def test_too_few_structures_have_no_distance() -> None:
    assert frechet.distance(["*CC*", "nonsense"], STRINGS) is None
