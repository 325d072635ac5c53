"""Members that have not seen a structure."""

import numpy as np
import pytest

from mlcore.predictors.left_out import LeftOut

RANDOM = np.random.default_rng(0)


@pytest.mark.parametrize(("members", "parts"), [(8, 4), (9, 4), (5, 2), (4, 2)])
def test_every_structure_is_left_out_by_two_and_taught_to_the_others(members: int, parts: int) -> None:
    taught = np.arange(3, 45)
    found = LeftOut.draw(members, 50, taught, seed=0)
    away = found.unseen.sum(axis=0)
    assert not away[:3].any()
    assert not away[45:].any()
    assert away[taught].min() >= members // parts >= 2
    assert found.unseen[:, taught].mean() == pytest.approx(1 / parts, abs=0.05)


@pytest.mark.parametrize(("members", "structures"), [(3, 100), (8, 19), (1, 100)])
def test_of_too_few_none_is_left_out(members: int, structures: int) -> None:
    assert not LeftOut.draw(members, structures, np.arange(structures), seed=0).unseen.any()


def test_members_draw_no_row_of_what_they_leave_out() -> None:
    structure = np.repeat(np.arange(30), 4)
    left_out = LeftOut.draw(8, 30, np.arange(30), seed=1)
    chances = left_out.chances(np.full(120, 1 / 120), structure)
    np.testing.assert_allclose(chances.sum(axis=1), 1)
    assert ((chances == 0) == left_out.unseen[:, structure]).all()


def test_answers_are_those_of_members_that_have_not_seen_the_structure() -> None:
    structure = np.repeat(np.arange(400), 2)
    left_out = LeftOut.draw(8, 400, np.arange(400), seed=2)
    found = RANDOM.normal(size=(8, 800, 1))
    mean, variance = left_out.answers(found, structure)
    members = np.flatnonzero(left_out.unseen[:, structure[5]])
    assert mean[5] == pytest.approx(found[members, 5].mean())
    assert variance.mean() == pytest.approx(found.var(axis=0).mean(), rel=0.1)
