"""Move an alias."""

from django import forms
from django.contrib.auth.models import User

from registry.actions.move_alias import MoveAlias, without_champion
from registry.admin.forms.base import ActionForm
from registry.models import Alias, ModelVersion


class MoveAliasForm(ActionForm):
    title = "Make a version champion"
    submit = "Move"
    icon = "trophy"
    intro = "The champion is used by default; a new predictor champion takes over the scores of all candidates."
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
        names, field = ", ".join(lost), self.fields["drop_properties"]
        field.label = f"Drop the scores of {names}"
        field.help_text = (
            f"{version} does not predict {names} and no other champion does: every candidate would lose them."
        )

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
        return f"{result} now is {result.version}."
