"""Structures: read, search, identify, draw."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from mlcore.chem import drawing
from mlcore.chem.errors import ChemError
from registry.api.base import ReadViewSet
from registry.api.fields import CreatedFilter, RoundedField
from registry.models import Structure
from registry.search import identity, similarity
from registry.search.conditions import StructureConditions

SIMILARITY = "Tanimoto coefficient with `similar_to`; null without."
MASS = "g/mol; of the repeat unit for polymers."
SA = "1 (easy to make) to 10 (hard)."
SORTS = ("created_at", "mass", "heavy_atoms", "sa_score", "formula")


class BriefStructureSerializer(serializers.ModelSerializer):
    mass = RoundedField(3, help_text=MASS)
    sa_score = RoundedField(2, help_text=SA)

    class Meta:
        model = Structure
        fields = ["id", "kind", "smiles", "formula", "mass", "charge", "heavy_atoms", "sa_score"]


class StructureSerializer(serializers.ModelSerializer):
    mass = RoundedField(3, help_text=MASS)
    sa_score = RoundedField(2, help_text=SA)
    similarity = serializers.FloatField(read_only=True, default=None, allow_null=True, help_text=SIMILARITY)

    class Meta:
        model = Structure
        fields = ["id", "kind", "key_version", "key", "smiles", "formula", "mass", "charge", "heavy_atoms", "elements",
                  "sa_score", "created_at", "similarity"]  # fmt: skip


class StructureFilter(StructureConditions, CreatedFilter):
    """Chemistry, and when a row was made."""


class IdentifyInput(serializers.Serializer):
    smiles = serializers.CharField(max_length=10_000, trim_whitespace=False)
    kind = serializers.ChoiceField(Structure.Kind.choices, required=False, help_text="Told by chain ends if absent.")


class IdentitySerializer(serializers.Serializer):
    """What a text means: an identity, or the reason why it has none."""

    accepted = serializers.BooleanField()
    code = serializers.CharField(help_text="Reason in one word; empty when accepted.")
    reason = serializers.CharField(help_text="What is wrong, for a chemist; empty when accepted.")
    kind = serializers.CharField(required=False)
    key_version = serializers.IntegerField(required=False)
    key = serializers.CharField(required=False)
    smiles = serializers.CharField(required=False)
    formula = serializers.CharField(required=False)
    mass = RoundedField(3, read_only=False, required=False)
    charge = serializers.IntegerField(required=False)
    heavy_atoms = serializers.IntegerField(required=False)
    elements = serializers.ListField(child=serializers.CharField(), required=False)
    sa_score = RoundedField(2, read_only=False, required=False)
    structure = serializers.IntegerField(required=False, allow_null=True, help_text="Id, when it is in the registry.")


class DrawingQuery(serializers.Serializer):
    width = serializers.IntegerField(min_value=50, max_value=2000, default=300)
    height = serializers.IntegerField(min_value=50, max_value=2000, default=200)


class NearestQuery(serializers.Serializer):
    limit = serializers.IntegerField(min_value=1, max_value=100, default=10)
    measured = serializers.BooleanField(default=False, help_text="Only structures that somebody has measured.")


class NeighbourSerializer(serializers.Serializer):
    structure = BriefStructureSerializer()
    similarity = serializers.FloatField(help_text="Tanimoto coefficient of the Morgan fingerprints.")


class NearestSerializer(serializers.Serializer):
    approximate = serializers.BooleanField(help_text="Whether an approximate index was used.")
    neighbours = NeighbourSerializer(many=True)


class StructureViewSet(ReadViewSet):
    queryset = Structure.objects.all()
    serializer_class = StructureSerializer
    filterset_class = StructureFilter
    sorts = {"id": "pk", "similarity": "similarity"} | {name: name for name in SORTS}
    queries = {"svg": DrawingQuery, "nearest": NearestQuery}
    reads = {"identify": IdentifyInput}

    @extend_schema(request=IdentifyInput, responses=IdentitySerializer)
    @action(detail=False, methods=["post"])
    def identify(self, request: Request) -> Response:
        """What this text is: its key, or why it is refused. Writes nothing."""
        return Response(IdentitySerializer(_identified(**self.inputs())).data)

    @extend_schema(responses={(200, "image/svg+xml"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def svg(self, request: Request, pk: str) -> HttpResponse:
        """The drawn structure."""
        size = self.query()
        text = drawing.svg(self.found().smiles, size["width"], size["height"])
        response = HttpResponse(text, content_type="image/svg+xml")
        response["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
        response["Cache-Control"] = "private, max-age=86400"
        return response

    @extend_schema(responses=NearestSerializer)
    @action(detail=True, methods=["get"])
    def nearest(self, request: Request, pk: str) -> Response:
        """The most similar other structures."""
        asked = self.query()
        found = similarity.nearest(self.found(), limit=asked["limit"], measured_only=asked["measured"])
        neighbours = [{"structure": structure, "similarity": value} for structure, value in found]
        answer = {"approximate": similarity.is_approximate(), "neighbours": neighbours}
        return Response(NearestSerializer(answer).data)


def _identified(smiles: str, kind: str = "") -> dict[str, Any]:
    try:
        found = identity.read(smiles, kind)
    except ChemError as error:
        return {"accepted": False, "code": error.code, "reason": error.message}
    stored = identity.find(found.smiles, found.kind)
    fields = {name: getattr(found, name) for name in found.__slots__}
    return {"accepted": True, "code": "", "reason": "", **fields, "structure": stored and stored.pk}
