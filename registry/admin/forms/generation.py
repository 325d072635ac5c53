"""Generate candidates, and score them."""

from typing import Any

from django import forms
from django.contrib.auth.models import User
from django.db.models import Count, Exists, OuterRef, Prefetch

from registry.actions import model_conditions
from registry.actions.start_generation import SETTINGS, StartGeneration, spells_smiles
from registry.actions.start_scoring import StartScoring
from registry.actions.trained_range import trained_range
from registry.admin.forms.base import ActionForm
from registry.admin.forms.conditions import condition_field
from registry.admin.forms.filters import FilterField, read_filter, summary
from registry.admin.parts.settings_text import SAMPLING
from registry.models import Alias, GenerationRun, Job, ModelVersion, Property, RegisteredModel, ScoringRun

PLAIN, DISTINCT, ACCEPT = "plain", "distinct", "accept"
DRAWING = {
    PLAIN: "So many strings, repeats included",
    DISTINCT: "So many different strings: repeats are drawn again",
    ACCEPT: "Until so many new structures are found: valid, different, not in the registry",
}
HOW_TO_SAMPLE = {
    "temperature": "Below 1: likelier strings, more alike; above 1: bolder ones, more of them invalid.",
    "top_k": "Each step chooses among so many; 0 chooses among all.",
    "guidance": "Above 1: follows what was asked for more closely, at the cost of variety.",
    "calls": "Diffusion models only: steps from noise to text; more take longer.",
    "grammar": "No token is drawn that leads to no valid string; the share that needed no help is reported.",
}


class VersionField(forms.ModelChoiceField):
    """Versions of models that do one task; champions first and marked."""

    def __init__(self, task: str, **options: Any) -> None:
        self.task = task
        super().__init__(ModelVersion.objects.none(), **options)

    def load(self) -> None:
        aliases = Prefetch("aliases", Alias.objects.only("name", "version_id"))
        rows = ModelVersion.objects.filter(model__task=self.task).select_related("model").prefetch_related(aliases)
        self.queryset = rows.order_by("model__name", "-number")

    def label_from_instance(self, version: ModelVersion) -> str:
        names = ", ".join(alias.name for alias in version.aliases.all())
        return f"{version} ({names})" if names else str(version)


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
    able = ModelVersion.objects.filter(model__task=RegisteredModel.Task.PREDICT, properties__name__in=run.condition)
    crowned = Exists(Alias.objects.filter(version=OuterRef("pk"), name=Alias.CHAMPION))
    return able.annotate(able=Count("properties")).order_by(crowned.desc(), "-able", "-pk").first()


class StartGenerationForm(ActionForm):
    title = "Generate candidates"
    submit = "Generate"
    icon = "auto_awesome"
    intro = "Every string that the generator draws is kept as a proposal; new valid structures become candidates."
    permission = StartGeneration.permission

    model_version = VersionField(RegisteredModel.Task.GENERATE)
    requested = forms.IntegerField(
        initial=200, min_value=1, label="How many", help_text="Measures depend on it: compare runs of one number."
    )
    drawing = forms.ChoiceField(
        choices=DRAWING.items(), initial=DISTINCT, required=False, label="How they are drawn",
        help_text="Every string is kept as a proposal in either case.",
    )  # fmt: skip
    seed = forms.IntegerField(initial=0, min_value=0, help_text="The same seed gives the same strings.")
    queue = forms.ChoiceField(choices=Job.Queue.choices, initial=Job.Queue.CPU)

    def prepare(self) -> None:
        field = self.fields["model_version"]
        field.load()
        field.initial = champion(field.task)
        version = chosen_version(self)
        self.conditioned = list(version.properties.all()) if version else []
        for property_ in self.conditioned:
            self.fields[f"condition.{property_.name}"] = forms.CharField(required=False, **_wish(version, property_))
        for name, (kind, low, high) in SETTINGS.items():
            if kind is bool:
                if version and spells_smiles(version):
                    self.fields[f"config.{name}"] = forms.BooleanField(
                        required=False, label=SAMPLING[name], help_text=HOW_TO_SAMPLE[name]
                    )
                continue
            number = forms.IntegerField if kind is int else forms.FloatField
            self.fields[f"config.{name}"] = number(
                required=False, min_value=low, max_value=high, label=SAMPLING[name],
                help_text=f"{HOW_TO_SAMPLE[name]} Empty leaves it to the model.",
            )  # fmt: skip
        wishes = [f"condition.{property_.name}" for property_ in self.conditioned]
        self.order_fields(["model_version", *wishes, "requested", "drawing", "seed"])
        field.widget.attrs["data-reload"] = "1"  # another version can be asked for other properties

    def run(self, actor: User) -> GenerationRun:
        cleaned = self.cleaned_data
        names = [property_.name for property_ in self.conditioned]
        wishes = {name: cleaned[f"condition.{name}"].strip() for name in names}
        settings = {name: cleaned.get(f"config.{name}") for name in SETTINGS}
        return StartGeneration(
            actor=actor,
            model_version=cleaned["model_version"],
            requested=cleaned["requested"],
            condition={name: _read(wish) for name, wish in wishes.items() if wish},
            accept=cleaned["drawing"] == ACCEPT,
            distinct=cleaned["drawing"] == DISTINCT,
            seed=cleaned["seed"],
            config={name: value for name, value in settings.items() if value is not None and value is not False},
            queue=cleaned["queue"],
        ).run()


def _wish(version: ModelVersion, property_: Property) -> dict[str, Any]:
    """The box to ask for a property, with what this version knows of it."""
    trained = trained_range(version, property_)
    if trained is None:
        value = f"a value in {property_.unit}" if property_.unit else "a value"
    else:
        value = f"a value from {trained}, such as {trained.example:g}"
    high = f"high (from {trained.threshold:.3g} up)" if trained and trained.threshold is not None else "high"
    return {"label": f"Ask for {property_.label}", "help_text": f"low, {high}, or {value}; empty asks for nothing."}


def _read(wish: str) -> str | float:
    try:
        return float(wish)
    except ValueError:
        return wish


class StartScoringForm(ActionForm):
    title = "Score candidates"
    submit = "Score"
    icon = "leaderboard"
    intro = "A predictor gives every selected candidate a value, its uncertainty, and whether it knows such structures."
    permission = StartScoring.permission
    template = "registry/filter_form.html"

    model_version = VersionField(RegisteredModel.Task.PREDICT)
    generation_run = forms.ModelChoiceField(
        GenerationRun.objects.select_related("model_version__model").order_by("-pk"),
        required=False,
        help_text="Of these, only the candidates that this run proposed.",
    )
    selection = FilterField(
        help_text='As in the candidate list\'s address, such as {"status": "proposed"}; {} takes all candidates.',
    )
    queue = forms.ChoiceField(choices=Job.Queue.choices, initial=Job.Queue.CPU)

    def prepare(self) -> None:
        field = self.fields["model_version"]
        field.load()
        run = self._generation_run()
        field.initial = (run and predictor_for(run)) or champion(field.task)
        self.chosen = read_filter(self.data.get("selection") if self.is_bound else self.initial.get("selection"))
        self.initial["selection"] = self.chosen
        self.fields["generation_run"].widget.attrs["data-reload"] = "1"
        field.widget.attrs["data-reload"] = "1"  # another version is asked under other conditions
        version = chosen_version(self)
        self.asked = list(model_conditions.conditions_of(version).values()) if version else []
        for condition in self.asked:
            self.fields[f"condition.{condition.key}"] = condition_field(condition)

    def context(self) -> dict[str, Any]:
        run = str(self["generation_run"].value() or "")
        of_run = {"run": run} if run.isdigit() else {}
        inputs = ("model_version", *(f"condition.{one.key}" for one in self.asked), "generation_run", "queue")
        return {
            "main_fields": [self[name] for name in inputs],
            "filter_field": self["selection"],
            "summary": summary("candidates", of_run | self.chosen),
            "heading": "What will be scored",
        }

    def _generation_run(self) -> GenerationRun | None:
        asked = str(self.initial.get("generation_run", ""))
        return GenerationRun.objects.filter(pk=asked).first() if asked.isdigit() else None

    def run(self, actor: User) -> ScoringRun:
        cleaned = self.cleaned_data
        given = {one.key: cleaned[f"condition.{one.key}"] for one in self.asked}
        return StartScoring(
            actor=actor,
            model_version=cleaned["model_version"],
            generation_run=cleaned["generation_run"],
            selection=cleaned["selection"],
            conditions={key: value for key, value in given.items() if value not in (None, "", [])},
            queue=cleaned["queue"],
        ).run()
