"""Move an alias."""

from django import forms
from django.contrib.auth.models import User

from registry.actions.move_alias import MoveAlias
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

    def run(self, actor: User) -> Alias:
        cleaned = self.cleaned_data
        return MoveAlias(
            actor=actor,
            model=cleaned["version"].model,
            version=cleaned["version"],
            reason=cleaned["reason"],
            name=cleaned["name"],
        ).run()

    def done(self, result: Alias) -> str:
        return f"{result} now is {result.version}."
