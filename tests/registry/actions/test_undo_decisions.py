"""Many decisions taken back at once: statuses follow, queries stay few, and what cannot be undone is refused."""

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection
from django.test.utils import CaptureQueriesContext

from registry.actions.base import ActionError
from registry.actions.decide import Decide
from registry.actions.undo_decision import UndoDecision, status_from_decisions
from registry.actions.undo_decisions import UndoDecisions
from registry.models import Candidate, Decision
from tests import factories

pytestmark = pytest.mark.django_db


def decided(curator, count, verdict="accept"):
    candidates = [factories.candidate().pk for _ in range(count)]
    return Decide(actor=curator, candidates=candidates, verdict=verdict, reason="first look").run()


def test_statuses_follow_from_the_decisions_that_stand():
    curator = factories.user("Curator")
    decisions = decided(curator, 3)
    Decide(actor=curator, candidates=[decisions[0].candidate_id], verdict="hold").run()
    undos = UndoDecisions(actor=curator, decisions=[one.pk for one in decisions], reason=" wrong list ").run()
    assert {(undo.undoes_id, undo.reason) for undo in undos} == {(one.pk, "wrong list") for one in decisions}
    rows = [Candidate.objects.get(pk=one.candidate_id) for one in decisions]
    assert [row.status for row in rows] == ["on_hold", "proposed", "proposed"]
    assert all(row.status == status_from_decisions(row) for row in rows)


def test_those_undone_by_now_are_left_out():
    curator = factories.user("Curator")
    first, second = decided(curator, 2)
    UndoDecision(actor=curator, decision=first).run()
    undos = UndoDecisions(actor=curator, decisions=[first.pk, second.pk]).run()
    assert [undo.undoes_id for undo in undos] == [second.pk]
    with pytest.raises(ActionError, match="already") as refused:
        UndoDecisions(actor=curator, decisions=[first.pk, second.pk]).run()
    assert refused.value.conflict


def test_refusals():
    curator = factories.user("Curator")
    (decision,) = decided(curator, 1)
    undo = UndoDecision(actor=curator, decision=decision).run()
    for actor, ids in ((None, [decision.pk]), (curator, []), (curator, [undo.pk]), (curator, [10**12])):
        with pytest.raises(ActionError):
            UndoDecisions(actor=actor, decisions=ids).run()
    with pytest.raises(PermissionDenied):
        UndoDecisions(actor=factories.user("Viewer"), decisions=[decision.pk]).run()
    assert Decision.objects.count() == 2


def test_queries_are_flat():
    curator, counts = factories.user("Curator"), []
    for size in (2, 20):
        ids = [one.pk for one in decided(curator, size)]
        with CaptureQueriesContext(connection) as queries:
            UndoDecisions(actor=curator, decisions=ids).run()
        counts.append(len(queries))
    assert counts[1] <= counts[0]
