"""Background work: the record that outlives queues, workers and machines."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q

from registry.models.base import Created, Sha256Field, one_of


class JobKind(models.TextChoices):
    IMPORT = "import"
    TRAIN = "train"
    GENERATE = "generate"
    SCORE = "score"
    EXPORT = "export"


class JobQueue(models.TextChoices):
    CPU = "cpu", "CPU"
    GPU = "gpu", "GPU"


class JobState(models.TextChoices):
    QUEUED = "queued"
    RUNNING = "running"
    SUCCEEDED = "succeeded"
    FAILED = "failed"
    CANCELLED = "cancelled"
    LOST = "lost"


class Job(Created):
    """One piece of work. States only move forward, by compare-and-set with the attempt's fencing token."""

    Kind = JobKind
    Queue = JobQueue
    State = JobState
    FINAL = (State.SUCCEEDED, State.FAILED, State.CANCELLED, State.LOST)

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=Kind)
    queue = models.CharField(max_length=3, choices=Queue, default=Queue.CPU)
    state = models.CharField(max_length=10, choices=State, default=State.QUEUED)
    attempt = models.PositiveSmallIntegerField(default=0, help_text="0 before the first start.")
    max_attempts = models.PositiveSmallIntegerField(default=3)
    fencing_token = models.UUIDField(null=True, editable=False, help_text="Held by the attempt that may write.")
    progress = models.FloatField(default=0, help_text="Share done, 0 to 1.")
    message = models.CharField(max_length=200, blank=True, help_text="What it is doing now.")
    error = models.TextField(blank=True, help_text="Why it failed, in one line.")
    worker = models.CharField(max_length=200, blank=True, help_text="Host and process of the attempt.")
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="jobs")
    started_at = models.DateTimeField(null=True)
    heartbeat_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    cancel_requested_at = models.DateTimeField(null=True)
    cancel_requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    taken_over_by = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        editable=False,
        related_name="taken_over",
        help_text="The job that runs the same again; of several, the last.",
    )
    request_key = models.CharField(max_length=200, blank=True, editable=False, help_text="Idempotency-Key it came by.")
    request_digest = Sha256Field(blank=True, editable=False, help_text="Of the request that came with the key.")

    class Meta:
        permissions = [("cancel_job", "Can cancel jobs")]
        constraints = [
            one_of("kind", JobKind),
            one_of("queue", JobQueue),
            one_of("state", JobState),
            models.UniqueConstraint(
                fields=["created_by", "request_key"], condition=~Q(request_key=""), name="job_started_once"
            ),
            models.CheckConstraint(condition=Q(progress__gte=0, progress__lte=1), name="job_progress_is_a_share"),
            models.CheckConstraint(
                condition=Q(finished_at__isnull=False, state__in=("succeeded", "failed", "cancelled", "lost"))
                | Q(finished_at=None, state__in=("queued", "running")),
                name="job_finished_when_final",
            ),
        ]
        indexes = [
            models.Index(fields=["state", "heartbeat_at"], name="job_heartbeats"),
            models.Index(fields=["-created_at", "id"], name="job_newest"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} job {str(self.pk)[:8]}"

    @property
    def finished(self) -> bool:
        return self.state in self.FINAL


class JobEventKind(models.TextChoices):
    STATE = "state"
    PROGRESS = "progress"
    METRIC = "metric"
    LOG = "log"


class JobEvent(models.Model):
    """One line of a job's log, loss curve or progress. `sequence` makes a second delivery harmless."""

    Kind = JobEventKind
    job = models.ForeignKey(Job, on_delete=models.CASCADE, related_name="events")
    attempt = models.PositiveSmallIntegerField()
    sequence = models.PositiveIntegerField()
    time = models.DateTimeField()
    kind = models.CharField(max_length=10, choices=Kind)
    level = models.CharField(max_length=10, default="info")
    message = models.TextField(blank=True)
    data = models.JSONField(default=dict, blank=True)

    class Meta:
        ordering = ["job", "attempt", "sequence"]
        constraints = [
            models.UniqueConstraint(fields=["job", "attempt", "sequence"], name="jobevent_sequence"),
            one_of("kind", JobEventKind),
        ]
        indexes = [models.Index(fields=["job", "kind"], name="jobevent_by_kind")]

    def __str__(self) -> str:
        return self.message or self.kind
