"""Imports and the rows that they refused."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import (
    AllValuesCheckboxFilter,
    BooleanRadioFilter,
    ChoicesDropdownFilter,
)

from registry import artifacts
from registry.actions.base import ActionError
from registry.actions.import_file import StartImport
from registry.admin.base import RecordAdmin
from registry.admin.forms.imports import UploadForm
from registry.admin.forms.mapping import MappingForm
from registry.admin.forms.uploads import upload_of
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages import import_page
from registry.admin.pages.action_view import ActionView
from registry.admin.parts import display
from registry.admin.parts.imported import applied_twin, lacking, mapping_rows, nothing_new, outcome, reason_text
from registry.admin.parts.panels import Button, Fact, Notice, Panel, go, table, values
from registry.admin.run import RunAdmin
from registry.formats.rejected_rows import rejected_rows_file
from registry.models import ImportRun, Job, RejectedRow


@admin.register(ImportRun)
class ImportRunAdmin(RunAdmin):
    list_display = ("__str__", "live", "dataset", "kind", "rows", "rejected", "by", "created")
    list_filter = (
        ("job__state", ChoicesDropdownFilter),
        ("dataset", RelatedFilter),
        ("dry_run", BooleanRadioFilter),
        ("applied", BooleanRadioFilter),
    )
    list_select_related = ("job__created_by", "dataset")
    search_fields = ("file_name", "file_digest__startswith")
    empty_hint = "Import a file of structures and measured values."
    list_buttons = ("start_button",)
    page_template = "registry/import_run.html"

    def start_button(self, request: HttpRequest) -> Button | None:
        return go(request, StartImport.permission, "Import a file", "registry_importrun_upload", "upload_file",
                  style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        upload = ActionView.as_view(form_class=UploadForm, model_admin=self)
        mapping = ActionView.as_view(form_class=MappingForm, model_admin=self)
        return [
            self.own_path("upload/", upload, "upload"),
            self.own_path("mapping/", mapping, "mapping"),
            self.own_path("<int:pk>/confirm/", require_POST(self.confirm_view), "confirm"),
            self.own_path("<int:pk>/remap/", self.remap_view, "remap"),
            self.own_path("<int:pk>/refused.csv", self.refused_view, "refused"),
            *super().get_urls(),
        ]

    def confirm_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The dry run's file and mapping again, this time for good."""
        if not request.user.has_perm(StartImport.permission):
            raise PermissionDenied
        preview = get_object_or_404(ImportRun, pk=pk, dry_run=True)
        try:
            with artifacts.opened(preview.file_digest) as stream:
                run = StartImport(
                    actor=request.user,
                    dataset=preview.dataset,
                    stream=stream,
                    file_name=preview.file_name,
                    mapping=preview.config,
                    structure_kind=preview.structure_kind,
                ).run()
        except (ActionError, artifacts.ArtifactError) as error:
            messages.error(request, str(error))
            return redirect(display.url(preview))
        messages.success(request, nothing_new(run) if run.applied else f"{run} has started.")
        return redirect(display.url(run))

    def remap_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The same file once more, with its mapping to change."""
        if not request.user.has_perm(StartImport.permission):
            raise PermissionDenied
        return redirect(upload_of(get_object_or_404(ImportRun, pk=pk)).mapping_url())

    def refused_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm("registry.view_rejectedrow"):
            raise PermissionDenied
        run = get_object_or_404(ImportRun, pk=pk)
        return FileResponse(rejected_rows_file(run), as_attachment=True, filename=f"refused-{run.pk}.csv")

    @admin.display(description="kind")
    def kind(self, row: ImportRun) -> str:
        if row.dry_run:
            return display.badge("preview", "blue", "visibility")
        return display.badge("applied", "green", "check_circle") if row.applied else display.badge("import")

    @admin.display(description="rows", ordering="rows_total")
    def rows(self, row: ImportRun) -> str:
        return f"{row.rows_total:,}"

    @admin.display(description="refused", ordering="rows_rejected")
    def rejected(self, row: ImportRun) -> str:
        return display.badge(f"{row.rows_rejected:,}", "amber") if row.rows_rejected else display.EMPTY

    def inputs(self, row: ImportRun) -> list[Fact]:
        return [
            Fact("File", f"{row.file_name} ({row.file_format})"),
            Fact("Dataset", display.link(row.dataset)),
            Fact("Kind", self.kind(row)),
            Fact("Outcome", outcome(row), wide=True),
            *([Fact("Go on with", import_page.onward(row), wide=True)] if row.applied else []),
            Fact("Rows", f"{row.rows_total:,}"),
            Fact("To be imported" if row.dry_run else "Imported", f"{row.rows_imported:,}"),
            Fact("Duplicates", f"{row.rows_duplicate:,}"),
            Fact("Refused", f"{row.rows_rejected:,}"),
            Fact("New structures", f"{row.structures_created:,}"),
            Fact("New measurements", f"{row.measurements_created:,}"),
        ]

    def notice(self, row: ImportRun) -> Notice | None:
        """What a preview was good for; else what its rows, or those of the import, do not say."""
        if twin := applied_twin(row):
            return Notice("green", "check_circle", format_html("These rows were imported as {}.", display.link(twin)))
        return Notice("amber", "warning", lacking(row)) if lacking(row) else None

    def metrics(self, row: ImportRun) -> Panel:
        """Without what the page tells elsewhere."""
        told = ("first_rows", "without", "unknown_salts", "rejected")
        found = {name.replace("_", " "): value for name, value in row.metrics.items() if name not in told}
        return values("Metrics", found, "None recorded yet.", wide=False)

    def settings(self, row: ImportRun) -> Panel:
        """The mapping as a table, rather than the JSON that it is."""
        return table("What the columns mean", ["column or value", "means", "unit and scale"],
                     mapping_rows(row.config), wide=False)  # fmt: skip

    def outputs(self, request: HttpRequest, row: ImportRun) -> list[Panel]:
        if row.job and not row.job.finished:
            return []
        return [*import_page.first_rows(row), *import_page.refusals(row)]

    def buttons(self, request: HttpRequest, row: ImportRun) -> list[Button | None]:
        done = row.job is None or row.job.state == Job.State.SUCCEEDED
        preview = row.dry_run and done
        confirm = preview and not applied_twin(row) and row.rows_imported and go(
            request, StartImport.permission, f"Import {_rows(row.rows_imported)}", "registry_importrun_confirm",
            "check", args=[row.pk], style="primary", post=True,
        )  # fmt: skip
        remap = preview and go(
            request, StartImport.permission, "Change the mapping", "registry_importrun_remap", "tune", args=[row.pk]
        )
        refused = row.rows_rejected and go(
            request, "registry.view_rejectedrow", "Download refused rows", "registry_importrun_refused", "download",
            args=[row.pk],
        )  # fmt: skip
        freeze = row.applied and go(
            request, "registry.add_datasetversion", "Freeze the dataset", "registry_datasetversion_freeze", "ac_unit",
            query=f"dataset={row.dataset_id}",
        )  # fmt: skip
        return [button or None for button in (*super().buttons(request, row), confirm, remap, refused, freeze)]


def _rows(count: int) -> str:
    return "this row" if count == 1 else f"these {count:,} rows"


def clipped(text: str, length: int = 160) -> Any:
    return format_html('<code class="sv-smiles">{}</code>', text if len(text) <= length else f"{text[:length]}…")


@admin.register(RejectedRow)
class RejectedRowAdmin(RecordAdmin):
    list_display = ("__str__", "import_run", "column", "why", "text")
    list_filter = (("import_run", RelatedFilter), ("code", AllValuesCheckboxFilter))
    list_select_related = ("import_run",)
    search_fields = ("reason", "raw_text")
    ordering = ("-import_run", "row_number")
    empty_hint = "No import has refused a row."

    @admin.display(description="kind of reason", ordering="code")
    def why(self, row: RejectedRow) -> str:
        return reason_text(row.code)

    @admin.display(description="as it came")
    def text(self, row: RejectedRow) -> str:
        return clipped(row.raw_text)

    def facts(self, request: HttpRequest, row: RejectedRow) -> list[Fact]:
        return [
            Fact("Import", display.link(row.import_run)),
            Fact("Row", row.row_number),
            Fact("Column", row.column or "–"),
            Fact("Kind of reason", reason_text(row.code)),
            Fact("Reason", row.reason, wide=True),
            Fact("As it came", clipped(row.raw_text, 20_000), wide=True),
        ]
