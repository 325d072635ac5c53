"""A measurable quantity. Its unit is stored here, once."""

import pghistory
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from registry.models.base import Created, one_of


class PropertyScale(models.TextChoices):
    LINEAR = "linear"
    LOG10 = "log10", "log₁₀"


class PropertyBetter(models.TextChoices):
    HIGHER = "higher"
    LOWER = "lower"
    NEITHER = "neither"


@pghistory.track()
class Property(Created):
    """What is measured or predicted: unit, scale, bounds, and which direction is better."""

    Scale = PropertyScale
    Better = PropertyBetter
    name = models.CharField(
        max_length=60,
        unique=True,
        validators=[RegexValidator(r"^[a-z][a-z0-9_]*$", "Lower-case letters, digits and underscores.")],
        help_text="Identifier used in files, the API and models, such as li_diffusivity.",
    )
    label = models.CharField(max_length=100, help_text="Name for people, such as Li⁺ diffusivity.")
    symbol = models.CharField(max_length=20, blank=True)
    unit = models.CharField(max_length=40, blank=True, help_text="Of every stored value; empty when dimensionless.")
    scale = models.CharField(max_length=6, choices=Scale, default=Scale.LINEAR)
    lower = models.FloatField(null=True, blank=True, help_text="Smallest value accepted.")
    upper = models.FloatField(null=True, blank=True, help_text="Largest value accepted.")
    better = models.CharField(max_length=7, choices=Better, default=Better.NEITHER)
    description = models.TextField(blank=True)
    leading_model = models.ForeignKey(
        "registry.RegisteredModel",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The line whose champion's predictions lists show; empty: the one that predicts it longest.",
    )

    class Meta:
        ordering = ["name"]
        verbose_name_plural = "properties"
        constraints = [
            one_of("scale", PropertyScale),
            one_of("better", PropertyBetter),
            models.CheckConstraint(
                condition=Q(lower=None) | Q(upper=None) | Q(lower__lte=F("upper")), name="property_bounds_ordered"
            ),
            models.CheckConstraint(
                condition=~Q(scale="log10") | Q(lower__isnull=False, lower__gte=0),
                name="property_log_is_positive",
                violation_error_message="A property on a log10 scale needs a lower bound of 0 or more.",
            ),
        ]

    def __str__(self) -> str:
        return self.label
