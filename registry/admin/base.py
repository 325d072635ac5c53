"""What the admin of every noun shares."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.checks import ModelAdminChecks
from django.contrib.admin.options import ShowFacets
from django.contrib.admin.utils import unquote
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.text import capfirst
from unfold.admin import ModelAdmin
from unfold.views import ChangeList

from registry.admin.parts import display
from registry.admin.parts.history import history
from registry.admin.parts.panels import Button, Fact, Notice, Panel


class RegistryChangeList(ChangeList):
    """Without a filter, the rows found are all there are: no second count of the table."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        if not self.has_active_filters and not self.query:
            self.full_result_count = self.result_count


class RegistryAdmin(ModelAdmin):
    """Lists of 50, filters that are applied together, no count of the whole table.

    empty_hint: what a person does next when the list has no rows at all.
    """

    checks_class = ModelAdminChecks  # the theme's own look permissions up in a database that may not exist yet
    list_per_page = 50
    list_filter_submit = True
    list_fullwidth = True
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    compressed_fields = True
    warn_unsaved_form = True
    actions_on_top = True
    empty_hint = ""
    list_buttons: tuple[str, ...] = ()  # names of methods (request) -> Button | None, shown above the list

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        buttons = [button for name in self.list_buttons if (button := getattr(self, name)(request))]
        context = {"empty_hint": self.empty_hint, "buttons": buttons}
        return super().changelist_view(request, context | (extra_context or {}))

    @admin.display(description="created", ordering="created_at")
    def created(self, row: Any) -> str:
        return display.when(row.created_at)

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """What triggers recorded, whoever changed the row; the framework's own log knows its forms alone."""
        row = self.get_object(request, unquote(object_id))
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "title": f"History of {row}",
            "facts": [Fact(capfirst(self.opts.verbose_name), display.link(row), wide=True)],
            "panels": [history(row)],
        }
        return TemplateResponse(request, "registry/record.html", context | (extra_context or {}))

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return RegistryChangeList

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Deleting goes one by one, past the page that shows what it drags along."""
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions

    def own_path(self, route: str, view: Any, name: str) -> URLPattern:
        """A further page of this noun, behind the login; reversed as admin:registry_<noun>_<name>."""
        return path(route, self.admin_site.admin_view(view), name=f"registry_{self.opts.model_name}_{name}")


class RecordAdmin(RegistryAdmin):
    """Rows that actions write and nobody edits: a list, and a page of facts and panels."""

    page_template = "registry/record.html"

    def has_add_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def facts(self, request: HttpRequest, row: Any) -> list[Fact]:
        """What is always true of the row, for the head of its page."""
        raise NotImplementedError

    def panels(self, request: HttpRequest, row: Any) -> list[Panel]:
        """Tables and pictures under the facts."""
        return []

    def buttons(self, request: HttpRequest, row: Any) -> list[Button | None]:
        """What a person can do with the row; None where they may not."""
        return []

    def notice(self, row: Any) -> Notice | None:
        """One sentence above everything else, where there is one to say."""
        return None

    def page(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        """The context of the page's template."""
        return {
            "notice": self.notice(row),
            "facts": self.facts(request, row),
            "panels": self.panels(request, row),
            "buttons": [button for button in self.buttons(request, row) if button],
        }

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.get_object(request, unquote(object_id))
        if not self.has_view_permission(request, row):
            raise PermissionDenied
        if row is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        request.current_app = self.admin_site.name
        context = {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "original": row,
            "title": str(row),
            **self.page(request, row),
            **(extra_context or {}),
        }
        return TemplateResponse(request, self.page_template, context)
