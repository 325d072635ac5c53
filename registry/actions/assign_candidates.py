"""Hand candidates to a curator."""

from dataclasses import dataclass
from typing import ClassVar

import pghistory
from django.contrib.auth.models import User
from django.utils import timezone

from registry.actions.base import Action, ActionError
from registry.actions.candidates import check_text, lock_candidates
from registry.actions.decide import Decide
from registry.models import Candidate


@dataclass(kw_only=True)
class AssignCandidates(Action[int]):
    """Returns how many candidates changed hands. An assignee of None leaves them to everybody."""

    candidates: list[int]
    assignee: User | None
    reason: str = ""

    permission: ClassVar[str] = "registry.change_candidate"

    def check(self) -> None:
        check_text(self.reason, "reason", 200)
        if self.assignee is not None and not self.assignee.has_perm(Decide.permission):
            raise ActionError(
                f"{self.assignee} may not decide on candidates; give them the Curator role first.", field="assignee"
            )

    def execute(self) -> int:
        ids = lock_candidates(self.candidates)
        changing = Candidate.objects.filter(pk__in=ids)
        if self.assignee is None:
            changing = changing.filter(assignee__isnull=False)
        else:
            changing = changing.exclude(assignee=self.assignee)
        with pghistory.context(reason=self.reason):
            return changing.update(assignee=self.assignee, updated_at=timezone.now())
