"""A dropdown of related rows whose names need no query each."""

from typing import Any

from django.db.models import Model
from django.http import HttpRequest
from unfold.contrib.filters.admin import RelatedDropdownFilter

from registry.models import DatasetVersion, GenerationRun, ModelVersion, ScoringRun, TrainingRun

MOST = 200  # the latest; older ones are reached from their own pages
NAMED_BY: dict[type[Model], tuple[str, ...]] = {
    DatasetVersion: ("dataset",),
    GenerationRun: ("model_version__model",),
    ModelVersion: ("model",),
    ScoringRun: ("model_version__model",),
    TrainingRun: ("model",),
}


class RelatedFilter(RelatedDropdownFilter):
    def field_choices(self, field: Any, request: HttpRequest, model_admin: Any) -> list[tuple[Any, str]]:
        rows = field.related_model._default_manager.order_by("-pk")
        if names := NAMED_BY.get(field.related_model):
            rows = rows.select_related(*names)
        return [(row.pk, str(row)) for row in rows[:MOST]]
