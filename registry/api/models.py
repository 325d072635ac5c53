"""Models, their versions and the names that move along them."""

from typing import Any

from django.http import HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404
from django_filters import CharFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mlcore.manifest import figures
from registry.actions.move_alias import MoveAlias
from registry.api.base import Act, ReadViewSet
from registry.api.downloads import download
from registry.api.fields import CreatedFilter, RowFilter, name_of, row
from registry.models import Alias, ModelVersion, RegisteredModel
from registry.search.parameters import ChoicesFilter, IntegerFilter


class AliasSerializer(serializers.ModelSerializer):
    model = name_of()
    version = serializers.PrimaryKeyRelatedField(read_only=True, help_text="Id, as in model-versions/{id}/.")
    version_number = serializers.IntegerField(
        source="version.number", read_only=True, help_text="Number within the model: the 3 of v3."
    )
    moved_by = name_of("username", allow_null=True)

    class Meta:
        model = Alias
        fields = ["id", "model", "name", "version", "version_number", "reason", "moved_by", "moved_at"]


class AliasFilter(RowFilter):
    model = CharFilter("model__name")
    name = CharFilter("name")


class AliasViewSet(ReadViewSet):
    queryset = Alias.objects.select_related("model", "version", "moved_by")
    serializer_class = AliasSerializer
    filterset_class = AliasFilter
    sorts = {"id": "pk", "moved_at": "moved_at"}


class RegisteredModelSerializer(serializers.ModelSerializer):
    aliases = serializers.SerializerMethodField()

    class Meta:
        model = RegisteredModel
        fields = ["id", "name", "task", "description", "aliases", "created_at"]

    def get_aliases(self, model: RegisteredModel) -> dict[str, int]:
        """Version ids by alias."""
        return {alias.name: alias.version_id for alias in model.aliases.all()}


class RegisteredModelFilter(CreatedFilter):
    name = CharFilter("name")
    task = ChoicesFilter("task", lookup_expr="in", choices=RegisteredModel.Task)


class MoveAliasInput(serializers.Serializer):
    version = row(ModelVersion, help_text="Id of a version of this model, not its number.")
    reason = serializers.CharField(max_length=300)
    drop_properties = serializers.BooleanField(
        default=False, help_text="Move even if properties then have no champion and candidates lose these scores."
    )


class RegisteredModelViewSet(ReadViewSet):
    queryset = RegisteredModel.objects.prefetch_related("aliases")
    serializer_class = RegisteredModelSerializer
    filterset_class = RegisteredModelFilter
    sorts = {"id": "pk", "name": "name", "created_at": "created_at"}
    acts = {"move_alias": Act(MoveAlias, MoveAliasInput, AliasSerializer)}
    lookup_value_regex = "[^/]+"

    def get_object(self) -> RegisteredModel:
        return self.found()

    def found(self) -> RegisteredModel:
        """By id or by name."""
        asked, rows = self.kwargs["pk"], self.get_queryset()
        by_id = rows.filter(pk=asked).first() if asked.isascii() and asked.isdigit() else None
        return by_id or get_object_or_404(rows, name=asked)

    @action(detail=True, methods=["put"], url_path=r"aliases/(?P<name>[-a-zA-Z0-9_]{1,40})")
    def move_alias(self, request: Request, pk: str, name: str) -> Response:
        """Let a name, such as champion, point at another version."""
        return self.act(model=self.found(), name=name)


class ModelVersionSerializer(serializers.ModelSerializer):
    number = serializers.IntegerField(read_only=True, help_text="Number within the model: the 3 of v3.")
    model = name_of()
    task = serializers.CharField(source="model.task", read_only=True)
    properties = name_of(many=True)
    aliases = name_of(many=True)
    created_by = name_of("username", allow_null=True)
    metrics = serializers.SerializerMethodField()

    class Meta:
        model = ModelVersion
        fields = ["id", "model", "number", "task", "architecture", "origin", "properties", "aliases", "bundle_digest",
                  "config", "metrics", "code_version", "training_data_digest", "parent", "dataset_version",
                  "training_run", "created_by", "created_at"]  # fmt: skip

    def get_metrics(self, version: ModelVersion) -> dict[str, Any]:
        """By property and part; the series behind them are under model-versions/{id}/metrics/."""
        return figures(version.metrics)


class ModelVersionFilter(CreatedFilter):
    model = CharFilter("model__name")
    task = ChoicesFilter("model__task", lookup_expr="in", choices=RegisteredModel.Task)
    architecture = CharFilter("architecture")
    origin = ChoicesFilter("origin", lookup_expr="in", choices=ModelVersion.Origin)
    property = CharFilter("properties__name")
    alias = CharFilter("aliases__name")
    dataset_version = IntegerFilter("dataset_version_id")
    parent = IntegerFilter("parent_id")


class ModelVersionViewSet(ReadViewSet):
    queryset = ModelVersion.objects.select_related("model", "created_by").prefetch_related("properties", "aliases")
    serializer_class = ModelVersionSerializer
    filterset_class = ModelVersionFilter
    sorts = {"id": "pk", "number": "number", "created_at": "created_at"}

    @extend_schema(responses={(200, "application/x-tar"): OpenApiTypes.BINARY})
    @action(detail=True, methods=["get"])
    def bundle(self, request: Request, pk: str) -> StreamingHttpResponse:
        """The trained model as a tar archive of its bundle folder."""
        version = self.found()
        return download(version.bundle_digest, f"{version.model.name}-v{version.number}.tar", "application/x-tar")

    @extend_schema(responses=OpenApiTypes.OBJECT)
    @action(detail=True, methods=["get"])
    def metrics(self, request: Request, pk: str) -> Response:
        """The metrics with the series behind them.

        Of a predictor, by property and part: `parity` {truth, predicted, keys} on the model's axis, a key being the
        start of the sha256 of the structure's; `calibration_curve` [[level, share inside], ...];
        `error_by_similarity` [[Tanimoto similarity to the nearest training structure, up to, MAE, n], ...];
        `top_k` [[k, share], ...].
        """
        return Response(self.found().metrics)

    @extend_schema(responses={(200, "text/markdown"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def card(self, request: Request, pk: str) -> HttpResponse:
        """The model card, as Markdown."""
        return HttpResponse(self.found().card, content_type="text/markdown; charset=utf-8")
