"""Start a training."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Count
from django.utils.functional import cached_property

from mlcore import catalog
from registry.actions import training_levels
from registry.actions.base import ActionError
from registry.actions.start_training import StartTraining
from registry.admin.forms import config
from registry.admin.forms.base import ActionForm
from registry.admin.forms.training_inputs import told_fields, told_inputs
from registry.models import (
    Alias,
    DatasetVersion,
    Job,
    Measurement,
    ModelVersion,
    Property,
    RegisteredModel,
    TrainingRun,
)


def architecture_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    by_task: dict[str, list[tuple[str, str]]] = {"generate": [], "predict": []}
    for entry in catalog.ARCHITECTURES.values():
        by_task[entry.task].append((entry.name, f"{entry.name}: {entry.summary}"))
    return [("Generators", by_task["generate"]), ("Predictors", by_task["predict"])]


class PropertiesField(forms.ModelMultipleChoiceField):
    """Each property with how much there is to learn of it in a dataset version."""

    labelled: Mapping[int, tuple[int, int]] | None = None
    """Values and structures by property, once a version is chosen."""

    def count(self, version: DatasetVersion) -> None:
        rows = Measurement.objects.in_version(version).filter(value__isnull=False).order_by().values("property")
        counts = rows.annotate(values=Count("pk"), structures=Count("structure", distinct=True))
        self.labelled = {row["property"]: (row["values"], row["structures"]) for row in counts}

    def label_from_instance(self, property_: Property) -> str:
        if self.labelled is None:
            return property_.label
        values, structures = self.labelled.get(property_.pk, (0, 0))
        if not values:
            return f"{property_.label}: no values in this version"
        of = f" of {structures:,} structure{'' if structures == 1 else 's'}" if structures != values else ""
        return f"{property_.label}: {values:,} value{'' if values == 1 else 's'}{of}"


def presets() -> dict[int, dict[str, Any]]:
    """What a model's next version most likely repeats, by the model's id: as its champion, else its newest version."""
    newest = ModelVersion.objects.order_by("model_id", "-number").distinct("model_id").values_list("model", "pk")
    champions = Alias.objects.filter(name=Alias.CHAMPION).values_list("model", "version")
    versions = ModelVersion.objects.filter(pk__in={**dict(newest), **dict(champions)}.values())
    return {
        version.model_id: {
            "architecture": version.architecture,
            "properties": [str(item.pk) for item in version.properties.all()],
            "init_version": str(version.pk),
        }
        for version in versions.defer("card").prefetch_related("properties")
        if version.architecture in catalog.ARCHITECTURES
    }


class StartTrainingForm(ActionForm):
    title = "Train a model"
    submit = "Start training"
    icon = "model_training"
    intro = "A background job trains on a frozen dataset version; the result becomes the model's next version."
    permission = StartTraining.permission
    template = "registry/training_form.html"

    model = forms.ModelChoiceField(RegisteredModel.objects.all(), help_text="The line that the new version joins.")
    dataset_version = forms.ModelChoiceField(
        DatasetVersion.objects.select_related("dataset").order_by("dataset__name", "-number"),
        help_text="Only frozen data can be trained on, so that the result can be repeated.",
    )
    architecture = forms.ChoiceField(choices=architecture_choices)
    properties = PropertiesField(
        Property.objects.all(),
        required=False,
        help_text="What a predictor learns, or what a generator can be asked for.",
    )
    init_version = forms.ModelChoiceField(
        ModelVersion.objects.select_related("model").order_by("model__name", "-number"),
        required=False,
        label="Start from",
        help_text="Fine-tune these weights; empty starts anew.",
    )
    seed = forms.IntegerField(initial=0, min_value=0)
    queue = forms.ChoiceField(choices=Job.Queue.choices, initial=Job.Queue.CPU)

    @cached_property
    def chosen(self) -> catalog.Architecture:
        """The architecture whose settings are shown."""
        asked = self.data.get("architecture") or self.initial.get("architecture")
        return catalog.ARCHITECTURES.get(asked or "") or next(iter(catalog.ARCHITECTURES.values()))

    def prepare(self) -> None:
        self.fields["architecture"].initial = self.chosen.name
        for name in {"properties", "conditions"} & self.initial.keys():
            # an address gives each of them by name; its dictionary holds but the last
            self.initial[name] = self.request.GET.getlist(name)
        version = self._dataset_version()
        if version:
            self.fields["properties"].count(version)
        self.told = told_fields(self.chosen, version)
        self.fields.update(self.told)
        self.sections: dict[str, list[str]] = {}
        for section, path, field in config.fields(self.chosen):
            self.fields[path] = field
            self.sections.setdefault(section, []).append(path)

    def _dataset_version(self) -> DatasetVersion | None:
        """The version chosen; of only one there is no choice."""
        field = self.fields["dataset_version"]
        versions = field.queryset
        if versions.count() == 1:
            field.initial = versions.first()
        asked = str(self.data.get("dataset_version") or self.initial.get("dataset_version") or "")
        return versions.filter(pk=asked).first() if asked.isdigit() else field.initial

    def context(self) -> dict[str, Any]:
        inputs = ("model", "dataset_version", "architecture", "properties", *self.told, "init_version", "seed", "queue")
        return {
            "main_fields": [self[name] for name in inputs],
            "presets": presets(),
            "sections": [
                (config.SECTION_TITLES[name], [self[path] for path in paths], any(self[path].errors for path in paths))
                for name, paths in self.sections.items()
            ],
        }

    def field_of(self, error: ActionError) -> str | None:
        return "level" if error.field == training_levels.FIELD else super().field_of(error)

    def run(self, actor: User) -> TrainingRun:
        cleaned = self.cleaned_data
        paths = [path for paths in self.sections.values() for path in paths]
        return StartTraining(
            actor=actor,
            model=cleaned["model"],
            dataset_version=cleaned["dataset_version"],
            architecture=cleaned["architecture"],
            properties=list(cleaned["properties"]),
            inputs=told_inputs(cleaned, [item.name for item in cleaned["properties"]]),
            config=config.collect(cleaned, paths),
            init_version=cleaned["init_version"],
            seed=cleaned["seed"],
            queue=cleaned["queue"],
        ).run()
