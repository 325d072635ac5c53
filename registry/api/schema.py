"""The OpenAPI description, read off the viewsets' own declarations."""

from typing import Any

from drf_spectacular.openapi import AutoSchema
from rest_framework import serializers

from registry.api import filter_schema as filter_schema  # registers itself
from registry.api import naming

_QUERY = {"in": "query", "required": False}
PAGE_PARAMETERS: list[dict[str, Any]] = [
    {"name": "cursor", **_QUERY, "schema": {"type": "string"}, "description": "From `next` of the page before."},
    {
        "name": "page_size",
        **_QUERY,
        "schema": {"type": "integer", "minimum": 1, "maximum": 1000, "default": 50},
        "description": "Rows a page.",
    },
    {
        "name": "count",
        **_QUERY,
        "schema": {"type": "string", "enum": ["exact", "estimated", "none"], "default": "none"},
        "description": "Count all rows exactly (slow on millions), by the planner's estimate, or not at all.",
    },
]
ERRORS = {
    "400": "The request is wrong; `field` names what.",
    "401": "No valid token or session.",
    "403": "Not permitted to this user.",
    "404": "No such row.",
    "405": "No such method here.",
    "409": "Sound, but the present state forbids it.",
    "410": "The file is gone from the store.",
    "413": "The body is too large.",
    "415": "Neither JSON nor, where a file is asked for, multipart.",
    "429": "Too many attempts; wait.",
}
_ERROR_SCHEMA = {
    "type": "object",
    "required": ["errors"],
    "properties": {
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {
                    "field": {"type": "string", "description": "Input at fault; empty when it is none in particular."},
                    "message": {"type": "string"},
                },
            },
        }
    },
}


def page_schema(rows: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "required": ["next", "count", "truncated", "results"],
        "properties": {
            "next": {
                "type": "string",
                "format": "uri",
                "nullable": True,
                "description": "Null at the end.",
            },
            "count": {"type": "integer", "nullable": True, "description": "Of all rows, when asked for."},
            "truncated": {
                "type": "boolean",
                "description": "Matching a substructure ran out of time on this page; `next` goes on where it stopped.",
            },
            "results": rows,
        },
    }


def sort_parameter(names: list[str]) -> dict[str, Any]:
    known = ", ".join(f"`{name}`" for name in names)
    return {
        "name": "sort",
        **_QUERY,
        "schema": {"type": "string"},
        "description": f"One of {known}; `-` in front reverses the order.",
    }


class Schema(AutoSchema):
    """Knows `acts` (what a call reads and returns), `sorts` and the paginator of a viewset."""

    def _act(self) -> Any:
        return getattr(self.view, "acts", {}).get(getattr(self.view, "action", None))

    def get_tags(self) -> list[str]:
        return [naming.tag(self.path)]

    def get_summary(self) -> str:
        return naming.summary(self.view, self.method)

    def get_description(self) -> str:
        return naming.description(self.view, self.method)

    def get_operation_id(self) -> str:
        """Such as candidate_list: what generated clients call their functions."""
        if not hasattr(self.view, "basename"):
            return super().get_operation_id()
        return f"{self.view.basename}_{self.view.action}"

    def get_request_serializer(self) -> Any:
        act = self._act()
        return super().get_request_serializer() if act is None else act.inputs

    def get_response_serializers(self) -> Any:
        act = self._act()
        if act is None:
            return super().get_response_serializers()
        output = act.output or self.view.serializer_class
        return {act.status: output(many=act.many)}

    def get_override_parameters(self) -> list[Any]:
        query = getattr(self.view, "queries", {}).get(getattr(self.view, "action", None))
        return [query] if query else []

    def get_operation(self, *arguments: Any) -> dict[str, Any] | None:
        operation = super().get_operation(*arguments)
        if operation and self._is_list_view() and hasattr(self.view, "sorts"):
            operation["parameters"].append(sort_parameter(list(self.view.sorts)))
        return operation


class ChangedSerializer(serializers.Serializer):
    """How many rows an action changed."""

    changed = serializers.IntegerField()


def describe_errors(result: dict[str, Any], **_: Any) -> dict[str, Any]:
    """Every operation may answer with the one error shape."""
    result["components"]["schemas"]["Errors"] = _ERROR_SCHEMA
    content = {"application/json": {"schema": {"$ref": "#/components/schemas/Errors"}}}
    for operations in result["paths"].values():
        for operation in operations.values():
            for code, description in ERRORS.items():
                operation["responses"].setdefault(code, {"content": content, "description": description})
    return result
