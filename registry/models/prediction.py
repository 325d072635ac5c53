"""One model's value for one structure."""

from django.db import models

from registry.models.base import Created, finite
from registry.models.conformer import GUESSED
from registry.models.property import Property
from registry.models.registered_model import ModelVersion
from registry.models.runs import ScoringRun
from registry.models.structure import Structure


class Prediction(Created):
    """Value, uncertainty and whether the structure is like those the model has seen."""

    structure = models.ForeignKey(Structure, on_delete=models.PROTECT, related_name="predictions")
    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="predictions")
    property = models.ForeignKey(Property, on_delete=models.PROTECT, related_name="predictions")
    conditions = models.JSONField(default=dict, blank=True, help_text='Such as {"temperature_k": 353}.')
    value = models.FloatField(help_text="In the property's unit.")
    standard_deviation = models.FloatField(null=True, help_text="In log10 units where the property's scale is log10.")
    in_domain = models.BooleanField(null=True, help_text="Whether the training data cover such structures.")
    out_of_domain = models.TextField(
        blank=True, help_text="Why they do not, in the model's words; empty where they do and where it does not say."
    )
    geometry = models.CharField(
        max_length=200,
        blank=True,
        help_text=f"Level of theory of the geometry that the model read; {GUESSED} where none was there; empty of "
        "models that read none.",
    )
    scoring_run = models.ForeignKey(ScoringRun, on_delete=models.PROTECT, related_name="predictions")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["structure", "model_version", "property", "conditions"], name="prediction_once"
            ),
            finite("value"),
            finite("standard_deviation", nullable=True, low=0),
        ]
        indexes = [models.Index(fields=["model_version", "property"], name="prediction_of_model")]

    def __str__(self) -> str:
        return f"{self.property} of {self.structure_id} by {self.model_version_id}"
