"""Predictions: one model's value for one structure."""

from rest_framework import serializers

from registry.api.base import ReadViewSet
from registry.api.fields import name_of
from registry.models import Prediction
from registry.search.predictions import PredictionConditions


class PredictionSerializer(serializers.ModelSerializer):
    smiles = serializers.CharField(source="structure.smiles", read_only=True)
    property = name_of()
    unit = serializers.CharField(source="property.unit", read_only=True)

    class Meta:
        model = Prediction
        fields = ["id", "structure", "smiles", "model_version", "property", "conditions", "value", "unit",
                  "standard_deviation", "in_domain", "out_of_domain", "geometry", "scoring_run",
                  "created_at"]  # fmt: skip


class PredictionViewSet(ReadViewSet):
    queryset = Prediction.objects.select_related("property", "structure")
    serializer_class = PredictionSerializer
    filterset_class = PredictionConditions
    sorts = {"id": "pk", "value": "value", "standard_deviation": "standard_deviation", "created_at": "created_at"}
