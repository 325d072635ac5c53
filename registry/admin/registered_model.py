"""Models: named lines of versions."""

from typing import Any

from django.contrib import admin
from django.db.models import Prefetch, Q
from django.http import HttpRequest, HttpResponse
from django.utils.html import format_html
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry.actions.leading_lines import led_by
from registry.admin.base import RegistryAdmin
from registry.admin.forms.models import LeadPropertyForm
from registry.admin.pages.model_parts import headline_text, version_rows
from registry.admin.parts import display
from registry.admin.parts.panels import Button, go, list_of
from registry.models import Alias, ModelVersion, RegisteredModel

SHOWN = 50  # latest versions on the page of their model
TITLES = {RegisteredModel.Task.PREDICT: "test error", RegisteredModel.Task.GENERATE: "samples"}


@admin.register(RegisteredModel)
class RegisteredModelAdmin(RegistryAdmin):
    list_display = ("name", "task", "champion", "figures", "versions_", "description")
    list_filter = (("task", ChoicesDropdownFilter),)
    search_fields = ("name", "description")
    empty_hint = "A model is a line of versions that do one task; add one, then train its first version."
    list_buttons = ("train_button",)
    change_form_outer_before_template = "registry/model/versions.html"
    fieldsets = ((None, {"fields": (("name", "task"), "description")}),)

    def train_button(self, request: HttpRequest) -> Button | None:
        return go(request, "registry.add_trainingrun", "Train a model", "registry_trainingrun_start", "model_training",
                  style="primary")  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> Any:
        aliases = Prefetch("aliases", Alias.objects.select_related("version__model"))
        versions = ModelVersion.objects.select_related("model").prefetch_related("properties").defer("card")
        return super().get_queryset(request).prefetch_related(aliases, Prefetch("versions", versions))

    def get_readonly_fields(self, request: HttpRequest, obj: RegisteredModel | None = None) -> tuple[str, ...]:
        return ("name", "task") if obj is not None and obj.versions.exists() else ()

    @admin.display(description="champion")
    def champion(self, row: RegisteredModel) -> str:
        found = _champion(row)
        return display.link(found) if found else display.EMPTY

    @admin.display(description="quality")
    def figures(self, row: RegisteredModel) -> str:
        """The champion's headline; without a champion, that of the latest version, which is said."""
        versions = {version.pk: version for version in row.versions.all()}
        champion = _champion(row)
        if champion:
            return headline_text(versions[champion.pk])
        latest = next(iter(versions.values()), None)
        if latest is None:
            return display.EMPTY
        return format_html('{}<small class="sv-faint">of v{}, there is no champion</small>',
                           headline_text(latest), latest.number)  # fmt: skip

    @admin.display(description="versions")
    def versions_(self, row: RegisteredModel) -> int:
        return len(row.versions.all())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = self._versions(request, object_id) if object_id.isdecimal() else {}
        return super().change_view(request, object_id, form_url, context | (extra_context or {}))

    def _versions(self, request: HttpRequest, object_id: str) -> dict[str, Any]:
        """The latest versions, and all that an alias points at."""
        model = RegisteredModel.objects.filter(pk=object_id).first()
        if model is None:
            return {}
        rows = model.versions.order_by("-number")
        latest = rows.values("pk")[:SHOWN]
        shown = (
            rows.filter(Q(pk__in=latest) | Q(aliases__isnull=False))
            .distinct()
            .select_related("model", "dataset_version__dataset", "created_by")
            .prefetch_related("properties", "aliases")
            .defer("card")
        )
        listed = version_rows(list(shown))
        train = go(request, "registry.add_trainingrun", "Train a version", "registry_trainingrun_start",
                   "model_training", query=f"model={model.pk}", style="primary")  # fmt: skip
        champion = model.champion() if model.task == RegisteredModel.Task.PREDICT else None
        lead = go(request, LeadPropertyForm.permission, "Let it lead", "registry_property_lead", "trophy",
                  query=f"model={model.pk}")  # fmt: skip
        return {
            "version_rows": listed,
            "version_buttons": [button for button in (lead if champion else None, train) if button],
            "champion": champion,
            "leads_for": ", ".join(item.label for item in led_by(champion)) if champion else "",
            "more_versions": rows.count() - len(listed),
            "all_versions": list_of(ModelVersion, model__id__exact=model.pk),
            "headline_title": TITLES[RegisteredModel.Task(model.task)],
        }


def _champion(row: RegisteredModel) -> ModelVersion | None:
    return next((alias.version for alias in row.aliases.all() if alias.name == Alias.CHAMPION), None)
