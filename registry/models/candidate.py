"""A structure under consideration, its labels, and its current scores."""

import pghistory
from django.conf import settings
from django.core.validators import RegexValidator
from django.db import models

from registry.models.base import Created, finite, one_of
from registry.models.prediction import Prediction
from registry.models.property import Property
from registry.models.structure import Structure


@pghistory.track()
class Tag(models.Model):
    """A label that curators put on candidates."""

    name = models.SlugField(max_length=60, unique=True)
    colour = models.CharField(
        max_length=7,
        default="#64748b",
        validators=[RegexValidator(r"^#[0-9a-f]{6}$", "A colour is # and six hexadecimal digits.")],
    )
    description = models.CharField(max_length=200, blank=True)

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CandidateStatus(models.TextChoices):
    PROPOSED = "proposed"
    ACCEPTED = "accepted"
    REJECTED = "rejected"
    ON_HOLD = "on_hold", "on hold"


@pghistory.track()
class Candidate(Created):
    """One structure that people decide on. Its status is derived from its decisions."""

    Status = CandidateStatus
    structure = models.OneToOneField(Structure, on_delete=models.PROTECT, related_name="candidate")
    status = models.CharField(max_length=8, choices=Status, default=Status.PROPOSED, editable=False)
    assignee = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="assigned_candidates"
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="candidates")
    updated_at = models.DateTimeField(auto_now=True, editable=False)

    class Meta:
        permissions = [("decide_candidate", "Can accept, reject and hold candidates")]
        constraints = [one_of("status", CandidateStatus)]
        indexes = [
            models.Index(fields=["status", "-id"], name="candidate_by_status"),
            models.Index(fields=["-created_at", "-id"], name="candidate_newest"),
        ]

    def __str__(self) -> str:
        return f"candidate {self.pk}"


class CandidateScore(models.Model):
    """What the leading line's champion says of one property of one candidate: what lists show, filter and sort by."""

    candidate = models.ForeignKey(Candidate, on_delete=models.CASCADE, related_name="scores")
    property = models.ForeignKey(Property, on_delete=models.PROTECT, related_name="+")
    prediction = models.ForeignKey(Prediction, on_delete=models.PROTECT, related_name="+")
    value = models.FloatField(help_text="In the property's unit.")
    standard_deviation = models.FloatField(null=True, help_text="In log10 units where the scale is log10.")
    in_domain = models.BooleanField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["candidate", "property"], name="candidatescore_one_a_property"),
            finite("value"),
        ]
        indexes = [
            models.Index(fields=["property", "value", "candidate"], name="candidatescore_by_value"),
            models.Index(fields=["property", "standard_deviation", "candidate"], name="candidatescore_by_deviation"),
        ]

    def __str__(self) -> str:
        return f"{self.property} of {self.candidate}: {self.value:.3g}"
