"""Training runs."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry.admin.forms.training import StartTrainingForm
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages.action_view import ActionView
from registry.admin.pages.model_parts import gate_notice, metrics_panel
from registry.admin.parts import display
from registry.admin.parts.levels import levels_of, told_of
from registry.admin.parts.panels import Button, Fact, Notice, Panel, go
from registry.admin.run import RunAdmin
from registry.models import TrainingRun


@admin.register(TrainingRun)
class TrainingRunAdmin(RunAdmin):
    list_display = ("__str__", "live", "architecture", "data", "result", "by", "created")
    list_filter = (
        ("job__state", ChoicesDropdownFilter),
        ("model", RelatedFilter),
        ("schedule", RelatedFilter),
    )
    list_select_related = ("job__created_by", "model", "dataset_version__dataset", "model_version__model")
    search_fields = ("model__name", "architecture")
    empty_hint = "Train a first model on a frozen dataset version."
    list_buttons = ("start_button",)

    def start_button(self, request: HttpRequest) -> Button | None:
        return go(request, StartTrainingForm.permission, "Train a model", "registry_trainingrun_start",
                  "model_training", style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = ActionView.as_view(form_class=StartTrainingForm, model_admin=self)
        return [self.own_path("start/", view, "start"), *super().get_urls()]

    @admin.display(description="data")
    def data(self, row: TrainingRun) -> str:
        return display.link(row.dataset_version)

    @admin.display(description="made")
    def result(self, row: TrainingRun) -> str:
        return display.link(getattr(row, "model_version", None))

    def metrics(self, row: TrainingRun) -> Panel:
        """Those of the version that came of it, told as on its page."""
        version = getattr(row, "model_version", None)
        return metrics_panel(version) if version else super().metrics(row)

    def notice(self, row: TrainingRun) -> Notice | None:
        return gate_notice(row)

    def inputs(self, row: TrainingRun) -> list[Fact]:
        return [
            Fact("Model", display.link(row.model)),
            Fact("Made", self.result(row)),
            Fact("Data", self.data(row)),
            Fact("Architecture", row.architecture),
            Fact("Properties", _properties(row)),
            *([Fact("Told beside the structure", told)] if (told := told_of(row.config, row.inputs)) else []),
            Fact("Started from", display.link(row.init_version)),
            Fact("Seed", row.seed),
            Fact("Schedule", display.link(row.schedule)),
        ]


def _properties(row: TrainingRun) -> str:
    levels = levels_of(row.config)
    return ", ".join(item.label + levels.get(item.name, "") for item in row.properties.all()) or "–"
