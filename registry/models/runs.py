"""Executions of models, and exports."""

from django.db import models

from registry.models.base import Sha256Field
from registry.models.dataset import DatasetVersion
from registry.models.property import Property
from registry.models.registered_model import ModelVersion, RegisteredModel
from registry.models.run import Run


class TrainingRun(Run):
    """A model version in the making."""

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="training_runs")
    dataset_version = models.ForeignKey(DatasetVersion, on_delete=models.PROTECT, related_name="training_runs")
    architecture = models.CharField(max_length=60)
    properties = models.ManyToManyField(Property, related_name="training_runs", blank=True)
    init_version = models.ForeignKey(
        ModelVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fine_tunings",
        help_text="Weights to start from.",
    )
    seed = models.PositiveIntegerField(default=0)
    inputs = models.JSONField(
        default=dict, blank=True, help_text="Beside structures and values: levels, baselines, geometry, conditions."
    )
    schedule = models.ForeignKey(
        "registry.Schedule", on_delete=models.PROTECT, null=True, blank=True, related_name="training_runs"
    )

    def __str__(self) -> str:
        return f"training {self.pk} of {self.model}"


class GenerationRun(Run):
    """Strings drawn from a generator; every one is kept as a Proposal."""

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="generation_runs")
    requested = models.PositiveIntegerField(
        help_text="Strings to draw, different ones with `distinct`, or new structures to find with `accept`."
    )
    condition = models.JSONField(default=dict, blank=True, help_text='Such as {"conductivity": "high"}.')
    accept = models.BooleanField(default=False, help_text="Draw until so many new structures are found.")
    distinct = models.BooleanField(
        default=False, help_text="Sample without replacement: a string that came before is drawn again."
    )
    seed = models.PositiveIntegerField(default=0)

    class Meta(Run.Meta):
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(accept=True, distinct=True), name="generationrun_accept_or_distinct"
            )
        ]

    def __str__(self) -> str:
        return f"generation {self.pk} with {self.model_version}"


class ScoringRun(Run):
    """Predictions of one model version for structures: those of candidates, any that a filter selects, or those of a
    frozen dataset version."""

    class Subject(models.TextChoices):
        CANDIDATES = "candidates"
        STRUCTURES = "structures"

    model_version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="scoring_runs")
    generation_run = models.ForeignKey(
        GenerationRun, on_delete=models.PROTECT, null=True, blank=True, related_name="scoring_runs"
    )
    subject = models.CharField(
        max_length=10, choices=Subject, default=Subject.CANDIDATES, help_text="What the selection filters."
    )
    selection = models.JSONField(default=dict, blank=True, help_text="Which of the subject; empty means all.")
    dataset_version = models.ForeignKey(
        DatasetVersion,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="scoring_runs",
        help_text="In place of a selection: the structures of this frozen version.",
    )
    conditions = models.JSONField(
        default=dict, blank=True, help_text='Such as {"temperature_k": 353} or {"temperature_k": [298, 333]}.'
    )
    scored = models.PositiveIntegerField(default=0, help_text="Structures that this run predicted.")
    kept = models.PositiveIntegerField(default=0, help_text="Structures that had their prediction already.")
    failed = models.PositiveIntegerField(default=0)
    left_out = models.PositiveIntegerField(default=0, help_text="Structures of another kind than the model reads.")

    class Meta(Run.Meta):
        constraints = [
            models.CheckConstraint(
                condition=models.Q(dataset_version=None) | models.Q(generation_run=None, selection={}),
                name="scoringrun_one_source",
            ),
            models.CheckConstraint(
                condition=models.Q(subject="candidates") | models.Q(generation_run=None),
                name="scoringrun_candidates_of_run",
            ),
        ]

    def __str__(self) -> str:
        return f"scoring {self.pk} with {self.model_version}"


class ExportRun(Run):
    """A file made from a filter of candidates, measurements, structures or predictions."""

    class Subject(models.TextChoices):
        CANDIDATES = "candidates"
        MEASUREMENTS = "measurements"
        STRUCTURES = "structures"
        PREDICTIONS = "predictions"

    subject = models.CharField(max_length=12, choices=Subject, default=Subject.CANDIDATES)
    selection = models.JSONField(default=dict, blank=True, help_text="The filter, as in the API's query string.")
    file_format = models.CharField(max_length=10)
    file_digest = Sha256Field(blank=True, help_text="Name of the file in the artifact store.")
    rows = models.PositiveIntegerField(default=0)

    def __str__(self) -> str:
        return f"export {self.pk} of {self.subject}"
