"""Jobs: follow, cancel, retry."""

from django.db.models import Prefetch
from django_filters import CharFilter
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from registry.actions.cancel_job import CancelJob
from registry.actions.retry_job import RetryJob, subject_of
from registry.api.base import Act, NestedViewSet, ReadViewSet
from registry.api.fields import CreatedFilter, RowFilter, name_of
from registry.models import Job, JobEvent
from registry.search.parameters import ChoicesFilter, IntegerFilter

RUNS = {
    Job.Kind.IMPORT: "importrun",
    Job.Kind.TRAIN: "trainingrun",
    Job.Kind.GENERATE: "generationrun",
    Job.Kind.SCORE: "scoringrun",
    Job.Kind.EXPORT: "exportrun",
}
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"


class JobSerializer(serializers.ModelSerializer):
    run = serializers.SerializerMethodField()
    events = serializers.HyperlinkedIdentityField(view_name="jobevent-list", lookup_url_kwarg="job")
    created_by = name_of("username", allow_null=True)
    cancel_requested_by = name_of("username", allow_null=True)

    class Meta:
        model = Job
        fields = ["id", "kind", "run", "events", "queue", "state", "attempt", "max_attempts", "progress", "message",
                  "error", "worker", "created_by", "created_at", "started_at", "heartbeat_at", "finished_at",
                  "cancel_requested_at", "cancel_requested_by"]  # fmt: skip

    def get_run(self, job: Job) -> str | None:
        """Address of what the job does, or did before a retry took it over."""
        name = RUNS[Job.Kind(job.kind)]
        run = subject_of(job)
        return run and reverse(f"{name}-detail", args=[run.pk], request=self.context["request"])


class JobFilter(CreatedFilter):
    ids = None
    kind = ChoicesFilter("kind", lookup_expr="in", choices=Job.Kind)
    state = ChoicesFilter("state", lookup_expr="in", choices=Job.State)
    queue = ChoicesFilter("queue", lookup_expr="in", choices=Job.Queue)
    created_by = CharFilter("created_by__username")


class JobViewSet(ReadViewSet):
    queryset = Job.objects.select_related("created_by", "cancel_requested_by", *RUNS.values()).prefetch_related(
        Prefetch("taken_over_by", Job.objects.select_related(*RUNS.values()))
    )
    serializer_class = JobSerializer
    filterset_class = JobFilter
    lookup_value_regex = UUID
    sorts = {"created_at": "created_at", "finished_at": "finished_at"}
    default_sort = "-created_at"
    acts = {"cancel": Act(CancelJob, status=202), "retry": Act(RetryJob, status=202)}

    @action(detail=True, methods=["post"])
    def cancel(self, request: Request, pk: str) -> Response:
        """Ask it to stop; it is gone when its state says cancelled."""
        return self.act(job=self.found())

    @action(detail=True, methods=["post"])
    def retry(self, request: Request, pk: str) -> Response:
        """Run it again, as a new job: that one is answered."""
        return self.act(job=self.found())


class JobEventSerializer(serializers.ModelSerializer):
    class Meta:
        model = JobEvent
        fields = ["id", "attempt", "sequence", "time", "kind", "level", "message", "data"]


class JobEventFilter(RowFilter):
    after = IntegerFilter("pk", lookup_expr="gt", label="Only events behind the one with this id, for polling.")
    kind = ChoicesFilter("kind", lookup_expr="in", choices=JobEvent.Kind)
    attempt = IntegerFilter("attempt")
    level = CharFilter("level")


class JobEventViewSet(NestedViewSet):
    queryset = JobEvent.objects.all()
    serializer_class = JobEventSerializer
    filterset_class = JobEventFilter
    parent = "job"
    sorts = {"id": "pk"}
    default_sort = "id"
