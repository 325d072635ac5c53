"""Imports: upload a file, see what it would bring, read what was refused."""

from typing import Any

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import FileResponse
from django.shortcuts import get_object_or_404
from django_filters import CharFilter
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.decorators import action
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from registry.actions.import_file import StartImport
from registry.api.base import Act, NestedViewSet, RunViewSet
from registry.api.fields import CreatedFilter, RowFilter, RunInputSerializer, RunSerializer, name_of, named
from registry.formats import FirstLook, FormatError, first_look
from registry.formats.rejected_rows import rejected_rows_file
from registry.models import Dataset, ImportRun, Job, Property, RejectedRow, Structure
from registry.search.parameters import ChoicesFilter, YesNoFilter


class ImportRunSerializer(RunSerializer):
    dataset = name_of("slug")

    class Meta:
        model = ImportRun
        fields = [*RunSerializer.RUN_FIELDS, "dataset", "structure_kind", "file_name", "file_format", "file_digest",
                  "mapping_digest", "dry_run", "applied", "rows_total", "rows_imported", "rows_duplicate",
                  "rows_rejected", "structures_created", "measurements_created"]  # fmt: skip


class ImportRunFilter(CreatedFilter):
    dataset = CharFilter("dataset__slug")
    state = ChoicesFilter("job__state", lookup_expr="in", choices=Job.State)
    dry_run = YesNoFilter("dry_run")
    applied = YesNoFilter("applied")


def check_size(upload: UploadedFile) -> None:
    if upload.size > settings.IMPORT_MAX_BYTES:
        raise serializers.ValidationError(f"{upload.size:,} bytes; at most {settings.IMPORT_MAX_BYTES:,} are taken.")


class UploadInput(serializers.Serializer):
    file = serializers.FileField(max_length=255, validators=[check_size], help_text="CSV, JSONL, SDF or parquet.")


class StartImportInput(UploadInput, RunInputSerializer):
    dataset = named(Dataset, "slug")
    mapping = serializers.JSONField(
        required=False, help_text="As docs/data.md describes, as JSON; guessed from the header if absent."
    )
    structure_kind = serializers.ChoiceField(
        Structure.Kind.choices, required=False, help_text="Told from the first structures if absent."
    )
    dry_run = serializers.BooleanField(default=False, help_text="Report only; write nothing.")

    def validate_mapping(self, mapping: Any) -> dict[str, Any]:
        if not isinstance(mapping, dict):
            raise serializers.ValidationError('Expected a JSON object such as {"structure": {"column": "smiles"}}.')
        return mapping

    def validate(self, given: dict[str, Any]) -> dict[str, Any]:
        upload = given.pop("file")
        if not {"mapping", "structure_kind"} <= given.keys():
            look = _look(upload, given.get("mapping", {}))
            given.setdefault("mapping", look.mapping(Property.objects.all()))
            given.setdefault("structure_kind", look.structure_kind(given["mapping"]))
        return {**given, "stream": upload.file, "file_name": upload.name}


class GuessSerializer(serializers.Serializer):
    """What the file looks like, and a mapping to check."""

    file_format = serializers.CharField()
    columns = serializers.ListField(child=serializers.CharField())
    rows = serializers.ListField(child=serializers.DictField(child=serializers.CharField()), help_text="The first.")
    mapping = serializers.DictField(help_text="Ready for POST /import-runs/, once checked.")
    structure_kind = serializers.CharField(
        help_text="polymer or molecule, told from the first structures; empty where no column looks like structures."
    )


class ImportRunViewSet(RunViewSet):
    queryset = ImportRun.objects.select_related("dataset", "job")
    serializer_class = ImportRunSerializer
    filterset_class = ImportRunFilter
    parser_classes = [MultiPartParser]
    sorts = {"id": "pk", "created_at": "created_at"}
    acts = {
        "create": Act(StartImport, StartImportInput, status=202),
        "guess": Act(StartImport, UploadInput, GuessSerializer),
    }

    @action(detail=False, methods=["post"])
    def guess(self, request: Request) -> Response:
        """Read the head of a file and guess its mapping. Writes nothing; follow with `dry_run`."""
        return self.answer(_guess(self.inputs()["file"]))


def _guess(upload: UploadedFile) -> dict[str, Any]:
    look = _look(upload, {})
    mapping = look.mapping(Property.objects.all())
    return {
        "file_format": look.file_format,
        "columns": look.columns,
        "rows": look.rows,
        "mapping": mapping,
        "structure_kind": look.structure_kind(mapping) if "structure" in mapping else "",
    }


def _look(upload: UploadedFile, mapping: dict[str, Any]) -> FirstLook:
    """In the encoding that the mapping names, if it names any."""
    try:
        return first_look(upload.file, encoding=str(mapping.get("encoding", "")), max_bytes=settings.IMPORT_MAX_BYTES)
    except FormatError as error:
        raise serializers.ValidationError({"file": error.message}) from error


class RejectedRowSerializer(serializers.ModelSerializer):
    class Meta:
        model = RejectedRow
        fields = ["id", "row_number", "column", "code", "reason", "raw_text"]


class RejectedRowFilter(RowFilter):
    code = CharFilter("code")


class RejectedRowViewSet(NestedViewSet):
    queryset = RejectedRow.objects.all()
    serializer_class = RejectedRowSerializer
    filterset_class = RejectedRowFilter
    parent = "import_run"
    sorts = {"id": "pk", "row_number": "row_number"}
    default_sort = "row_number"

    @extend_schema(responses={(200, "text/csv"): OpenApiTypes.BINARY})
    @action(detail=False, methods=["get"], pagination_class=None, filter_backends=[])
    def file(self, request: Request, import_run: str) -> FileResponse:
        """All of them as CSV: the columns and cells of the file, then `refused_row` and `refused_reason`."""
        run = get_object_or_404(ImportRun, pk=import_run)
        return FileResponse(
            rejected_rows_file(run), content_type="text/csv", as_attachment=True, filename=f"refused-{run.pk}.csv"
        )
