"""Predictions: one model's value for one structure."""

from django_filters import CharFilter
from rest_framework import serializers

from registry.api.base import ReadViewSet
from registry.api.fields import CreatedFilter, name_of
from registry.models import Prediction
from registry.search.parameters import IntegerFilter, NumberFilter, YesNoFilter


class PredictionSerializer(serializers.ModelSerializer):
    smiles = serializers.CharField(source="structure.smiles", read_only=True)
    property = name_of()
    unit = serializers.CharField(source="property.unit", read_only=True)

    class Meta:
        model = Prediction
        fields = ["id", "structure", "smiles", "model_version", "property", "conditions", "value", "unit",
                  "standard_deviation", "in_domain", "out_of_domain", "geometry", "scoring_run",
                  "created_at"]  # fmt: skip


class PredictionFilter(CreatedFilter):
    structure = IntegerFilter("structure_id")
    candidate = IntegerFilter("structure__candidate")
    model_version = IntegerFilter("model_version_id")
    scoring_run = IntegerFilter("scoring_run_id")
    property = CharFilter("property__name")
    value_min = NumberFilter("value", lookup_expr="gte")
    value_max = NumberFilter("value", lookup_expr="lte")
    in_domain = YesNoFilter("in_domain")
    geometry = CharFilter("geometry", label="level of theory, or guessed")
    std_max = NumberFilter("standard_deviation", lookup_expr="lte")
    temperature_min = NumberFilter("conditions__temperature_k", lookup_expr="gte")
    temperature_max = NumberFilter("conditions__temperature_k", lookup_expr="lte")


class PredictionViewSet(ReadViewSet):
    queryset = Prediction.objects.select_related("property", "structure")
    serializer_class = PredictionSerializer
    filterset_class = PredictionFilter
    sorts = {"id": "pk", "value": "value", "standard_deviation": "standard_deviation"}
