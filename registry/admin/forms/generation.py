"""Generate candidates."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from registry.actions.start_generation import SETTINGS, StartGeneration, spells_smiles
from registry.actions.trained_range import trained_range
from registry.admin.forms.base import ActionForm
from registry.admin.forms.versions import VersionField, champion, chosen_version
from registry.admin.parts.settings_text import SAMPLING
from registry.models import GenerationRun, Job, ModelVersion, Property, RegisteredModel

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
