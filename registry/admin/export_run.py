"""Exports."""

from collections.abc import Iterator
from itertools import chain
from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django.urls import URLPattern
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry import artifacts
from registry.admin.forms.export import ExportForm
from registry.admin.lists.selections import export_column, linked, properties_by_name
from registry.admin.pages.action_view import ActionView
from registry.admin.parts import display
from registry.admin.parts.panels import Button, Fact, Panel, go
from registry.admin.run import RunAdmin
from registry.models import ExportRun
from registry.search.sentence import describe_sort, rows_of


@admin.register(ExportRun)
class ExportRunAdmin(RunAdmin):
    list_filter = (("job__state", ChoicesDropdownFilter), ("subject", ChoicesDropdownFilter))
    search_fields = ("file_digest__startswith",)
    empty_hint = "Filter the candidates, then export what you see."
    list_buttons = ("start_button",)

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        return ["__str__", "live", "file_format", export_column(request), "row_count", "by", "created"]

    @admin.display(description="rows", ordering="rows")
    def row_count(self, row: ExportRun) -> str:
        return f"{row.rows:,}" if row.file_digest else display.EMPTY

    def start_button(self, request: HttpRequest) -> Button | None:
        return go(request, ExportForm.permission, "Export", "registry_exportrun_start", "download",
                  style="primary")  # fmt: skip

    def get_urls(self) -> list[URLPattern]:
        view = ActionView.as_view(form_class=ExportForm, model_admin=self)
        return [
            self.own_path("start/", view, "start"),
            self.own_path("<int:pk>/download/", self.download, "download"),
            *super().get_urls(),
        ]

    def download(self, request: HttpRequest, pk: int) -> StreamingHttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        run = get_object_or_404(ExportRun, pk=pk)
        if not run.file_digest:
            raise Http404("This export has not been written yet.")
        chunks = _chunks(run.file_digest)
        first = next(chunks, b"")  # a missing or damaged file fails here, before any header has been sent
        response = StreamingHttpResponse(chain([first], chunks), content_type="application/octet-stream")
        name = f"solvate-{run.subject}-{run.pk}.{run.file_format}"
        response["Content-Disposition"] = f'attachment; filename="{name}"'
        return response

    def inputs(self, row: ExportRun) -> list[Fact]:
        properties = properties_by_name()
        return [
            Fact("Filter", linked(row.subject, row.selection), wide=True),
            Fact("Order", describe_sort(row.config.get("sort", ""), properties)),
            Fact("Subject", row.get_subject_display()),
            Fact("Format", row.file_format),
            Fact("Rows", rows_of(row.subject, row.rows) if row.file_digest else "not written yet"),
            Fact("SHA-256", row.file_digest or "–", wide=True),
        ]

    def panels(self, request: HttpRequest, row: ExportRun) -> list[Panel]:
        """All that there is to say stands in the facts."""
        return list(self.live_panel(row))

    def buttons(self, request: HttpRequest, row: ExportRun) -> list[Button | None]:
        ready = row.file_digest and go(request, "registry.view_exportrun", "Download", "registry_exportrun_download",
                                       "download", args=[row.pk], style="primary")  # fmt: skip
        return [*super().buttons(request, row), ready or None]


def _chunks(digest: str) -> Iterator[bytes]:
    with artifacts.opened(digest) as stream:
        while chunk := stream.read(artifacts.CHUNK):
            yield chunk
