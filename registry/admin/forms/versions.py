"""Which version of a model: the choice, and the one that a person most probably means."""

from typing import Any

from django import forms
from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from registry.actions.training_inputs import kind_of
from registry.models import (
    Alias,
    DatasetVersion,
    GenerationRun,
    Measurement,
    ModelVersion,
    Property,
    RegisteredModel,
    Structure,
)


class VersionField(forms.ModelChoiceField):
    """Versions of models that do one task, with what tells them apart: aliases, architecture, properties."""

    def __init__(self, task: str, **options: Any) -> None:
        self.task = task
        super().__init__(ModelVersion.objects.none(), **options)

    def load(self) -> None:
        aliases = Prefetch("aliases", Alias.objects.only("name", "version_id"))
        rows = ModelVersion.objects.filter(model__task=self.task).select_related("model")
        rows = rows.prefetch_related(aliases, "properties").defer("config", "metrics", "card")
        self.queryset = rows.order_by("model__name", "-number")

    def label_from_instance(self, version: ModelVersion) -> str:
        """`polymer-properties v2 (champion), stack: Ionic conductivity and 5 more`."""
        names = ", ".join(alias.name for alias in version.aliases.all())
        label = f"{version} ({names})" if names else str(version)
        properties = sorted(version.properties.all(), key=lambda p: (p.better == Property.Better.NEITHER, p.label))
        if not properties:
            return f"{label}, {version.architecture}"
        more = f" and {len(properties) - 1} more" if len(properties) > 1 else ""
        return f"{label}, {version.architecture}: {properties[0].label}{more}"


def champion(task: str) -> ModelVersion | None:
    """The version that a person most probably means."""
    return ModelVersion.objects.filter(model__task=task, aliases__name=Alias.CHAMPION).order_by("-pk").first()


def chosen_version(form: forms.Form) -> ModelVersion | None:
    """The version that a form stands at: sent, handed over in the address, or set beforehand."""
    asked, field = form.data.get("model_version") or form.initial.get("model_version"), form.fields["model_version"]
    if asked and str(asked).isdigit():
        return field.queryset.filter(pk=asked).first()
    return field.initial or field.queryset.first()


def predictor_for(run: GenerationRun) -> ModelVersion | None:
    """The version that predicts most of what the run was asked for: a champion, or else the newest; or no such."""
    wanted = Q(properties__name__in=run.condition)
    return _ablest(ModelVersion.objects.filter(wanted, model__task=RegisteredModel.Task.PREDICT), wanted)


def reader_of(version: DatasetVersion) -> ModelVersion | None:
    """The version that reads what most of its structures are and predicts most of what it measures, chosen alike."""
    measured = Measurement.objects.in_version(version).order_by().values("property").distinct()
    return _ablest(ModelVersion.objects.predictors_of(kind_of(version, [])), Q(properties__in=measured))


def reader_of_candidates() -> ModelVersion | None:
    """The version that reads what most candidates are and predicts most, chosen alike."""
    return reader_of_structures(Structure.objects.filter(candidate__isnull=False))


def reader_of_structures(rows: QuerySet[Structure]) -> ModelVersion | None:
    """The version that reads what most of these structures are and predicts most, chosen alike."""
    kinds = rows.order_by().values_list("kind").annotate(count=Count("pk")).order_by("-count")
    kind = next((kind for kind, _ in kinds), Structure.Kind.POLYMER)
    return _ablest(ModelVersion.objects.predictors_of(kind), Q(properties__isnull=False))


def _ablest(versions: QuerySet[ModelVersion], wanted: Q) -> ModelVersion | None:
    """Champions first, then what predicts most of the properties that are wanted, then the newest."""
    crowned = Exists(Alias.objects.filter(version=OuterRef("pk"), name=Alias.CHAMPION))
    counted = versions.annotate(able=Count("properties", filter=wanted))
    return counted.order_by(crowned.desc(), "-able", "-pk").first()
