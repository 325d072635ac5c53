"""Measurements: read, record, retire."""

from typing import Any

from django.db import transaction
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.actions.record_measurement import RecordMeasurement
from registry.actions.retire_measurement import RetireMeasurement
from registry.actions.structures import get_or_create_structure
from registry.api.base import Act, ReadViewSet
from registry.api.fields import CreatedFilter, name_of, named, row
from registry.api.structures import BriefStructureSerializer
from registry.models import Dataset, Measurement, Property, Structure
from registry.search.measurements import MeasurementConditions


class MeasurementSerializer(serializers.ModelSerializer):
    dataset = name_of("slug")
    property = name_of()
    structure = BriefStructureSerializer(read_only=True)
    unit = serializers.CharField(source="property.unit", read_only=True)
    recorded_by = name_of("username", allow_null=True)

    class Meta:
        model = Measurement
        fields = ["id", "dataset", "structure", "property", "value", "unit", "standard_deviation", "missing_reason",
                  "method", "method_detail", "temperature_k", "salt", "concentration", "conditions", "source_id",
                  "import_run", "source_row", "recorded_by", "content_digest", "added_in", "retired_in", "retired_at",
                  "retired_reason", "created_at"]  # fmt: skip


class MeasurementFilter(MeasurementConditions, CreatedFilter):
    """The filters of an export, and when a row was recorded."""


class RecordInput(serializers.Serializer):
    """A structure is given by its id or written as SMILES."""

    dataset = named(Dataset, "slug")
    structure = row(Structure, required=False)
    smiles = serializers.CharField(required=False, max_length=10_000, write_only=True)
    kind = serializers.ChoiceField(Structure.Kind.choices, default=Structure.Kind.POLYMER)
    property = named(Property)
    value = serializers.FloatField()
    unit = serializers.CharField(required=False, max_length=40, help_text="The property's own if absent.")
    standard_deviation = serializers.FloatField(required=False, allow_null=True, help_text="In the same unit.")
    method = serializers.ChoiceField(Measurement.Method.choices, default=Measurement.Method.EXPERIMENT)
    method_detail = serializers.CharField(required=False, max_length=200)
    temperature_k = serializers.FloatField(required=False, allow_null=True)
    salt = serializers.CharField(required=False, allow_blank=True, max_length=200)
    concentration = serializers.FloatField(required=False, allow_null=True, help_text="mol per kg of polymer.")
    conditions = serializers.DictField(required=False)
    source_id = serializers.CharField(required=False, allow_blank=True, max_length=200)

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        if ("structure" in given) == ("smiles" in given):
            raise serializers.ValidationError({"structure": "Give either `structure`, an id, or `smiles`."})
        return given


class RetireInput(serializers.Serializer):
    reason = serializers.CharField(max_length=200)


class MeasurementViewSet(ReadViewSet):
    queryset = Measurement.objects.select_related("dataset", "structure", "property", "recorded_by")
    serializer_class = MeasurementSerializer
    filterset_class = MeasurementFilter
    sorts = {"id": "pk", "value": "value", "created_at": "created_at", "temperature_k": "temperature_k"}
    acts = {
        "create": Act(RecordMeasurement, RecordInput, status=201),
        "retire": Act(RetireMeasurement, RetireInput),
    }

    def create(self, request: Request) -> Response:
        """Record one value. A structure that is new to the registry is added with it."""
        given = self.inputs()
        smiles, kind = given.pop("smiles", None), given.pop("kind")
        with transaction.atomic():
            if smiles is not None:
                given["structure"] = get_or_create_structure(smiles, kind)
            return self.perform(**given)

    @action(detail=True, methods=["post"])
    def retire(self, request: Request, pk: str) -> Response:
        """Take the value out of the next frozen version; it stays on record."""
        return self.act(measurement=self.found())
