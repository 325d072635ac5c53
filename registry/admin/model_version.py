"""Versions of models."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, reverse
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry.admin.alias import alias_badges
from registry.admin.base import RecordAdmin
from registry.admin.forms.models import MoveAliasForm
from registry.admin.forms.training_offer import goes_on
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages.compare import MOST, Comparison, Incomparable, chosen
from registry.admin.pages.compare_training import pairs
from registry.admin.pages.learning import learning_panel
from registry.admin.pages.model_parts import gate_notice, headline_text, metrics_panel
from registry.admin.pages.predictor_plots import plots_panel
from registry.admin.parts import display
from registry.admin.parts.evidence import measured_alike, trained_on
from registry.admin.parts.figures import property_order
from registry.admin.parts.levels import levels_of, told_of
from registry.admin.parts.model_card import card_panel
from registry.admin.parts.panels import Button, Fact, Notice, Panel, go, list_of, table
from registry.models import ModelVersion, Prediction, Property, RegisteredModel


@admin.register(ModelVersion)
class ModelVersionAdmin(RecordAdmin):
    list_display = ("__str__", "names", "figures", "architecture", "predicts", "data", "origin", "created")
    list_filter = (
        ("model", RelatedFilter),
        ("model__task", ChoicesDropdownFilter),
        ("origin", ChoicesDropdownFilter),
    )
    list_select_related = ("model", "dataset_version__dataset")
    search_fields = ("model__name", "architecture", "bundle_digest__startswith")
    ordering = ("-created_at", "-pk")
    empty_hint = "Versions come from training runs, from the bundles that ship with the code, or from an upload."

    actions = ("compare_chosen",)

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).prefetch_related("aliases", "properties")

    def get_urls(self) -> list[URLPattern]:
        return [self.own_path("compare/", self.compare_view, "compare"), *super().get_urls()]

    @admin.action(description="Compare", permissions=["view"])
    def compare_chosen(self, request: HttpRequest, rows: Any) -> HttpResponse:
        query = "&".join(f"version={pk}" for pk in rows.order_by("pk").values_list("pk", flat=True)[: MOST + 1])
        return redirect(f"{reverse('admin:registry_modelversion_compare')}?{query}")

    def compare_view(self, request: HttpRequest) -> HttpResponse:
        """Versions side by side, at an address that can be sent to somebody."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        request.current_app = self.admin_site.name
        try:
            content, status = Comparison.of(chosen(request)).context(), 200
        except Incomparable as error:
            content, status = {"problem": str(error)}, 400
        context = {**self.admin_site.each_context(request), "opts": self.opts, "title": "Compare versions", **content}
        return TemplateResponse(request, "registry/model/compare.html", context, status=status)

    @admin.display(description="quality")
    def figures(self, row: ModelVersion) -> str:
        return headline_text(row)

    @admin.display(description="alias")
    def names(self, row: ModelVersion) -> str:
        return alias_badges(row.aliases.all())

    @admin.display(description="properties")
    def predicts(self, row: ModelVersion) -> str:
        labels = [item.label for item in row.properties.all()]
        return ", ".join(labels[:3]) + (f" and {len(labels) - 3} more" if len(labels) > 3 else "") or "–"

    @admin.display(description="data")
    def data(self, row: ModelVersion) -> str:
        return trained_on(row)

    def notice(self, row: ModelVersion) -> Notice | None:
        return gate_notice(row.training_run)

    def facts(self, request: HttpRequest, row: ModelVersion) -> list[Fact]:
        return [
            Fact("Model", display.link(row.model)),
            Fact("Task", row.model.get_task_display()),
            Fact("Alias", self.names(row)),
            Fact("Architecture", row.architecture),
            Fact("Properties", _properties(row), wide=True),
            *([Fact("Told beside the structure", told, wide=True)] if (told := _told(row)) else []),
            Fact("Origin", row.get_origin_display()),
            Fact("Trained on", display.stacked(trained_on(row), measured_alike(row))),
            Fact("Training run", display.link(row.training_run)),
            Fact("Fine-tuned from", display.link(row.parent)),
            Fact("Registered", display.when(row.created_at)),
            Fact("By", display.person(row.created_by)),
            Fact("Code version", row.code_version or "–"),
            Fact("Bundle SHA-256", row.bundle_digest, wide=True),
        ]

    def panels(self, request: HttpRequest, row: ModelVersion) -> list[Panel]:
        runs = row.generation_runs.select_related("job")[:10] if row.model.task == "generate" else []
        scorings = row.scoring_runs.select_related("job")[:10] if row.model.task == "predict" else []
        used = [[display.link(run), display.state(run.job), display.when(run.created_at)] for run in (*runs, *scorings)]
        drawn = [plots_panel(row), learning_panel(row), card_panel(row)]
        return [
            metrics_panel(row),
            *(panel for panel in drawn if panel),
            Panel("Configuration", "registry/parts/values.html",
                  {"pairs": pairs(row.config), "empty": "No settings recorded."}, wide=False),
            table("Latest runs", ["run", "state", "when"], used, empty="It has not been used yet.",
                  link=list_of(Prediction, model_version__id__exact=row.pk), wide=False),
        ]  # fmt: skip

    def buttons(self, request: HttpRequest, row: ModelVersion) -> list[Button | None]:
        query = f"model_version={row.pk}"
        use = (
            go(request, "registry.add_generationrun", "Generate with it", "registry_generationrun_start",
               "auto_awesome", query=query, style="primary")
            if row.model.task == RegisteredModel.Task.GENERATE
            else go(request, "registry.add_scoringrun", "Score with it", "registry_scoringrun_start", "leaderboard",
                    query=query, style="primary")
        )  # fmt: skip
        crown = go(request, MoveAliasForm.permission, "Make it champion", "registry_alias_move", "trophy",
                   query=f"version={row.pk}")  # fmt: skip
        champion = row.model.champion()
        beside = None
        if champion is not None and champion != row:
            beside = go(request, "registry.view_modelversion", "Compare with champion", "registry_modelversion_compare",
                        "balance", query=f"version={champion.pk}&version={row.pk}")  # fmt: skip
        return [beside, _tune(request, row), None if champion == row else crown, use]


def _tune(request: HttpRequest, row: ModelVersion) -> Button | None:
    if not goes_on(row.architecture):
        return None
    return go(request, "registry.add_trainingrun", "Fine-tune", "registry_trainingrun_start", "model_training",
              query=f"init_version={row.pk}&model={row.model_id}&architecture={row.architecture}")  # fmt: skip


def _properties(row: ModelVersion) -> str:
    """In the configuration's order, with unit, scale and, where they are stated, levels."""
    known = {item.name: item for item in row.properties.all()}
    levels = levels_of(row.config)
    return ", ".join(_described(known[name]) + levels.get(name, "") for name in property_order(row)) or "–"


def _described(item: Property) -> str:
    scale = "log₁₀" if item.scale == Property.Scale.LOG10 else ""
    more = ", ".join(filter(None, (item.unit, scale)))
    return f"{item.label} ({more})" if more else item.label


def _told(row: ModelVersion) -> str:
    return told_of(row.config, row.training_run.inputs if row.training_run else {})
