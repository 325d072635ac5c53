"""Schedules."""

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import URLPattern, path
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import BooleanRadioFilter

from registry.actions.base import ActionError
from registry.actions.fire_schedule import FireSchedule
from registry.admin.base import RegistryAdmin
from registry.admin.forms.schedule import SUGGESTIONS, ScheduleForm, gate_metrics
from registry.admin.lists.related import RelatedFilter
from registry.admin.pages.model_parts import gate_notice
from registry.admin.parts import display
from registry.admin.parts.panels import Fact
from registry.models import Schedule


@admin.register(Schedule)
class ScheduleAdmin(RegistryAdmin):
    form = ScheduleForm
    list_display = ("name", "cron", "enabled", "model", "dataset", "next_turn", "last_turn", "last_outcome")
    list_filter = (
        ("enabled", BooleanRadioFilter),
        ("model", RelatedFilter),
        ("dataset", RelatedFilter),
    )
    list_select_related = ("model", "dataset")
    search_fields = ("name", "last_outcome")
    empty_hint = "A schedule retrains a model when labels have arrived, and promotes only what is better."
    readonly_fields = ("made_by",)
    change_form_outer_before_template = "registry/schedule_run_now.html"
    fieldsets = (
        (None, {"fields": (("name", "enabled"), "cron", ("model", "dataset"))}),
        ("What a turn does", {"fields": ("template", "start_from_champion", "freeze_pending", "only_with_new_data")}),
        ("Promotion", {"fields": ("gate_metric", ("gate_lower_is_better", "gate_min_improvement"))}),
        ("Record", {"fields": ("made_by",)}),
    )

    def get_urls(self) -> list[URLPattern]:
        run_now = self.admin_site.admin_view(require_POST(self.run_now))
        return [path("<int:pk>/run/", run_now, name="registry_schedule_run"), *super().get_urls()]

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        found = Schedule.objects.select_related("model").filter(pk=object_id) if (object_id or "").isdecimal() else ()
        schedule = next(iter(found), None)
        context: dict[str, Any] = {"suggestions": SUGGESTIONS}
        if schedule is not None:
            context |= {"turn_facts": self._turns(schedule), "gate_metrics": gate_metrics(schedule.model.champion())}
        return super().changeform_view(request, object_id, form_url, context | (extra_context or {}))

    def _turns(self, row: Schedule) -> list[Fact]:
        last = row.training_runs.select_related("job", "model").order_by("-pk").first()
        verdict = gate_notice(last)
        if verdict and last and str(last.metrics["gate"].get("reason", "")) in row.last_outcome:
            verdict = None  # said already, as the outcome
        return [
            Fact("Last training", display.link(last)),
            Fact("State", display.state(last.job) if last else display.EMPTY),
            Fact("Last turn", self.last_turn(row)),
            Fact("Next turn", self.next_turn(row)),
            *([Fact("Its gate", verdict.text.removeprefix("Gate: "), wide=True)] if verdict else []),
        ]

    def run_now(self, request: HttpRequest, pk: int) -> HttpResponse:
        """A turn out of turn; what came of it is the schedule's last outcome."""
        if not request.user.has_perm(FireSchedule.permission):
            raise PermissionDenied
        schedule = get_object_or_404(Schedule, pk=pk)
        try:
            run = FireSchedule(actor=request.user, schedule=schedule).run()
        except ActionError as error:
            messages.error(request, error.message)
            return redirect(display.url(schedule))
        say = messages.success if run else messages.warning  # a turn that was skipped is no success
        say(request, schedule.last_outcome or "The schedule has had its turn.")
        return redirect(display.url(run or schedule))

    def save_model(self, request: HttpRequest, obj: Schedule, form: Any, change: bool) -> None:
        if not change:
            obj.created_by = request.user
        if "cron" in form.changed_data or "enabled" in form.changed_data:
            obj.next_fire_at = None  # the ticker computes the next turn from the new clock
        super().save_model(request, obj, form, change)

    @admin.display(description="created by")
    def made_by(self, row: Schedule) -> str:
        return display.person(row.created_by) if row.pk else "you"

    @admin.display(description="next turn", ordering="next_fire_at")
    def next_turn(self, row: Schedule) -> str:
        return display.when(row.next_fire_at) if row.enabled else "switched off"

    @admin.display(description="last turn", ordering="last_fired_at")
    def last_turn(self, row: Schedule) -> str:
        return display.when(row.last_fired_at)
