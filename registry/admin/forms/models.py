"""Move an alias; choose the model that leads for a property."""

from typing import Any

from django import forms
from django.contrib.auth.models import User

from registry.actions.lead_property import LeadProperty
from registry.actions.leading_lines import lines_of
from registry.actions.move_alias import MoveAlias, said_of_lost, without_champion
from registry.actions.start_scoring import can_be_asked_plainly
from registry.admin.forms.base import ActionForm
from registry.models import Alias, ModelVersion, Property, RegisteredModel


class MoveAliasForm(ActionForm):
    title = "Make a version champion"
    submit = "Move"
    icon = "trophy"
    intro = (
        "The champion is used by default; a new predictor champion takes over the scores of all candidates for the "
        "properties that its model leads for."
    )
    permission = MoveAlias.permission

    version = forms.ModelChoiceField(
        ModelVersion.objects.select_related("model").order_by("model__name", "-number"), label="Model version"
    )
    name = forms.SlugField(initial=Alias.CHAMPION, max_length=40, help_text="champion, or any other name.")
    reason = forms.CharField(max_length=300, help_text="Kept in the history.")
    drop_properties = forms.BooleanField(required=False)

    def prepare(self) -> None:
        """Ask about properties only where some would be without a champion."""
        version, name = self._version(), str(self["name"].value() or "")
        lost = without_champion(version) if version and name == Alias.CHAMPION else []
        if not lost:
            del self.fields["drop_properties"]
            return
        field = self.fields["drop_properties"]
        field.label = f"Drop the scores of {', '.join(item.label for item in lost)}"
        field.help_text = said_of_lost(version, lost)

    def clean(self) -> dict[str, Any]:
        """The help text says what would be lost; the error does not say it again."""
        cleaned = super().clean() or self.cleaned_data
        if "drop_properties" in self.fields and not cleaned.get("drop_properties"):
            self.add_error("drop_properties", "Confirm this, or choose a version that predicts them too.")
        return cleaned

    def _version(self) -> ModelVersion | None:
        asked = str(self["version"].value() or "")
        return self.fields["version"].queryset.filter(pk=asked).first() if asked.isdigit() else None

    def run(self, actor: User) -> Alias:
        cleaned = self.cleaned_data
        return MoveAlias(
            actor=actor,
            model=cleaned["version"].model,
            version=cleaned["version"],
            reason=cleaned["reason"],
            name=cleaned["name"],
            drop_properties=cleaned.get("drop_properties", False),
        ).run()

    def done(self, result: Alias) -> str:
        more = _left_to_score(result.version) if result.name == Alias.CHAMPION else ""
        return f"{result} now is {result.version}.{more}"


class LeadPropertyForm(ActionForm):
    title = "Choose the leading model of a property"
    submit = "Let it lead"
    icon = "trophy"
    intro = (
        "Lists, filters and the overview show what the champion of one model predicts of a property. Another one's "
        "predictions stay on the candidates' pages."
    )
    permission = LeadProperty.permission

    property = forms.ModelChoiceField(Property.objects.order_by("label"))
    model = forms.ModelChoiceField(
        RegisteredModel.objects.filter(task=RegisteredModel.Task.PREDICT, aliases__name=Alias.CHAMPION),
        required=False,
        empty_label="the one whose champion has predicted it longest",
        help_text="One whose champion predicts the property.",
    )

    def prepare(self) -> None:
        """Offer what can lead for the property that was asked for, or what the model can lead for."""
        properties, models = self.fields["property"], self.fields["model"]
        if (row := self._asked("property")) is not None:
            able = [line.champion.model_id for line in lines_of(row)]
            models.queryset = models.queryset.filter(pk__in=able)
        elif (model := self._asked("model")) is not None:
            properties.queryset = properties.queryset.filter(model_versions=model.champion())

    def _asked(self, name: str) -> Any:
        """The row of the address or of the form."""
        asked = str(self[name].value() or "")
        return self.fields[name].queryset.filter(pk=asked).first() if asked.isdigit() else None

    def run(self, actor: User) -> Property:
        return LeadProperty(actor=actor, **self.cleaned_data).run()

    def done(self, result: Property) -> str:
        leading = next(iter(lines_of(result)), None)
        if leading is None:
            return f"No champion predicts {result}."
        return f"{leading.champion} now gives the scores of {result}.{_left_to_score(leading.champion)}"


def _left_to_score(version: ModelVersion) -> str:
    """Of a version that nobody can ask without saying for which temperature."""
    if can_be_asked_plainly(version):
        return ""
    return " It has to be told a temperature: score the candidates that it has not predicted with one of your choice."
