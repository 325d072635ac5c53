"""Selections of candidates: filters on scores, JSON as well as query strings, and nothing ignored."""

from typing import Any

import pytest

from registry.models import Candidate
from registry.search.parameters import SelectionError
from registry.search.selection import select_candidates
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def scored() -> list[Candidate]:
    """Conductivities 1e-6, 1e-5, 1e-4 S/cm with standard deviations 0.1, 0.2, 0.3; the last is out of domain."""
    candidates = [factories.candidate() for _ in range(3)]
    for exponent, candidate in zip((6, 5, 4), candidates, strict=True):
        deviation = (7 - exponent) / 10
        factories.score(candidate, value=10**-exponent, standard_deviation=deviation, in_domain=exponent > 4)
    return candidates


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"conductivity_min": "5e-6"}, [1, 2]),
        ({"conductivity_min": 5e-6, "conductivity_max": 5e-5}, [1]),
        ({"conductivity_std_max": 0.2}, [0, 1]),
        ({"conductivity_in_domain": True}, [0, 1]),
        ({"conductivity_in_domain": "false"}, [2]),
        ({"conductivity_min": 1, "status": ["proposed", "accepted"]}, []),
        ({"status": ["accepted", "proposed"], "kind": "polymer"}, [0, 1, 2]),
        ({"status": "rejected"}, []),
        ({"substructure": "C(=O)O"}, [0, 1, 2]),
        ({"substructure": "c1ccccc1"}, []),
        ({}, [0, 1, 2]),
    ],
    ids=str,
)
def test_selected(scored: list[Candidate], params: dict[str, Any], expected: list[int]) -> None:
    assert list(select_candidates(params)) == [scored[index] for index in reversed(expected)]


def test_conditions_on_one_score_are_one_subquery(scored: list[Candidate]) -> None:
    rows = select_candidates({"conductivity_min": 1e-9, "conductivity_max": 1, "conductivity_std_max": 1})
    assert str(rows.query).count("EXISTS") == 1


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"conductivty_min": 1}, "conductivty_min"),
        ({"conductivity_max": "high"}, "conductivity_max"),
        ({"status": "good"}, "status"),
        ({"substructure": "C("}, "substructure"),
        ({"similar_to": "*C(*)*"}, "similar_to"),
        ({"ids": [1, "x"]}, "ids"),
        ({"tag": {"name": "x"}}, "tag"),
        ({"assigned": None}, "assigned"),
        ({"threshold": 0}, "threshold"),
        ({"threshold": 0.5}, "threshold"),
        ({"threshold": 0.5, "similar_to": ""}, "threshold"),
        ({"threshold": 0.5, "similar_to": "*C(*)*"}, "similar_to"),
    ],
    ids=str,
)
def test_what_is_not_understood_is_named(scored: list[Candidate], params: dict[str, Any], field: str) -> None:
    with pytest.raises(SelectionError) as refused:
        select_candidates(params)
    assert refused.value.field == field


def test_a_misspelt_filter_gets_a_hint() -> None:
    with pytest.raises(SelectionError, match="did you mean status"):
        select_candidates({"statsu": "accepted"})


def test_a_selection_is_complete_or_none(scored: list[Candidate]) -> None:
    with pytest.raises(SelectionError, match="narrow it"):
        select_candidates({"substructure": "C"}, deadline=0)
