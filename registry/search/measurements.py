"""Which measurements and which structures: the filters of exports, named as in the lists of the API."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet
from django_filters import CharFilter, FilterSet

from registry.models import DatasetVersion, Measurement, Structure
from registry.search import substructure
from registry.search.conditions import StructureConditions
from registry.search.parameters import (
    ChoicesFilter,
    IdsFilter,
    IntegerFilter,
    NumberFilter,
    RangesForm,
    SelectionError,
    YesNoFilter,
    refuse_unknown,
)
from registry.search.selection import as_texts


class MeasurementConditions(FilterSet):
    class Meta:
        form = RangesForm

    ids = IdsFilter("pk", lookup_expr="in", label="Measurement ids.")
    dataset = CharFilter("dataset__slug")
    dataset_version = IntegerFilter(method="in_version", label="Rows of this frozen version.")
    structure = IntegerFilter("structure_id")
    property = CharFilter("property__name")
    method = ChoicesFilter("method", lookup_expr="in", choices=Measurement.Method)
    value_min = NumberFilter("value", lookup_expr="gte")
    value_max = NumberFilter("value", lookup_expr="lte")
    temperature_min = NumberFilter("temperature_k", lookup_expr="gte", label="K")
    temperature_max = NumberFilter("temperature_k", lookup_expr="lte", label="K")
    salt = CharFilter("salt")
    import_run = IntegerFilter("import_run_id")
    retired = YesNoFilter("retired_at", lookup_expr="isnull", exclude=True)

    def in_version(self, rows: Any, _: str, pk: int) -> Any:
        return rows.in_version(frozen_version(pk))


class StructureSelection(StructureConditions):
    ids = IdsFilter("pk", lookup_expr="in", label="Structure ids.")


def select_measurements(params: Mapping[str, Any]) -> QuerySet[Measurement]:
    """Measurements that meet every condition, oldest first. Raises: SelectionError."""
    return check_measurements(params).qs.order_by("pk")


def select_structures(params: Mapping[str, Any]) -> QuerySet[Structure]:
    """Structures that meet every condition, oldest first. Raises: SelectionError."""
    filters = check_structures(params)
    rows = filters.qs.order_by("pk")
    if filters.query is None:
        return rows
    return rows.filter(pk__in=substructure.verify(rows, filters.query, "smiles").ids)


def check_measurements(params: Mapping[str, Any]) -> MeasurementConditions:
    """The filters of a selection, none of them applied yet. Raises: SelectionError."""
    return filtered(MeasurementConditions, params, Measurement.objects.all())


def check_structures(params: Mapping[str, Any]) -> StructureSelection:
    """The filters of a selection, none of them applied yet. Raises: SelectionError."""
    return filtered(StructureSelection, params, Structure.objects.all())


def frozen_version(pk: int) -> DatasetVersion:
    """What the parameter `dataset_version` means. Raises: SelectionError."""
    version = DatasetVersion.objects.filter(pk=pk).first()
    if version is None:
        raise SelectionError("dataset_version", f"There is no dataset version {pk}.")
    return version


def filtered(kind: type[FilterSet], params: Mapping[str, Any], rows: QuerySet[Any]) -> Any:
    """The filters of that kind over the rows, none of them applied yet. Raises: SelectionError."""
    filters = kind(as_texts(params), rows)
    refuse_unknown(params, filters.filters)
    for field, errors in filters.errors.items():
        raise SelectionError(field, " ".join(errors))
    return filters
