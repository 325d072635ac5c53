"""Training, generation, scoring and export: read them, start them."""

from typing import Any

from django.http import StreamingHttpResponse
from django_filters import CharFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request

from registry.actions.base import ActionError
from registry.actions.export import StartExport
from registry.actions.start_generation import StartGeneration
from registry.actions.start_scoring import StartScoring
from registry.actions.start_training import StartTraining
from registry.api.base import Act, NestedViewSet, RunViewSet
from registry.api.downloads import TYPES, download
from registry.api.fields import (
    INT4,
    CreatedFilter,
    PlaceField,
    RowFilter,
    RunInputSerializer,
    RunSerializer,
    name_of,
    named,
    row,
)
from registry.models import (
    DatasetVersion,
    ExportRun,
    GenerationRun,
    Job,
    ModelVersion,
    Property,
    Proposal,
    RegisteredModel,
    ScoringRun,
    TrainingRun,
)
from registry.search.parameters import ChoicesFilter, IntegerFilter, YesNoFilter


class RunFilter(CreatedFilter):
    state = ChoicesFilter("job__state", lookup_expr="in", choices=Job.State)


class TrainingRunSerializer(RunSerializer):
    model = name_of()
    properties = name_of(many=True)
    model_version = serializers.PrimaryKeyRelatedField(read_only=True, allow_null=True, help_text="What came of it.")

    class Meta:
        model = TrainingRun
        fields = [*RunSerializer.RUN_FIELDS, "model", "dataset_version", "architecture", "properties", "inputs",
                  "init_version", "seed", "schedule", "model_version"]  # fmt: skip


class StartTrainingInput(RunInputSerializer):
    model = named(RegisteredModel)
    dataset_version = row(DatasetVersion)
    architecture = serializers.CharField(max_length=60)
    properties = named(Property, many=True, required=False)
    inputs = serializers.DictField(
        required=False,
        help_text='Beside structures and values: {"levels": {"energy": "G4MP2"}, "baselines": {"energy": "B3LYP"}, '
        '"geometry": "B3LYP", "conditions": ["temperature_k", "salt", "concentration"]}.',
    )
    config = serializers.DictField(required=False, help_text="Sections of the run configuration to set.")
    init_version = row(ModelVersion, required=False, allow_null=True, help_text="Fine-tune this one.")
    seed = serializers.IntegerField(default=0, validators=INT4)


class TrainingRunFilter(RunFilter):
    model = CharFilter("model__name")
    dataset_version = IntegerFilter("dataset_version_id")
    architecture = CharFilter("architecture")
    schedule = IntegerFilter("schedule_id")


class TrainingRunViewSet(RunViewSet):
    queryset = TrainingRun.objects.select_related("job", "model", "model_version").prefetch_related("properties")
    serializer_class = TrainingRunSerializer
    filterset_class = TrainingRunFilter
    sorts = {"id": "pk", "created_at": "created_at"}
    acts = {"create": Act(StartTraining, StartTrainingInput, status=202)}


class GenerationRunSerializer(RunSerializer):
    class Meta:
        model = GenerationRun
        fields = [*RunSerializer.RUN_FIELDS, "model_version", "requested", "condition", "accept", "distinct",
                  "seed"]  # fmt: skip


class StartGenerationInput(RunInputSerializer):
    model_version = row(ModelVersion)
    requested = serializers.IntegerField(min_value=1, max_value=1_000_000)
    condition = serializers.DictField(required=False, help_text='Such as {"conductivity": "high"}.')
    accept = serializers.BooleanField(default=False, help_text="Draw until so many new structures are found.")
    distinct = serializers.BooleanField(
        default=False, help_text="Sample without replacement: until so many different strings are drawn."
    )
    seed = serializers.IntegerField(default=0, validators=INT4)
    config = serializers.DictField(required=False, help_text="temperature, top_k, guidance, calls, grammar.")


class GenerationRunFilter(RunFilter):
    model_version = IntegerFilter("model_version_id")
    candidate = IntegerFilter(method="proposed", label="Runs that proposed this candidate.")

    def proposed(self, rows: Any, _: str, candidate: int) -> Any:
        return rows.filter(pk__in=Proposal.objects.filter(candidate=candidate).values("run"))


class GenerationRunViewSet(RunViewSet):
    queryset = GenerationRun.objects.select_related("job")
    serializer_class = GenerationRunSerializer
    filterset_class = GenerationRunFilter
    sorts = {"id": "pk", "created_at": "created_at"}
    acts = {"create": Act(StartGeneration, StartGenerationInput, status=202)}


class ProposalSerializer(serializers.ModelSerializer):
    rank = PlaceField(help_text="Order of drawing, from 1.")

    class Meta:
        model = Proposal
        fields = ["id", "rank", "text", "log_likelihood", "valid", "duplicate", "known", "reason", "candidate"]


class ProposalFilter(RowFilter):
    valid = YesNoFilter("valid")
    duplicate = YesNoFilter("duplicate")
    known = YesNoFilter("known")
    candidate = IntegerFilter("candidate_id")


class ProposalViewSet(NestedViewSet):
    queryset = Proposal.objects.all()
    serializer_class = ProposalSerializer
    filterset_class = ProposalFilter
    parent = "run"
    sorts = {"id": "pk", "rank": "rank", "log_likelihood": "log_likelihood"}
    default_sort = "rank"


class ScoringRunSerializer(RunSerializer):
    class Meta:
        model = ScoringRun
        fields = [*RunSerializer.RUN_FIELDS, "model_version", "generation_run", "subject", "selection",
                  "dataset_version", "conditions", "scored", "kept", "failed", "left_out"]  # fmt: skip


class StartScoringInput(RunInputSerializer):
    model_version = row(ModelVersion)
    generation_run = row(GenerationRun, required=False, allow_null=True)
    subject = serializers.ChoiceField(
        ScoringRun.Subject.choices, required=False, help_text="What the selection filters; by default candidates."
    )
    selection = serializers.DictField(
        required=False, help_text="Filter, as in the query string of the subject's list; all of them if absent."
    )
    dataset_version = row(
        DatasetVersion,
        required=False,
        allow_null=True,
        help_text="In place of a selection: the structures of this frozen version.",
    )
    conditions = serializers.DictField(
        required=False,
        help_text='Of models that were trained over them, such as {"temperature_k": [298, 353], "salt": "LiTFSI", '
        '"concentration": 1.5}. Lists show the values of the first temperature.',
    )


class ScoringRunFilter(RunFilter):
    model_version = IntegerFilter("model_version_id")
    generation_run = IntegerFilter("generation_run_id")
    dataset_version = IntegerFilter("dataset_version_id")


class ScoringRunViewSet(RunViewSet):
    queryset = ScoringRun.objects.select_related("job")
    serializer_class = ScoringRunSerializer
    filterset_class = ScoringRunFilter
    sorts = {"id": "pk", "created_at": "created_at"}
    acts = {"create": Act(StartScoring, StartScoringInput, status=202)}


class ExportRunSerializer(RunSerializer):
    class Meta:
        model = ExportRun
        fields = [*RunSerializer.RUN_FIELDS, "subject", "selection", "file_format", "file_digest", "rows"]


class StartExportInput(serializers.Serializer):
    subject = serializers.ChoiceField(ExportRun.Subject.choices, default=ExportRun.Subject.CANDIDATES)
    selection = serializers.DictField(default=dict, help_text="Filter, as in the query string of the subject's list.")
    file_format = serializers.ChoiceField(sorted(TYPES), default="csv")
    sort = serializers.CharField(
        required=False,
        allow_blank=True,
        max_length=200,
        help_text="As in the subject's list, such as -conductivity; by default the best, or most similar, first.",
    )


class ExportRunFilter(RunFilter):
    subject = ChoicesFilter("subject", lookup_expr="in", choices=ExportRun.Subject)
    file_format = CharFilter("file_format")


class ExportRunViewSet(RunViewSet):
    queryset = ExportRun.objects.select_related("job")
    serializer_class = ExportRunSerializer
    filterset_class = ExportRunFilter
    sorts = {"id": "pk", "created_at": "created_at"}
    acts = {"create": Act(StartExport, StartExportInput, status=202)}

    @extend_schema(responses={(200, content_type): OpenApiTypes.BINARY for content_type in sorted(TYPES.values())})
    @action(detail=True, methods=["get"])
    def file(self, request: Request, pk: str) -> StreamingHttpResponse:
        """The exported file, once its job has succeeded."""
        run = self.found()
        if not run.file_digest:
            raise ActionError(f"The file is not written yet; its job is {run.job.state}.", conflict=True)
        return download(run.file_digest, f"{run.subject}-{run.pk}.{run.file_format}", TYPES[run.file_format])
