"""Measurements: recorded and retired, never edited."""

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeNumericFilter

from registry.admin.base import RecordAdmin
from registry.admin.forms.data import RetireForm
from registry.admin.forms.measurement import MeasurementForm
from registry.admin.lists.by_structure import SearchedByStructure
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages.action_view import ActionView
from registry.admin.parts import display
from registry.admin.parts.candidate_values import measured_value
from registry.admin.parts.conditions import conditions
from registry.admin.parts.evidence import method_text
from registry.admin.parts.panels import Button, Fact, Panel, go
from registry.admin.structure import measured, measurements
from registry.models import Measurement


@admin.register(Measurement)
class MeasurementAdmin(SearchedByStructure, RecordAdmin):
    list_display = ("picture", "property", "value_", "method", "stated", "dataset", "source", "standing", "created")
    list_filter = (
        ("dataset", RelatedFilter),
        ("property", RelatedFilter),
        ("import_run", RelatedFilter),
        ("method", ChoicesDropdownFilter),
        ("value", RangeNumericFilter),
    )
    list_select_related = ("structure", "property", "dataset", "import_run", "recorded_by", "added_in", "retired_in")
    search_fields = ("structure__smiles__contains", "source_id__exact")
    search_help_text = "Part of a SMILES, or an identifier in the source"
    ordering = ("-pk",)
    empty_hint = "Import a file of measured values, or record one by hand."
    list_buttons = ("record_button",)

    def record_button(self, request: HttpRequest) -> Button | None:
        return go(request, MeasurementForm.permission, "Record a measurement", "registry_measurement_record", "labs",
                  style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        record = ActionView.as_view(form_class=MeasurementForm, model_admin=self)
        retire = ActionView.as_view(form_class=RetireForm, model_admin=self)
        own = [self.own_path("record/", record, "record"), self.own_path("retire/", retire, "retire")]
        return [*own, *super().get_urls()]

    @admin.display(description="structure")
    def picture(self, row: Measurement) -> str:
        return display.drawing(row.structure)

    @admin.display(description="value", ordering="value")
    def value_(self, row: Measurement) -> str:
        return measured_value(row)

    @admin.display(description="conditions")
    def stated(self, row: Measurement) -> str:
        return conditions(row) or display.EMPTY

    @admin.display(description="source")
    def source(self, row: Measurement) -> str:
        """The file and the row that it was read from, or the person who recorded it."""
        if row.import_run is None:
            by = f"by {display.person(row.recorded_by)}"
            return display.stacked(by, row.source_id) if row.source_id else by
        place = f"row {row.source_row:,}" if row.source_row else ""
        named = " · ".join(part for part in (place, row.source_id and f"id {row.source_id}") if part)
        return display.stacked(display.link(row.import_run, row.import_run.file_name), named)

    @admin.display(description="in versions")
    def standing(self, row: Measurement) -> str:
        if row.retired_at is not None:
            return display.badge("retired", "grey", title=row.retired_reason)
        if row.added_in is None:
            return display.badge("not yet frozen", "amber")
        return display.badge(f"since v{row.added_in.number}", "green")

    def facts(self, request: HttpRequest, row: Measurement) -> list[Fact]:
        deviation = "–" if row.standard_deviation is None else display.quantity(row.standard_deviation, row.property)
        origin = display.link(row.import_run) if row.import_run else f"recorded by {display.person(row.recorded_by)}"
        return [
            Fact("Structure", display.link(row.structure, display.drawing(row.structure, 240, 160)), wide=True),
            Fact("Property", row.property),
            Fact("Value", measured(row)),
            Fact("Standard deviation", deviation),
            Fact("Method", method_text(row.method, row.method_detail) or "–"),
            Fact("Conditions", conditions(row, whole=True) or "–"),
            Fact("Dataset", display.link(row.dataset)),
            Fact("Versions", self.standing(row)),
            Fact("From", origin),
            Fact("Row in the file", row.source_row or "–"),
            Fact("Identifier in the source", row.source_id or "–"),
        ]

    def panels(self, request: HttpRequest, row: Measurement) -> list[Panel]:
        return [measurements(row.structure)]

    def buttons(self, request: HttpRequest, row: Measurement) -> list[Button | None]:
        if row.retired_at is not None:
            return []
        retire = go(request, RetireForm.permission, "Retire", "registry_measurement_retire", "archive",
                    query=f"measurement={row.pk}")  # fmt: skip
        return [retire]
