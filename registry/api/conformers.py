"""Geometries of molecules."""

from django.http import HttpResponse
from django_filters import CharFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.request import Request
from rest_framework.response import Response

from registry.actions.conformers import GuessConformer
from registry.api.base import Act, ReadViewSet
from registry.api.fields import CreatedFilter, row
from registry.models import Conformer, Structure
from registry.search.parameters import IntegerFilter


class ConformerSerializer(serializers.ModelSerializer):
    smiles = serializers.CharField(source="structure.smiles", read_only=True)

    class Meta:
        model = Conformer
        fields = ["id", "structure", "smiles", "level", "atoms", "digest", "import_run", "source_row", "created_at"]


class GuessConformerInput(serializers.Serializer):
    structure = row(Structure, help_text="Id of a molecule.")


class ConformerFilter(CreatedFilter):
    structure = IntegerFilter("structure_id")
    level = CharFilter("level")
    import_run = IntegerFilter("import_run_id")


class ConformerViewSet(ReadViewSet):
    queryset = Conformer.objects.select_related("structure").defer("xyz")
    serializer_class = ConformerSerializer
    filterset_class = ConformerFilter
    sorts = {"id": "pk", "atoms": "atoms", "created_at": "created_at"}
    acts = {"create": Act(GuessConformer, GuessConformerInput, status=201)}

    def create(self, request: Request) -> Response:
        """Guess a geometry by ETKDG and MMFF94."""
        return self.act()

    @extend_schema(responses={(200, "chemical/x-xyz"): OpenApiTypes.STR})
    @action(detail=True, methods=["get"])
    def xyz(self, request: Request, pk: str) -> HttpResponse:
        """The geometry as an xyz file, in angstrom."""
        return xyz_file(self.found())


def xyz_file(row: Conformer) -> HttpResponse:
    response = HttpResponse(row.xyz, content_type="chemical/x-xyz")
    response["Content-Disposition"] = f'attachment; filename="conformer-{row.pk}.xyz"'
    return response
