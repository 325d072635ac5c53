"""Names that move along the versions of a model."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern

from registry.admin.base import RecordAdmin
from registry.admin.forms.models import MoveAliasForm
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages.action_view import ActionView
from registry.admin.parts import display
from registry.admin.parts.history import history
from registry.admin.parts.panels import Button, Fact, Panel, go
from registry.models import Alias


def alias_badges(aliases: Any) -> Any:
    names = [alias.name for alias in aliases]
    if not names:
        return display.EMPTY
    return display.badge(", ".join(names), "green", "trophy")


@admin.register(Alias)
class AliasAdmin(RecordAdmin):
    list_display = ("__str__", "points_at", "reason", "by", "moved")
    list_filter = (("model", RelatedFilter),)
    list_select_related = ("model", "version__model", "moved_by")
    search_fields = ("name", "model__name", "reason")
    empty_hint = "A name such as champion is put on a version by a person, or by the gate of a schedule."
    list_buttons = ("move_button",)

    def move_button(self, request: HttpRequest) -> Button | None:
        return go(request, MoveAliasForm.permission, "Move an alias", "registry_alias_move", "trophy",
                  style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = ActionView.as_view(form_class=MoveAliasForm, model_admin=self)
        return [self.own_path("move/", view, "move"), *super().get_urls()]

    @admin.display(description="version")
    def points_at(self, row: Alias) -> str:
        return display.link(row.version)

    @admin.display(description="moved by", ordering="moved_by")
    def by(self, row: Alias) -> str:
        return display.person(row.moved_by)

    @admin.display(description="moved", ordering="moved_at")
    def moved(self, row: Alias) -> str:
        return display.when(row.moved_at)

    def facts(self, request: HttpRequest, row: Alias) -> list[Fact]:
        return [
            Fact("Model", display.link(row.model)),
            Fact("Points at", self.points_at(row)),
            Fact("Moved by", self.by(row)),
            Fact("Moved", self.moved(row)),
            Fact("Reason", row.reason, wide=True),
        ]

    def panels(self, request: HttpRequest, row: Alias) -> list[Panel]:
        return [history(row)]

    def buttons(self, request: HttpRequest, row: Alias) -> list[Button | None]:
        move = go(request, MoveAliasForm.permission, "Move it", "registry_alias_move", "trophy",
                  query=f"name={row.name}", style="primary")  # fmt: skip
        return [move]
