"""How the filters of a list look in the OpenAPI description."""

from typing import Any

from django_filters import BaseInFilter, ChoiceFilter, Filter, IsoDateTimeFilter
from drf_spectacular.extensions import OpenApiFilterExtension

from registry.search.parameters import LARGEST_ID, IntegerFilter, NumberFilter, YesNoFilter


class FiltersInSchema(OpenApiFilterExtension):
    target_class = "registry.api.filters.StrictFilterBackend"
    priority = 1

    def get_schema_operation_parameters(self, auto_schema: Any, *arguments: Any) -> list[dict[str, Any]]:
        filterset = getattr(auto_schema.view, "filterset_class", None)
        return [_parameter(name, made) for name, made in filterset.base_filters.items()] if filterset else []


def _parameter(name: str, made: Filter) -> dict[str, Any]:
    schema = _schema(made)
    described = {"name": name, "in": "query", "required": False, "schema": schema}
    if made._label:
        described["description"] = made._label
    if isinstance(made, BaseInFilter):
        described |= {"schema": {"type": "array", "items": schema}, "explode": False, "style": "form"}
    return described


def _schema(made: Filter) -> dict[str, Any]:
    if isinstance(made, YesNoFilter):
        return {"type": "string", "enum": ["true", "false"]}
    if isinstance(made, ChoiceFilter):
        return {"type": "string", "enum": list(made.extra["choices"].values)}
    if isinstance(made, IntegerFilter):
        bounds = {"minimum": made.extra["min_value"], "maximum": made.extra.get("max_value", LARGEST_ID)}
        return {"type": "integer", **bounds}
    if isinstance(made, NumberFilter):
        bounds = {"minimum": made.extra.get("min_value"), "maximum": made.extra.get("max_value")}
        return {"type": "number", **{name: bound for name, bound in bounds.items() if bound is not None}}
    if isinstance(made, IsoDateTimeFilter):
        return {"type": "string", "format": "date-time"}
    return {"type": "string"}
