"""Properties, datasets and their frozen versions."""

from django_filters import CharFilter
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.lead_property import LeadProperty
from registry.api.base import Act, ReadViewSet, WriteViewSet
from registry.api.fields import CreatedFilter, name_of, named
from registry.models import Dataset, DatasetVersion, Property, RegisteredModel
from registry.search.parameters import ChoicesFilter


class PropertySerializer(serializers.ModelSerializer):
    leading_model = name_of(
        allow_null=True,
        help_text="The model whose champion gives the candidates' scores; null: the one that predicts it longest.",
    )

    class Meta:
        model = Property
        fields = ["id", "name", "label", "symbol", "unit", "scale", "lower", "upper", "better", "description",
                  "leading_model", "created_at"]  # fmt: skip


class LeadInput(serializers.Serializer):
    model = named(RegisteredModel, allow_null=True, help_text="Name of the model; null goes back to the default.")


class PropertyFilter(CreatedFilter):
    name = CharFilter("name")
    scale = ChoicesFilter("scale", lookup_expr="in", choices=Property.Scale)


class PropertyViewSet(ReadViewSet):
    queryset = Property.objects.select_related("leading_model")
    serializer_class = PropertySerializer
    filterset_class = PropertyFilter
    sorts = {"id": "pk", "name": "name"}
    acts = {"lead": Act(LeadProperty, LeadInput)}

    @action(detail=True, methods=["put"], url_path="leading-model")
    def lead(self, request: Request, pk: str) -> Response:
        """Choose the model whose champion gives the candidates' scores of the property."""
        return self.act(property=self.found())


class DatasetVersionSerializer(serializers.ModelSerializer):
    dataset = name_of("slug")
    frozen_by = name_of("username", allow_null=True)

    class Meta:
        model = DatasetVersion
        fields = ["id", "dataset", "number", "sha256", "measurement_count", "structure_count", "added_count",
                  "retired_count", "note", "frozen_by", "created_at"]  # fmt: skip


class DatasetVersionFilter(CreatedFilter):
    dataset = CharFilter("dataset__slug")


class DatasetVersionViewSet(ReadViewSet):
    queryset = DatasetVersion.objects.select_related("dataset", "frozen_by")
    serializer_class = DatasetVersionSerializer
    filterset_class = DatasetVersionFilter
    sorts = {"id": "pk", "created_at": "created_at", "number": "number"}


class DatasetSerializer(serializers.ModelSerializer):
    class Meta:
        model = Dataset
        fields = ["id", "name", "slug", "description", "licence", "citation", "source_url", "created_at"]


class DatasetFilter(CreatedFilter):
    slug = CharFilter("slug")
    licence = CharFilter("licence")


class FreezeInput(serializers.Serializer):
    note = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class DatasetViewSet(WriteViewSet):
    queryset = Dataset.objects.all()
    serializer_class = DatasetSerializer
    filterset_class = DatasetFilter
    sorts = {"id": "pk", "name": "name", "created_at": "created_at"}
    acts = {"freeze": Act(FreezeDataset, FreezeInput, DatasetVersionSerializer, 201)}

    @action(detail=True, methods=["post"])
    def freeze(self, request: Request, pk: str) -> Response:
        """Fix the present state as the next version."""
        return self.act(dataset=self.found())
