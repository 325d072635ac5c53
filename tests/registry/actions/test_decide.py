"""Decisions: append-only, derived status, many at once, two reviewers at once."""

import threading

import pytest
from django.core.exceptions import PermissionDenied
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext

from registry.actions.base import ActionError
from registry.actions.decide import Decide
from registry.actions.undo_decision import UndoDecision, status_from_decisions
from registry.models import Candidate, Decision, Structure
from tests import factories

Status, Verdict = Candidate.Status, Decision.Verdict


@pytest.fixture
def curator(db):
    return factories.user("Curator")


def decide(actor, candidates, verdict, **texts):
    return Decide(actor=actor, candidates=[one.pk for one in candidates], verdict=verdict, **texts).run()


@pytest.mark.parametrize(
    ("verdict", "status"),
    [(Verdict.ACCEPT, Status.ACCEPTED), (Verdict.REJECT, Status.REJECTED), (Verdict.HOLD, Status.ON_HOLD)],
)
def test_verdict_is_recorded_and_makes_the_status(curator, verdict, status):
    candidate = factories.candidate()
    (decision,) = decide(curator, [candidate], verdict, reason=" too brittle ", comment="see page 3")
    decision.refresh_from_db()
    assert (decision.reviewer, decision.verdict, decision.reason) == (curator, verdict, "too brittle")
    candidate.refresh_from_db()
    assert candidate.status == status == status_from_decisions(candidate)


def test_comment_leaves_the_status(curator):
    candidate = factories.candidate()
    decide(curator, [candidate], Verdict.ACCEPT)
    decide(curator, [candidate], Verdict.COMMENT, comment="ask for a density")
    candidate.refresh_from_db()
    assert candidate.status == Status.ACCEPTED


@pytest.mark.parametrize(
    ("verdict", "texts", "field"),
    [
        (Verdict.REJECT, {"reason": "  "}, "reason"),
        (Verdict.COMMENT, {}, "comment"),
        (Verdict.UNDO, {}, "verdict"),
        ("maybe", {}, "verdict"),
        (Verdict.ACCEPT, {"reason": "x" * 201}, "reason"),
        (Verdict.ACCEPT, {"comment": "a\x00b"}, "comment"),
    ],
)
def test_bad_input_is_refused_by_name(curator, verdict, texts, field):
    candidate = factories.candidate()
    with pytest.raises(ActionError) as refusal:
        decide(curator, [candidate], verdict, **texts)
    assert refusal.value.field == field
    assert not Decision.objects.exists()


def test_unknown_candidate_refuses_the_whole_selection(curator):
    candidate = factories.candidate()
    with pytest.raises(ActionError, match=f"No candidate with id {candidate.pk + 1}"):
        Decide(actor=curator, candidates=[candidate.pk, candidate.pk + 1], verdict=Verdict.ACCEPT).run()
    with pytest.raises(ActionError, match="at least one"):
        Decide(actor=curator, candidates=[], verdict=Verdict.ACCEPT).run()
    candidate.refresh_from_db()
    assert candidate.status == Status.PROPOSED


@pytest.mark.parametrize("role", ["", "Viewer", "Chemist", "Engineer"])
def test_only_curators_decide(db, role):
    candidate = factories.candidate()
    with pytest.raises(PermissionDenied):
        decide(factories.user(role), [candidate], Verdict.ACCEPT)


def test_the_system_does_not_decide(db):
    with pytest.raises(ActionError, match="made by a person"):
        decide(None, [factories.candidate()], Verdict.ACCEPT)


@pytest.mark.slow
def test_ten_thousand_candidates_in_few_queries(curator):
    like = factories.structure("*OCC*")
    rows = Structure.objects.bulk_create(
        Structure(kind=like.kind, key_version=1, key=f"k{n}", smiles="*OCC*", formula="C2H4O", mass=44.05,
                  heavy_atoms=3, elements=["C", "O"])
        for n in range(10_000)
    )  # fmt: skip
    candidates = Candidate.objects.bulk_create([Candidate(structure=row) for row in rows])
    with CaptureQueriesContext(
        connection,
    ) as queries:
        decisions = decide(curator, candidates, Verdict.REJECT, reason="screened out")
    assert len(decisions) == 10_000
    assert len(queries) <= 12
    assert Candidate.objects.filter(status=Status.REJECTED).count() == 10_000


def test_undo_falls_back_to_the_decision_before(curator):
    candidate = factories.candidate()
    decide(curator, [candidate], Verdict.HOLD)
    (accepted,) = decide(curator, [candidate], Verdict.ACCEPT)
    undo = UndoDecision(actor=curator, decision=accepted, reason="wrong row").run()
    candidate.refresh_from_db()
    assert candidate.status == Status.ON_HOLD
    assert (undo.undoes, undo.reason) == (accepted, "wrong row")
    UndoDecision(actor=curator, decision=candidate.decisions.earliest("id")).run()
    candidate.refresh_from_db()
    assert candidate.status == Status.PROPOSED
    assert candidate.decisions.count() == 4


def test_undo_of_an_older_decision_leaves_the_latest_in_force(curator):
    candidate = factories.candidate()
    (held,) = decide(curator, [candidate], Verdict.HOLD)
    decide(curator, [candidate], Verdict.ACCEPT)
    UndoDecision(actor=curator, decision=held).run()
    candidate.refresh_from_db()
    assert candidate.status == Status.ACCEPTED


def test_undo_twice_and_undo_of_an_undo_conflict(curator):
    (decision,) = decide(curator, [factories.candidate()], Verdict.ACCEPT)
    undo = UndoDecision(actor=curator, decision=decision).run()
    with pytest.raises(ActionError, match="already undone") as again:
        UndoDecision(actor=curator, decision=decision).run()
    with pytest.raises(ActionError, match="cannot be undone") as of_undo:
        UndoDecision(actor=curator, decision=undo).run()
    assert again.value.conflict
    assert of_undo.value.conflict


@pytest.mark.django_db(transaction=True)
def test_two_reviewers_at_once_are_both_recorded():
    candidates = [factories.candidate() for _ in range(5)]
    reviewers = [factories.user("Curator"), factories.user("Curator")]
    verdicts = (Verdict.ACCEPT, Verdict.HOLD)
    start = threading.Barrier(2)

    def review(reviewer, verdict, order):
        try:
            start.wait(timeout=10)
            decide(reviewer, order, verdict)
        finally:
            connections.close_all()

    threads = [
        threading.Thread(target=review, args=(reviewers[0], verdicts[0], candidates)),
        threading.Thread(target=review, args=(reviewers[1], verdicts[1], candidates[::-1])),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    for candidate in candidates:
        candidate.refresh_from_db()
        assert {d.reviewer for d in candidate.decisions.all()} == set(reviewers)
        assert candidate.status == status_from_decisions(candidate)
