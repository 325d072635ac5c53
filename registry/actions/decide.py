"""Accept, reject, hold, or comment on candidates."""

from dataclasses import dataclass
from typing import ClassVar

from django.utils import timezone

from registry.actions.base import Action, ActionError
from registry.actions.candidates import check_text, lock_candidates
from registry.models import Candidate, Decision

Verdict = Decision.Verdict

# What a verdict makes of a candidate; a comment leaves it as it is.
STATUS_AFTER: dict[str, str] = {
    Verdict.ACCEPT: Candidate.Status.ACCEPTED,
    Verdict.REJECT: Candidate.Status.REJECTED,
    Verdict.HOLD: Candidate.Status.ON_HOLD,
}
VERDICTS = (*STATUS_AFTER, Verdict.COMMENT)


@dataclass(kw_only=True)
class Decide(Action[list[Decision]]):
    """One decision by one reviewer on each of many candidates: four queries, however many they are."""

    candidates: list[int]
    verdict: str
    reason: str = ""
    comment: str = ""

    permission: ClassVar[str] = "registry.decide_candidate"

    def check(self) -> None:
        self.reason, self.comment = self.reason.strip(), self.comment.strip()
        if self.actor is None:
            raise ActionError("A decision is made by a person; name the reviewer.", field="actor")
        if self.verdict not in VERDICTS:
            known = ", ".join(VERDICTS)
            raise ActionError(f"Unknown verdict {self.verdict!r}; use one of {known}.", field="verdict")
        if self.verdict == Verdict.REJECT and not self.reason:
            raise ActionError("Give the reason for the rejection.", field="reason")
        if self.verdict == Verdict.COMMENT and not (self.comment or self.reason):
            raise ActionError("Write the comment.", field="comment")
        check_text(self.reason, "reason", 200)
        check_text(self.comment, "comment", 10_000)

    def execute(self) -> list[Decision]:
        ids = lock_candidates(self.candidates)
        decisions = Decision.objects.bulk_create(
            [
                Decision(
                    candidate_id=pk,
                    reviewer=self.actor,
                    verdict=self.verdict,
                    reason=self.reason,
                    comment=self.comment,
                )
                for pk in ids
            ]
        )
        if status := STATUS_AFTER.get(self.verdict):
            changing = Candidate.objects.filter(pk__in=ids).exclude(status=status)
            changing.update(status=status, updated_at=timezone.now())
        return decisions
