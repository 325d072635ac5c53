"""Take a decision back: by another decision, so that both stay on record."""

from dataclasses import dataclass
from typing import ClassVar, cast

from django.contrib.auth.models import User

from registry.actions.base import Action, ActionError
from registry.actions.candidates import check_text, lock_candidates
from registry.actions.decide import STATUS_AFTER
from registry.models import Candidate, Decision


@dataclass(kw_only=True)
class UndoDecision(Action[Decision]):
    """The candidate's status becomes what the latest decision that still stands made of it."""

    decision: Decision
    reason: str = ""

    permission: ClassVar[str] = "registry.decide_candidate"

    def check(self) -> None:
        self.reason = self.reason.strip()
        if self.actor is None:
            raise ActionError("A decision is taken back by a person; name the reviewer.", field="actor")
        check_text(self.reason, "reason", 200)
        lock_candidates([self.decision.candidate_id])  # whoever undoes the same decision now waits and sees this one
        if self.decision.verdict == Decision.Verdict.UNDO:
            raise ActionError("An undo cannot be undone; make the decision again.", field="decision", conflict=True)
        if earlier := Decision.objects.filter(undoes=self.decision).select_related("reviewer").first():
            raise ActionError(f"{earlier.reviewer} has already undone this decision.", field="decision", conflict=True)

    def execute(self) -> Decision:
        undo = Decision.objects.create(
            candidate_id=self.decision.candidate_id,
            reviewer=cast("User", self.actor),  # check() refuses the system
            verdict=Decision.Verdict.UNDO,
            reason=self.reason,
            undoes=self.decision,
        )
        candidate = Candidate.objects.get(pk=self.decision.candidate_id)
        candidate.status = status_from_decisions(candidate)
        candidate.save(update_fields=["status", "updated_at"])
        return undo


def status_from_decisions(candidate: Candidate) -> str:
    """The rule itself: the latest verdict that nobody has undone; proposed when there is none."""
    standing = candidate.decisions.filter(verdict__in=STATUS_AFTER, undone_by=None).order_by("-id").first()
    return STATUS_AFTER[standing.verdict] if standing else Candidate.Status.PROPOSED
