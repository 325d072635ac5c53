"""Take back many decisions at once: what a decision on a selection made, and nothing else."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import ClassVar, cast

from django.contrib.auth.models import User
from django.utils import timezone

from registry.actions.base import Action, ActionError
from registry.actions.candidates import MAX_CANDIDATES, check_text, lock_candidates
from registry.actions.decide import STATUS_AFTER
from registry.models import Candidate, Decision


@dataclass(kw_only=True)
class UndoDecisions(Action[list[Decision]]):
    """Each by a decision that names it. Those that somebody has undone by now are left out."""

    decisions: list[int]
    reason: str = ""

    permission: ClassVar[str] = "registry.decide_candidate"
    _standing: list[Decision] = field(init=False, repr=False)

    def check(self) -> None:
        self.reason = self.reason.strip()
        if self.actor is None:
            raise ActionError("A decision is taken back by a person; name the reviewer.", field="actor")
        check_text(self.reason, "reason", 200)
        wanted = set(self.decisions)
        if not 0 < len(wanted) <= MAX_CANDIDATES:
            raise ActionError(f"Choose 1 to {MAX_CANDIDATES:,} decisions.", field="decisions")
        rows = Decision.objects.filter(pk__in=wanted).exclude(verdict=Decision.Verdict.UNDO)
        if rows.count() < len(wanted):
            raise ActionError("Some of these decisions do not exist, or are undos themselves.", field="decisions")
        lock_candidates(rows.values_list("candidate_id", flat=True))  # whoever undoes one of them now waits
        self._standing = list(rows.filter(undone_by=None).order_by("pk"))
        if not self._standing:
            raise ActionError("All of them have been undone already.", field="decisions", conflict=True)

    def execute(self) -> list[Decision]:
        undos = Decision.objects.bulk_create(
            [
                Decision(
                    candidate_id=decision.candidate_id,
                    reviewer=cast("User", self.actor),  # check() refuses the system
                    verdict=Decision.Verdict.UNDO,
                    reason=self.reason,
                    undoes=decision,
                )
                for decision in self._standing
            ]
        )
        _derive_statuses({decision.candidate_id for decision in self._standing})
        return undos


def _derive_statuses(candidates: Iterable[int]) -> None:
    """The rule of `status_from_decisions`, for many candidates: the latest verdict that nobody has undone."""
    ids = set(candidates)
    latest = (
        Decision.objects.filter(candidate__in=ids, verdict__in=STATUS_AFTER, undone_by=None)
        .order_by("candidate_id", "-id")
        .distinct("candidate_id")
    )
    made = {pk: STATUS_AFTER[verdict] for pk, verdict in latest.values_list("candidate_id", "verdict")}
    by_status: dict[str, list[int]] = {}
    for pk in ids:
        by_status.setdefault(made.get(pk, Candidate.Status.PROPOSED), []).append(pk)
    for status, chosen in by_status.items():
        changing = Candidate.objects.filter(pk__in=chosen).exclude(status=status)
        changing.update(status=status, updated_at=timezone.now())
