"""The list of predictions in the words of exports, and back: a file holds what a person saw."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import urlencode

from django.http import QueryDict

from registry.admin.parts.panels import list_of
from registry.models import Prediction, Property
from registry.search.selection import as_texts

KELVIN = "conditions__temperature_k"
SORTS = {  # what its columns are ordered by, and the name of that order
    "pk": "id",
    "value": "value",
    "standard_deviation": "standard_deviation",
    KELVIN: "temperature_k",
    "created_at": "created_at",
}
_PROPERTY = "property__id__exact"
_IN_DOMAIN = "in_domain__exact"
_NAMES = {  # a filter in the list's address, and the name of that condition
    _PROPERTY: "property",
    "model_version__id__exact": "model_version",
    "scoring_run__id__exact": "scoring_run",
    "structure__id__exact": "structure",
    "value_from": "value_min",
    "value_to": "value_max",
    "standard_deviation_from": "std_min",
    "standard_deviation_to": "std_max",
    _IN_DOMAIN: "in_domain",
    "geometry": "geometry",
    "q": "search",
}


def predictions_of(query: QueryDict) -> dict[str, str]:
    """The filter in the list's query string as a selection."""
    given = {name: value.strip() for name, value in query.items() if name in _NAMES and value.strip()}
    return {_NAMES[name]: _READ.get(name, str)(value) for name, value in given.items()}


def prediction_list(selection: Mapping[str, Any]) -> str:
    """Address of the list, so filtered; empty where it has no filter for a condition. Raises: SelectionError."""
    filters = {name: filter_ for filter_, name in _NAMES.items()}
    if not filters.keys() >= selection.keys():
        return ""
    given = {filters[name]: value for name, value in as_texts(selection).items()}
    address = list_of(Prediction)
    return f"{address}?{urlencode({name: _WRITTEN.get(name, str)(value) for name, value in given.items()})}"


def _name(pk: str) -> str:
    """Of a property; one that is not there keeps its number, and the export says that nothing is so named."""
    found = Property.objects.filter(pk=pk).first() if pk.isdecimal() else None
    return found.name if found else pk


def _number(name: str) -> str:
    """0 is the id of no property, so that the list is as empty as the selection."""
    return str(Property.objects.filter(name=name).values_list("pk", flat=True).first() or 0)


_READ: dict[str, Callable[[str], str]] = {
    _PROPERTY: _name,
    _IN_DOMAIN: lambda text: "true" if text in ("1", "True") else "false",
}
_WRITTEN: dict[str, Callable[[str], str]] = {
    _PROPERTY: _number,
    _IN_DOMAIN: lambda text: "1" if text == "true" else "0",
}
