"""One string that a generator produced."""

from django.db import models

from registry.models.base import finite
from registry.models.candidate import Candidate
from registry.models.runs import GenerationRun


class Proposal(models.Model):
    """Raw text and what became of it: a candidate, or the reason why not."""

    run = models.ForeignKey(GenerationRun, on_delete=models.CASCADE, related_name="proposals")
    rank = models.PositiveIntegerField(help_text="Order of drawing, from 0.")
    text = models.TextField(help_text="The string as the generator wrote it.")
    log_likelihood = models.FloatField(null=True)
    valid = models.BooleanField(default=False)
    duplicate = models.BooleanField(default=False, help_text="The same structure came earlier in this run.")
    known = models.BooleanField(default=False, help_text="The structure was in the registry before this run.")
    reason = models.CharField(max_length=300, blank=True, help_text="Why it is no structure.")
    candidate = models.ForeignKey(Candidate, on_delete=models.PROTECT, null=True, blank=True, related_name="proposals")

    class Meta:
        ordering = ["run", "rank"]
        constraints = [
            models.UniqueConstraint(fields=["run", "rank"], name="proposal_rank"),
            models.CheckConstraint(
                condition=models.Q(valid=True) | ~models.Q(reason=""), name="proposal_refused_for_a_reason"
            ),
            finite("log_likelihood", nullable=True),
        ]

    def __str__(self) -> str:
        return self.text
