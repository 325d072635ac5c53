"""Datasets and their frozen versions."""

from typing import Any

from django.contrib import admin
from django.db.models import Count, IntegerField, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.shortcuts import redirect
from django.urls import URLPattern, reverse
from unfold.decorators import action

from registry.admin.base import RecordAdmin, RegistryAdmin
from registry.admin.forms.data import FreezeForm
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages.action_view import ActionView
from registry.admin.parts import display
from registry.admin.parts.panels import Button, Fact, Panel, go, list_of, table
from registry.models import Dataset, DatasetVersion, Measurement


def _count(rows: QuerySet[Measurement]) -> Coalesce:
    counted = rows.filter(dataset=OuterRef("pk")).order_by().values("dataset").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), 0)


@admin.register(Dataset)
class DatasetAdmin(RegistryAdmin):
    list_display = ("name", "licence", "measurements", "pending", "frozen", "created")
    search_fields = ("name", "slug", "description", "citation")
    prepopulated_fields = {"slug": ("name",)}
    empty_hint = "Add a dataset, then import a file into it; or run the command import_dataset for a public one."
    list_buttons = ("import_button",)
    actions_detail = ("import_file", "freeze", "see_measurements")
    fieldsets = ((None, {"fields": (("name", "slug"), "description", ("licence", "source_url"), "citation")}),)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Dataset]:
        rows = Measurement.objects.all()
        return (
            super()
            .get_queryset(request)
            .annotate(measured=_count(rows.filter(retired_at=None)), waiting=_count(rows.pending()))
            .prefetch_related("versions")
        )

    def import_button(self, request: HttpRequest) -> Button | None:
        return go(request, "registry.add_importrun", "Import a file", "registry_importrun_upload", "upload_file",
                  style="primary")  # fmt: skip

    @admin.display(description="measurements", ordering="measured")
    def measurements(self, row: Any) -> str:
        return f"{row.measured:,}"

    @admin.display(description="not yet frozen", ordering="waiting")
    def pending(self, row: Any) -> str:
        return display.badge(f"{row.waiting:,} new", "amber") if row.waiting else display.EMPTY

    @admin.display(description="latest version")
    def frozen(self, row: Dataset) -> str:
        versions = list(row.versions.all())
        return display.link(versions[0]) if versions else display.EMPTY

    @action(description="Import a file", icon="upload_file", permissions=["registry.add_importrun"])
    def import_file(self, request: HttpRequest, object_id: int) -> Any:
        return redirect(f"{reverse('admin:registry_importrun_upload')}?dataset={object_id}")

    @action(description="Freeze a version", icon="ac_unit", permissions=["registry.add_datasetversion"])
    def freeze(self, request: HttpRequest, object_id: int) -> Any:
        return redirect(f"{reverse('admin:registry_datasetversion_freeze')}?dataset={object_id}")

    @action(description="Measurements", icon="labs", permissions=["registry.view_measurement"])
    def see_measurements(self, request: HttpRequest, object_id: int) -> Any:
        return redirect(list_of(Measurement, dataset__id__exact=object_id))


@admin.register(DatasetVersion)
class DatasetVersionAdmin(RecordAdmin):
    list_display = ("__str__", "measurement_count", "structure_count", "change", "frozen_by", "created")
    list_filter = (("dataset", RelatedFilter),)
    list_select_related = ("dataset", "frozen_by")
    search_fields = ("dataset__name", "sha256__startswith", "note")
    ordering = ("-created_at", "-pk")
    empty_hint = "Freeze a dataset: models train on frozen versions only, so that a result can be repeated."
    list_buttons = ("freeze_button",)

    def freeze_button(self, request: HttpRequest) -> Button | None:
        return go(request, FreezeForm.permission, "Freeze a dataset", "registry_datasetversion_freeze", "ac_unit",
                  style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = ActionView.as_view(form_class=FreezeForm, model_admin=self)
        return [self.own_path("freeze/", view, "freeze"), *super().get_urls()]

    @admin.display(description="against the version before")
    def change(self, row: DatasetVersion) -> str:
        return f"+{row.added_count:,}  −{row.retired_count:,}"

    def facts(self, request: HttpRequest, row: DatasetVersion) -> list[Fact]:
        return [
            Fact("Dataset", display.link(row.dataset)),
            Fact("Measurements", f"{row.measurement_count:,}"),
            Fact("Structures", f"{row.structure_count:,}"),
            Fact("Against the version before", self.change(row)),
            Fact("Frozen by", display.person(row.frozen_by)),
            Fact("Frozen", display.when(row.created_at)),
            Fact("SHA-256", row.sha256, wide=True),
            Fact("Note", row.note or "–", wide=True),
        ]

    def panels(self, request: HttpRequest, row: DatasetVersion) -> list[Panel]:
        versions = row.model_versions.select_related("model").prefetch_related("properties")[:50]
        return [
            table(
                "Models trained on it",
                ["version", "architecture", "properties", "when"],
                [[display.link(v), v.architecture, ", ".join(p.label for p in v.properties.all()),
                  display.when(v.created_at)] for v in versions],
                empty="No model has been trained on this version.",
            )
        ]  # fmt: skip

    def buttons(self, request: HttpRequest, row: DatasetVersion) -> list[Button | None]:
        train = go(request, "registry.add_trainingrun", "Train a model on it", "registry_trainingrun_start",
                   "model_training", query=f"dataset_version={row.pk}", style="primary")  # fmt: skip
        score = go(request, "registry.add_scoringrun", "Score its structures", "registry_scoringrun_start",
                   "leaderboard", query=f"dataset_version={row.pk}")  # fmt: skip
        return [score, train]
