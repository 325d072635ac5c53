"""Jobs: what runs, how far it is, and how to stop it."""

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet, TextField
from django.db.models.functions import Cast
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern
from django.utils.html import format_html
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter

from registry.actions.cancel_job import CancelJob
from registry.actions.retry_job import RetryJob, run_of, subject_of
from registry.admin.base import RecordAdmin
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages.action_view import run_action
from registry.admin.pages.live import LiveAdmin, progress
from registry.admin.parts import display
from registry.admin.parts.panels import Button, Fact, Panel, go
from registry.models import Job, JobEvent

RUNS = (  # what a job does, with all that names it
    "importrun",
    "trainingrun__model",
    "generationrun__model_version__model",
    "scoringrun__model_version__model",
    "exportrun",
)


def job_buttons(request: HttpRequest, job: Job | None) -> list[Button | None]:
    if job is None:
        return []
    if not job.finished:
        cancel = go(request, CancelJob.permission, "Cancel", "registry_job_cancel", "stop_circle", args=[job.pk],
                    style="danger", post=True, confirm="Stop this job?")  # fmt: skip
        return [cancel]
    if job.state != Job.State.SUCCEEDED and run_of(job) is not None:
        return [go(request, RetryJob.permission, "Run again", "registry_job_retry", "replay", args=[job.pk], post=True)]
    return []


@admin.register(Job)
class JobAdmin(LiveAdmin):
    list_display = ("__str__", "work", "live", "queue", "attempts", "by", "created", "took")
    list_filter = (
        ("state", ChoicesDropdownFilter),
        ("kind", ChoicesDropdownFilter),
        ("queue", ChoicesDropdownFilter),
        ("created_by", RelatedFilter),
    )
    list_select_related = ("created_by", *RUNS)
    search_fields = ("id__startswith", "message", "error")
    ordering = ("-created_at", "id")
    empty_hint = "Start a generation, a training, an import or an export; each becomes a job here."

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        """Ids are shown by their first digits, which a UUID column compares only as text."""
        if not search_term:
            return queryset, False
        rows = queryset.annotate(id_text=Cast("pk", TextField()))
        words = Q(message__icontains=search_term) | Q(error__icontains=search_term)
        return rows.filter(Q(id_text__startswith=search_term.lower()) | words), False

    def get_urls(self) -> list[URLPattern]:
        return [
            self.own_path("<uuid:pk>/live/", self.live_view, "live"),
            self.own_path("<uuid:pk>/progress/", self.progress_view, "progress"),
            self.own_path("<uuid:pk>/cancel/", require_POST(self.cancel_view), "cancel"),
            self.own_path("<uuid:pk>/retry/", require_POST(self.retry_view), "retry"),
            *super().get_urls(),
        ]

    def _job(self, request: HttpRequest, pk: Any) -> Job:
        if not self.has_view_permission(request):
            raise PermissionDenied
        return get_object_or_404(Job, pk=pk)

    def job_of(self, row: Job) -> Job:
        return row

    def progress_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        return HttpResponse(progress(self._job(request, pk)))

    def cancel_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        job = self._job(request, pk)
        run_action(request, CancelJob(actor=request.user, job=job), f"The {job} is being stopped.")
        return redirect(display.url(run_of(job) or job))  # to what it was for

    def retry_view(self, request: HttpRequest, pk: Any) -> HttpResponse:
        job = self._job(request, pk)
        run = run_of(job)
        run_action(request, RetryJob(actor=request.user, job=job), f"{run} runs again.")
        return redirect(display.url(run or job))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Job]:
        successors = Prefetch("taken_over_by", Job.objects.select_related(*RUNS))
        return super().get_queryset(request).select_related(*self.list_select_related).prefetch_related(successors)

    @admin.display(description="for")
    def work(self, row: Job) -> str:
        return display.link(subject_of(row))

    @admin.display(description="state", ordering="state")
    def live(self, row: Job) -> str:
        return progress(row)

    @admin.display(description="attempt", ordering="attempt")
    def attempts(self, row: Job) -> str:
        return f"{row.attempt} of {row.max_attempts}"

    @admin.display(description="started by", ordering="created_by")
    def by(self, row: Job) -> str:
        return display.person(row.created_by)

    @admin.display(description="took")
    def took(self, row: Job) -> str:
        if row.started_at is None or row.finished_at is None:
            return display.EMPTY
        return duration((row.finished_at - row.started_at).total_seconds())

    def facts(self, request: HttpRequest, row: Job) -> list[Fact]:
        return [
            Fact("For", self.work(row)),
            *([Fact("Run again as", display.link(row.taken_over_by))] if row.taken_over_by else []),
            Fact("State", display.state(row)),
            Fact("Queue", row.get_queue_display()),
            Fact("Attempt", self.attempts(row)),
            Fact("Started by", self.by(row)),
            Fact("Created", display.when(row.created_at)),
            Fact("Started", display.when(row.started_at)),
            Fact("Finished", display.when(row.finished_at)),
            Fact("Took", self.took(row)),
            *([Fact("Worker", row.worker)] if row.worker and request.user.has_perm(CancelJob.permission) else []),
        ]

    def panels(self, request: HttpRequest, row: Job) -> list[Panel]:
        return self.live_panel(row)

    def buttons(self, request: HttpRequest, row: Job) -> list[Button | None]:
        return job_buttons(request, row)


def duration(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s" if minutes else f"{seconds:.1f} s"


@admin.register(JobEvent)
class JobEventAdmin(RecordAdmin):
    list_display = ("time", "job", "attempt", "kind", "level", "text")
    list_filter = (("kind", ChoicesDropdownFilter),)
    list_select_related = ("job",)
    search_fields = ("message",)
    ordering = ("-pk",)
    empty_hint = "Jobs write here what they do."

    @admin.display(description="message")
    def text(self, row: JobEvent) -> str:
        return row.message or str(row.data)

    def facts(self, request: HttpRequest, row: JobEvent) -> list[Fact]:
        return [
            Fact("Job", display.link(row.job)),
            Fact("Attempt", row.attempt),
            Fact("Number", row.sequence),
            Fact("Time", display.when(row.time)),
            Fact("Kind", row.get_kind_display()),
            Fact("Level", row.level),
            Fact("Message", row.message or "–", wide=True),
            Fact("Data", format_html("<code>{}</code>", row.data), wide=True),
        ]
