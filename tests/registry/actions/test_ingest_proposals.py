"""Strings of a generator become proposals, structures and candidates, once."""

import pytest

from registry.actions.ingest import AddProposals, Drawn
from registry.models import Candidate, GenerationRun, Proposal, Structure
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def run() -> GenerationRun:
    factories.structure("*OCC*")  # known, without a candidate
    factories.candidate("*OCCC*")  # known, with one
    return factories.generation_run()


def rows() -> list[Drawn]:
    texts = ["[Cu]OCC[Au]", "*CCCO*", "*OCCCC*", "*OCC(C)*", "*CCOCC*", "C1CC", "*C", "*O\0C*"]
    return [Drawn(rank, text, -float(rank), rank == 4) for rank, text in enumerate(texts)]


def add(run: GenerationRun) -> int:
    return AddProposals(actor=None, generation_run=run, rows=rows()).run()


def test_every_string_is_kept_with_what_became_of_it(run: GenerationRun) -> None:
    assert add(run) == 8
    found = {p.rank: (p.valid, p.duplicate, p.known, p.candidate is not None) for p in run.proposals.all()}
    assert found[0] == (True, False, True, False)  # poly(ethylene oxide), measured by somebody, is no new candidate
    assert found[1] == (True, False, True, True)
    assert found[2] == (True, False, False, True)
    assert found[3][:3] == (True, False, False)
    assert found[4] == (True, True, False, True)
    refused = list(run.proposals.filter(valid=False).order_by("rank"))
    assert [p.rank for p in refused] == [5, 6, 7]
    assert all(p.reason and p.candidate is None for p in refused)
    assert refused[-1].text == "*O␀C*"
    assert Candidate.objects.count() == 3
    assert Structure.objects.filter(fingerprint=None).count() == 0


def test_second_delivery_changes_nothing(run: GenerationRun) -> None:
    add(run)
    before = list(Proposal.objects.order_by("pk").values())
    assert add(run) == 0
    assert list(Proposal.objects.order_by("pk").values()) == before
    assert Candidate.objects.count() == 3
