"""Which predictions: the filters of the API's list and of exports."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Q, QuerySet
from django_filters import CharFilter, FilterSet

from registry.models import Measurement, Prediction
from registry.search.identity import meant
from registry.search.measurements import filtered, frozen_version
from registry.search.parameters import IdsFilter, IntegerFilter, NumberFilter, RangesForm, TimeFilter, YesNoFilter

Predictions = QuerySet[Prediction]


class PredictionConditions(FilterSet):
    class Meta:
        form = RangesForm

    ids = IdsFilter("pk", lookup_expr="in", label="Prediction ids.")
    structure = IntegerFilter("structure_id")
    candidate = IntegerFilter("structure__candidate")
    dataset_version = IntegerFilter(method="in_version", label="Of the structures of this frozen version.")
    model_version = IntegerFilter("model_version_id", label="Model version that predicted it.")
    scoring_run = IntegerFilter("scoring_run_id")
    property = CharFilter("property__name")
    value_min = NumberFilter("value", lookup_expr="gte")
    value_max = NumberFilter("value", lookup_expr="lte")
    in_domain = YesNoFilter("in_domain")
    geometry = CharFilter("geometry", label="level of theory, or guessed")
    std_min = NumberFilter("standard_deviation", lookup_expr="gte", label="In decades where the scale is log10.")
    std_max = NumberFilter("standard_deviation", lookup_expr="lte", label="In decades where the scale is log10.")
    temperature_min = NumberFilter("conditions__temperature_k", lookup_expr="gte", label="K")
    temperature_max = NumberFilter("conditions__temperature_k", lookup_expr="lte", label="K")
    created_after = TimeFilter("created_at", lookup_expr="gte")
    created_before = TimeFilter("created_at", lookup_expr="lt")
    search = CharFilter(method="mentions", label="SMILES of its structure, or a part of it.")

    def in_version(self, rows: Predictions, _: str, pk: int) -> Predictions:
        """Whichever run predicted them: a scoring of the version finds some that are there already."""
        reported = Measurement.objects.in_version(frozen_version(pk))
        return rows.filter(structure__in=reported.values("structure"))

    def mentions(self, rows: Predictions, _: str, text: str) -> Predictions:
        of_structure = Q(structure__smiles__contains=text)
        if (found := meant(text)) is not None:
            of_structure |= Q(structure=found)
        return rows.filter(of_structure)


def select_predictions(params: Mapping[str, Any]) -> Predictions:
    """Predictions that meet every condition, oldest first. Raises: SelectionError."""
    return check_predictions(params).qs.order_by("pk")


def check_predictions(params: Mapping[str, Any]) -> PredictionConditions:
    """The filters of a selection, none of them applied yet. Raises: SelectionError."""
    return filtered(PredictionConditions, params, Prediction.objects.all())
