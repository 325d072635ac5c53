"""Work that starts by the clock."""

import pghistory
from cronsim import CronSim, CronSimError
from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone

from registry.models.base import Created
from registry.models.dataset import Dataset
from registry.models.registered_model import RegisteredModel


def validate_cron(expression: str) -> None:
    try:
        CronSim(expression, timezone.now())
    except CronSimError as error:
        raise ValidationError(f"{expression!r} is no cron expression: {error}.") from error


_CLOCK = ["last_fired_at", "next_fire_at", "last_outcome"]  # the ticker's own notes are no edit worth a history row


@pghistory.track(
    pghistory.InsertEvent(),
    pghistory.DeleteEvent(),
    pghistory.UpdateEvent(condition=pghistory.AnyChange(exclude=_CLOCK)),
)
class Schedule(Created):
    """Retrain a model on the newest state of a dataset; promote the result only through the gate."""

    name = models.CharField(max_length=100, unique=True)
    cron = models.CharField(
        max_length=100, validators=[validate_cron], help_text="Five fields, in UTC: minute hour day month weekday."
    )
    enabled = models.BooleanField(default=True)
    model = models.ForeignKey(RegisteredModel, on_delete=models.PROTECT, related_name="schedules")
    dataset = models.ForeignKey(Dataset, on_delete=models.PROTECT, related_name="schedules")
    template = models.JSONField(default=dict, help_text="Configuration of the training run.")
    start_from_champion = models.BooleanField(default=True, help_text="Fine-tune the champion instead of a new start.")
    freeze_pending = models.BooleanField(
        default=True, help_text="Freeze a new dataset version first when measurements have arrived."
    )
    only_with_new_data = models.BooleanField(default=True, help_text="Skip a turn when nothing has arrived.")
    gate_metric = models.CharField(
        max_length=100,
        blank=True,
        help_text="Path in the version's metrics, such as conductivity.test.mae; empty never promotes.",
    )
    gate_lower_is_better = models.BooleanField(default=True)
    gate_min_improvement = models.FloatField(default=0, help_text="Share by which the metric must improve, 0.01 = 1 %.")
    last_fired_at = models.DateTimeField(null=True, editable=False)
    next_fire_at = models.DateTimeField(null=True, editable=False, db_index=True)
    last_outcome = models.CharField(max_length=300, blank=True, editable=False)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+")

    class Meta:
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
