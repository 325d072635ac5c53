"""What the lists and pages of all runs share."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.urls import URLPattern
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry.admin.job import duration, job_buttons
from registry.admin.pages.live import LiveAdmin, progress
from registry.admin.parts import display
from registry.admin.parts.panels import Button, Fact, Panel, values
from registry.admin.parts.settings_text import settings_panel
from registry.models import Job
from registry.models.run import Run


class RunAdmin(LiveAdmin):
    list_filter: tuple[Any, ...] = (("job__state", ChoicesDropdownFilter),)
    list_select_related: tuple[str, ...] = ("job", "job__created_by")
    ordering = ("-pk",)

    def get_urls(self) -> list[URLPattern]:
        return [self.own_path("<int:pk>/live/", self.live_view, "live"), *super().get_urls()]

    @admin.display(description="state", ordering="job__state")
    def live(self, row: Run) -> str:
        return progress(row.job) if row.job else display.state(None)

    @admin.display(description="started by", ordering="job__created_by")
    def by(self, row: Run) -> str:
        return display.person(row.job.created_by if row.job else None)

    def inputs(self, row: Any) -> list[Fact]:
        """What the run was given, by foreign key."""
        raise NotImplementedError

    def outputs(self, request: HttpRequest, row: Any) -> list[Panel]:
        """What came out of it."""
        return []

    def metrics(self, row: Any) -> Panel | None:
        ended = row.job is None or row.job.finished
        return values("Metrics", row.metrics, "None were recorded." if ended else "None recorded yet.", wide=False)

    def settings(self, row: Any) -> Panel:
        return settings_panel(row.config)

    def facts(self, request: HttpRequest, row: Any) -> list[Fact]:
        job = row.job
        took = job and job.started_at and job.finished_at and (job.finished_at - job.started_at).total_seconds()
        return [
            *self.inputs(row),
            Fact("State", display.state(job)),
            Fact("Started by", self.by(row)),
            Fact("Created", display.when(row.created_at)),
            Fact("Took", duration(took) if took else display.EMPTY),
            *([Fact("Device", row.device)] if row.device else []),
            Fact("Code version", row.code_version or "–"),
        ]

    def panels(self, request: HttpRequest, row: Any) -> list[Panel]:
        """The job comes first until it has succeeded: then what it brought is of more interest."""
        live, found = self.live_panel(row), [*self.moving(request, row), *self.outputs(request, row)]
        told = [panel for panel in (self.metrics(row), self.settings(row)) if panel]
        if row.job and row.job.state != Job.State.SUCCEEDED:
            return [*live, *found, *told]
        return [*found, *told, *live]

    def buttons(self, request: HttpRequest, row: Any) -> list[Button | None]:
        return job_buttons(request, row.job)
