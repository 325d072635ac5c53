"""One human act on a candidate."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from registry.models.base import Created, one_of
from registry.models.candidate import Candidate


class DecisionVerdict(models.TextChoices):
    ACCEPT = "accept"
    REJECT = "reject"
    HOLD = "hold"
    COMMENT = "comment"
    UNDO = "undo"


class Decision(Created):
    """Append-only. Undoing one is another decision that names it."""

    Verdict = DecisionVerdict
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, related_name="decisions")
    reviewer = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="decisions")
    verdict = models.CharField(max_length=8, choices=Verdict)
    reason = models.CharField(max_length=200, blank=True)
    comment = models.TextField(blank=True)
    undoes = models.OneToOneField("self", on_delete=models.PROTECT, null=True, blank=True, related_name="undone_by")

    class Meta:
        ordering = ["candidate", "id"]
        constraints = [
            one_of("verdict", DecisionVerdict),
            models.CheckConstraint(
                condition=Q(verdict="undo", undoes__isnull=False) | (~Q(verdict="undo") & Q(undoes=None)),
                name="decision_undo_names_what",
            ),
        ]
        indexes = [models.Index(fields=["reviewer", "-id"], name="decision_by_reviewer")]
        triggers = [pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.verdict} by {self.reviewer}"
