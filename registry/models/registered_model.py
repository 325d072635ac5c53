"""Trained models: a named line, its immutable versions, and names that move along it."""

from typing import Self

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q

from mlcore.chem.identity import Kind
from registry.models.base import Created, Sha256Field, one_of
from registry.models.dataset import DatasetVersion
from registry.models.property import Property
from registry.models.structure import StructureKind


class ModelTask(models.TextChoices):
    GENERATE = "generate"
    PREDICT = "predict"


@pghistory.track()
class RegisteredModel(Created):
    """A line of models that do one task, such as "polymer conductivity"."""

    Task = ModelTask
    name = models.SlugField(max_length=100, unique=True)
    task = models.CharField(max_length=8, choices=Task)
    description = models.TextField(blank=True)

    class Meta:
        ordering = ["name"]
        constraints = [one_of("task", ModelTask)]

    def __str__(self) -> str:
        return self.name

    def champion(self) -> "ModelVersion | None":
        return self.versions.filter(aliases__name=Alias.CHAMPION).first()


class ModelVersionOrigin(models.TextChoices):
    ZOO = "zoo", "shipped with the code"
    TRAINED = "trained", "trained here"
    UPLOADED = "uploaded"


_KIND_UNSAID = StructureKind.POLYMER.value  # what a configuration reads that does not say, as the first ones


class ModelVersionQuerySet(models.QuerySet["ModelVersion"]):
    def predictors_of(self, kind: Kind) -> Self:
        """Those that predict, and read structures of a kind."""
        reads = Q(config__data__kind=kind)
        if kind == _KIND_UNSAID:
            reads |= Q(config__data__kind__isnull=True)
        return self.filter(reads, model__task=ModelTask.PREDICT)


class ModelVersion(Created):
    """One trained state. Nothing about it ever changes; an alias decides whether it is used."""

    Origin = ModelVersionOrigin
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    architecture = models.CharField(max_length=60)
    origin = models.CharField(max_length=8, choices=Origin)
    bundle_digest = Sha256Field(help_text="Name of the bundle in the artifact store.")
    properties = models.ManyToManyField(
        Property, related_name="model_versions", help_text="What it predicts, or what its generation is conditioned on."
    )
    config = models.JSONField(default=dict)
    metrics = models.JSONField(default=dict)
    card = models.TextField(blank=True, help_text="Markdown: data, method, figures, limits.")
    code_version = models.CharField(max_length=40, blank=True)
    training_data_digest = Sha256Field(blank=True)
    parent = models.ForeignKey(
        "self", on_delete=models.PROTECT, null=True, blank=True, related_name="children", help_text="Fine-tuned from."
    )
    dataset_version = models.ForeignKey(
        DatasetVersion, on_delete=models.PROTECT, null=True, blank=True, related_name="model_versions"
    )
    training_run = models.OneToOneField(
        "registry.TrainingRun", on_delete=models.PROTECT, null=True, blank=True, related_name="model_version"
    )
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    objects = ModelVersionQuerySet.as_manager()

    class Meta:
        ordering = ["model", "-number"]
        constraints = [
            models.UniqueConstraint(fields=["model", "number"], name="modelversion_number"),
            models.UniqueConstraint(fields=["model", "bundle_digest"], name="modelversion_bundle"),
            one_of("origin", ModelVersionOrigin),
        ]
        triggers = [pgtrigger.Protect(name="immutable", operation=pgtrigger.Update | pgtrigger.Delete)]

    def __str__(self) -> str:
        return f"{self.model} v{self.number}"

    @property
    def structure_kind(self) -> Kind:
        """Of the structures that it reads, or draws."""
        kind: Kind = self.config.get("data", {}).get("kind", _KIND_UNSAID)
        return kind


@pghistory.track()
class Alias(models.Model):
    """A movable name. Its history says who moved it, when and why."""

    CHAMPION = "champion"

    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="aliases")
    name = models.SlugField(max_length=40, default=CHAMPION)
    version = models.ForeignKey(ModelVersion, on_delete=models.PROTECT, related_name="aliases")
    reason = models.CharField(max_length=300)
    moved_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")
    moved_at = models.DateTimeField(auto_now=True)

    class Meta:
        verbose_name_plural = "aliases"
        ordering = ["model", "name"]
        constraints = [models.UniqueConstraint(fields=["model", "name"], name="alias_once_a_model")]

    def __str__(self) -> str:
        return f"{self.model}@{self.name}"
