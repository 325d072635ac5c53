"""What the training form offers of a model's line, and fills in: what its next version most likely repeats."""

from django import forms
from django.db.models import QuerySet

from mlcore import catalog
from mlcore.catalog import Architecture
from registry.admin.forms.training_fit import Holds, suits
from registry.models import ModelVersion, RegisteredModel

GROUPS = {"generate": "Generators", "predict": "Predictors"}


def architecture_choices(
    task: str = "", held: Holds | None = None, chosen: str = ""
) -> list[tuple[str, list[tuple[str, str]]]]:
    """Of one task, or all of them; of predictors those that suit the data, and the one that was chosen all the same."""
    found = [
        e for e in catalog.ARCHITECTURES.values()
        if e.task == "generate" or held is None or suits(e, held) or e.name == chosen
    ]  # fmt: skip
    return [
        (title, [(e.name, f"{e.name}: {e.summary}") for e in found if e.task == name])
        for name, title in GROUPS.items()
        if task in ("", name)
    ]


def goes_on(architecture: str) -> bool:
    """Can a training start from a model of this kind; one of another release is not known here."""
    return architecture in catalog.ARCHITECTURES and catalog.get(architecture).goes_on


def latest_of(model: RegisteredModel | None) -> ModelVersion | None:
    """The version that the next one most likely repeats: the champion, else the newest; of an architecture known here.

    Without a model, or a version, none.
    """
    if model is None:
        return None
    found = model.champion() or model.versions.order_by("-number").first()
    return found if found is not None and found.architecture in catalog.ARCHITECTURES else None


def architecture_for(model: RegisteredModel | None, asked: str) -> Architecture:
    """The one asked for, unless it does another task than the model; then the first that does its task."""
    entries = [e for e in catalog.ARCHITECTURES.values() if model is None or e.task == model.task]
    return next((entry for entry in entries if entry.name == asked), entries[0])


class StartField(forms.ModelChoiceField):
    """A version whose weights a training can start from."""

    default_error_messages = {
        "invalid_choice": "A training can only start from a version of the architecture chosen; choose that one, or "
        "leave this empty to start anew."
    }

    def __init__(self) -> None:
        versions = ModelVersion.objects.select_related("model").order_by("model__name", "-number")
        help_text = "Fine-tune these weights; empty starts anew."
        super().__init__(versions, required=False, label="Start from", help_text=help_text)

    def offer(self, architecture: Architecture) -> None:
        """Those of one architecture; none where it cannot go on."""
        versions: QuerySet[ModelVersion] = self.queryset
        self.queryset = versions.filter(architecture=architecture.name) if architecture.goes_on else versions.none()
        if not architecture.goes_on:
            self.help_text = f"A model of {architecture.name} cannot be trained further; it always starts anew."
            self.error_messages["invalid_choice"] = f"{self.help_text} Leave this empty."
