"""Pages that move while a job runs: its state, its counts and its log, all from one reading of the database."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from registry.admin.base import RecordAdmin
from registry.admin.parts import display
from registry.admin.parts.curves import curves
from registry.admin.parts.panels import Panel
from registry.models import Job, JobEvent

LOG_LINES = 200
ALARMING = (Job.State.FAILED, Job.State.LOST)


def progress(job: Job) -> SafeString:
    """State and bar; a job that is not finished asks for its own successor."""
    return SafeString(render_to_string("registry/job/progress.html", {"job": job, "state": display.state(job)}))


class LiveAdmin(RecordAdmin):
    """A record with a job. While that is not finished, its page asks for `live` and puts every moving part in place.

    A subclass routes `live_view` at a path named live.
    """

    def job_of(self, row: Any) -> Job | None:
        return row.job

    def moving(self, request: HttpRequest, row: Any) -> list[Panel]:
        """Panels beside the log that change while the job runs; each needs a `name`."""
        return []

    def page(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        job = self.job_of(row)
        alarm = job.error if job is not None and job.state in ALARMING else ""
        return super().page(request, row) | {"alarm": alarm}

    def live_panel(self, row: Any) -> list[Panel]:
        """Progress, curves and log; nothing for what was done without a job."""
        job = self.job_of(row)
        return [] if job is None else [Panel("Job", "registry/job/live.html", self._live(row, job))]

    def live_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        row = get_object_or_404(self.get_queryset(request), pk=pk)
        job = self.job_of(row)
        if job is None:
            return HttpResponse(status=204)
        context = {"facts": self.facts(request, row), "moving": self.moving(request, row), **self._live(row, job)}
        response = HttpResponse(render_to_string("registry/job/live_page.html", context))
        if job.finished:
            response["HX-Refresh"] = "true"  # once more as a whole: results and buttons have changed
        return response

    def _live(self, row: Any, job: Job) -> dict[str, Any]:
        log = job.events.exclude(kind__in=[JobEvent.Kind.METRIC, JobEvent.Kind.PROGRESS])
        return {
            "job": job,
            "state": display.state(job),
            "percent": f"{100 * job.progress:.0f}",
            "charts": curves(job),
            "log": list(log.order_by("-attempt", "-sequence")[:LOG_LINES])[::-1],
            "polled": display.url(row, "live"),
            "beat": display.when(job.heartbeat_at),
        }
