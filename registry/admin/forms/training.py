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
from registry.admin.forms import config, training_errors
from registry.admin.forms.base import ActionForm
from registry.admin.forms.training_fit import Holds, holds, predictor_for
from registry.admin.forms.training_inputs import told_fields, told_inputs
from registry.admin.forms.training_offer import StartField, architecture_choices, architecture_for, latest_of
from registry.formats.training_table import passed_over
from registry.models import DatasetVersion, Job, Measurement, ModelVersion, Property, RegisteredModel, TrainingRun
from registry.search.sentence import counted


class PropertiesField(forms.ModelMultipleChoiceField):
    """Each property with how much there is to learn of it in a dataset version."""

    labelled: Mapping[int, tuple[int, int]] | None = None
    """Values and structures by property, once a version is chosen."""

    def count(self, version: DatasetVersion, architecture: catalog.Architecture) -> None:
        rows = Measurement.objects.in_version(version).filter(value__isnull=False).order_by().values("property")
        counts = rows.annotate(values=Count("pk"), structures=Count("structure", distinct=True))
        self.labelled = {row["property"]: (row["values"], row["structures"]) for row in counts}
        if "conditions" not in architecture.takes:
            self._tell_left_out(version, architecture.name)

    def _tell_left_out(self, version: DatasetVersion, architecture: str) -> None:
        """That values over temperatures are lost on an architecture that is told none."""
        known = {item.pk: item for item in Property.objects.filter(pk__in=self.labelled or ())}
        for pk, (count, kelvin) in passed_over(version, list(known.values())).items():
            of = self.labelled[pk][0] if self.labelled else count
            self.help_text += (
                f" Of {known[pk].label} {count:,} of {of:,} values are left out: {architecture} learns of each "
                f"structure what was measured nearest {kelvin:g} K."
            )

    def label_from_instance(self, property_: Property) -> str:
        if self.labelled is None:
            return property_.label
        values, structures = self.labelled.get(property_.pk, (0, 0))
        if not values:
            return f"{property_.label}: no values in this version"
        of = f" of {counted(structures, 'structure')}" if structures != values else ""
        return f"{property_.label}: {counted(values, 'value')}{of}"


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
    init_version = StartField()
    seed = forms.IntegerField(initial=0, min_value=0)
    queue = forms.ChoiceField(choices=Job.Queue.choices, initial=Job.Queue.CPU)

    @cached_property
    def by_hand(self) -> set[str]:
        """Inputs that a person, or the address of a link, has chosen; a page that was reloaded says which."""
        told = self.data if self.is_bound else self.request.GET
        return set(told["chosen"].split(",")) - {""} if "chosen" in told else set(told.keys())

    @cached_property
    def line(self) -> RegisteredModel | None:
        """The model chosen."""
        asked = str(self.data.get("model") or self.initial.get("model") or "")
        return RegisteredModel.objects.filter(pk=asked).first() if asked.isdecimal() else None

    @cached_property
    def before(self) -> ModelVersion | None:
        """What the training most likely repeats: the start that was chosen, else the model's last version."""
        asked = str(self.initial.get("init_version") or "") if "init_version" in self.by_hand else ""
        start = ModelVersion.objects.filter(pk=asked).first() if asked.isdecimal() else None
        return start or latest_of(self.line)

    @cached_property
    def chosen(self) -> catalog.Architecture:
        """The architecture whose settings are shown."""
        if self.is_bound:  # whatever its model is; the action says what does not fit
            return architecture_for(None, self.data.get("architecture") or "")
        asked = self.initial.get("architecture") or ""
        if "architecture" not in self.by_hand:
            asked = self.before.architecture if self.before else predictor_for(self.held) or asked
        return architecture_for(self.line, asked)

    def prepare(self) -> None:
        for name in ({"geometry", "level", "baseline", "conditions"} & self.initial.keys()) - self.by_hand:
            del self.initial[name]  # of another dataset version or architecture
        for name in {"properties", "conditions"} & self.initial.keys():
            # an address gives each of them by name; its dictionary holds but the last
            self.initial[name] = self.request.GET.getlist(name)
        self._offer()
        if not self.is_bound:
            self._fill_in()
        if self.version:
            self.fields["properties"].count(self.version, self.chosen)
        self.told = told_fields(self.chosen, self.version, self._repeated())
        self.fields.update(self.told)
        self.sections: dict[str, list[str]] = {}
        for section, path, field in config.fields(self.chosen):
            self.fields[path] = field
            self.sections.setdefault(section, []).append(path)

    def _offer(self) -> None:
        """What suits the model and the architecture chosen."""
        task = self.line.task if self.line is not None and self.line.task == self.chosen.task else ""
        self.fields["architecture"].choices = architecture_choices(task, self.held, self.chosen.name)
        self.fields["init_version"].offer(self.chosen)

    def _fill_in(self) -> None:
        """What is repeated, where nobody has chosen anything else; a start of another architecture is cleared."""
        before, self.initial["architecture"] = self.before, self.chosen.name
        if before is not None and "properties" not in self.by_hand:
            self.initial["properties"] = [item.pk for item in before.properties.all()]
        emptied = "init_version" in self.by_hand and not self.initial.get("init_version")
        fits = before is not None and before.architecture == self.chosen.name and self.chosen.goes_on
        self.initial["init_version"] = before.pk if fits and not emptied else None

    def _repeated(self) -> dict[str, Any]:
        """The inputs of the training before, of a model of the same architecture."""
        run = self.before.training_run if self.before and self.before.architecture == self.chosen.name else None
        return run.inputs if run is not None else {}

    @cached_property
    def held(self) -> Holds | None:
        """What the dataset version chosen holds."""
        return holds(self.version)

    @cached_property
    def version(self) -> DatasetVersion | None:
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
            "by_hand": ",".join(sorted(self.by_hand)),
            "sections": [
                (config.SECTION_TITLES[name], [self[path] for path in paths], any(self[path].errors for path in paths))
                for name, paths in self.sections.items()
            ],
        }

    def field_of(self, error: ActionError) -> str | None:
        if error.field == training_levels.FIELD:
            return "level"
        return training_errors.at(error, self._labels()) or super().field_of(error)

    def explained(self, error: ActionError) -> str:
        return training_errors.told(error, self._labels())

    def _labels(self) -> dict[str, str]:
        """Of the settings, by path."""
        return {path: str(self.fields[path].label) for paths in self.sections.values() for path in paths}

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        cheaper, level = cleaned.get("baseline"), cleaned.get("level")
        if cheaper and not level:
            self.add_error("level", f"The difference to {cheaper} needs the level of the values themselves.")
        elif cheaper and cheaper == level:
            self.add_error("baseline", f"This is {level} itself; nothing is left to learn.")
        return cleaned

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
