"""Schedules: read, edit, fire now."""

from copy import copy
from typing import Any

from django_filters import CharFilter
from rest_framework import mixins, serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.actions.fire_schedule import FireSchedule
from registry.actions.schedule_template import CHECKED, check_schedule
from registry.api.base import Act, WriteViewSet
from registry.api.fields import CreatedFilter, name_of, named
from registry.models import Dataset, RegisteredModel, Schedule
from registry.search.parameters import YesNoFilter


class ScheduleSerializer(serializers.ModelSerializer):
    model = named(RegisteredModel)
    dataset = named(Dataset, "slug")
    template = serializers.DictField(required=False, help_text="Configuration of the training run.")
    created_by = name_of("username", allow_null=True)

    class Meta:
        model = Schedule
        fields = ["id", "name", "cron", "enabled", "model", "dataset", "template", "start_from_champion",
                  "freeze_pending", "only_with_new_data", "gate_metric", "gate_lower_is_better",
                  "gate_min_improvement", "last_fired_at", "next_fire_at", "last_outcome", "created_by",
                  "created_at"]  # fmt: skip

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        """Its turns come at night: what they would stumble over is refused now."""
        if self.instance is not None and CHECKED.isdisjoint(given):
            return given
        schedule = copy(self.instance) if self.instance else Schedule()
        for name, value in given.items():
            setattr(schedule, name, value)
        check_schedule(schedule)
        return given


class ScheduleFilter(CreatedFilter):
    name = CharFilter("name")
    model = CharFilter("model__name")
    dataset = CharFilter("dataset__slug")
    enabled = YesNoFilter("enabled")


class FiredSerializer(serializers.Serializer):
    training_run = serializers.IntegerField(allow_null=True, help_text="Null when there was nothing to do.")
    outcome = serializers.CharField(help_text="What came of it, in one line.")


class ScheduleViewSet(mixins.DestroyModelMixin, WriteViewSet):
    queryset = Schedule.objects.select_related("model", "dataset", "created_by")
    serializer_class = ScheduleSerializer
    filterset_class = ScheduleFilter
    http_method_names = [*WriteViewSet.http_method_names, "delete"]
    sorts = {"id": "pk", "name": "name", "next_fire_at": "next_fire_at"}
    acts = {"fire": Act(FireSchedule, None, FiredSerializer, 202)}

    def perform_create(self, serializer: ScheduleSerializer) -> None:
        serializer.save(created_by=self.request.user)

    @action(detail=True, methods=["post"])
    def fire(self, request: Request, pk: str) -> Response:
        """Do now what the clock would do."""
        schedule = self.found()
        run = FireSchedule(actor=request.user, schedule=schedule).run()
        schedule.refresh_from_db()
        return self.answer({"training_run": run and run.pk, "outcome": schedule.last_outcome})
