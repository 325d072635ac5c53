"""One shape for every error of the API: {"errors": [{"field": "value", "message": "..."}]}."""

import logging
from collections.abc import Iterator
from typing import Any

from django.conf import settings
from django.core.exceptions import PermissionDenied as DjangoPermissionDenied
from django.core.exceptions import RequestDataTooBig
from rest_framework import status
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.response import Response
from rest_framework.views import exception_handler as drf_exception_handler
from rest_framework.views import set_rollback

from registry.actions.base import ActionError
from registry.artifacts import ArtifactError
from registry.search.parameters import SelectionError

logger = logging.getLogger("registry.api")


def exception_handler(error: Exception, context: dict[str, Any]) -> Response | None:
    """Errors of the domain become responses; anything else stays a 500 without details."""
    if isinstance(error, ActionError):
        code = status.HTTP_409_CONFLICT if error.conflict else status.HTTP_400_BAD_REQUEST
        return _refused(code, error.field, error.message)
    if isinstance(error, SelectionError):
        return _refused(status.HTTP_400_BAD_REQUEST, error.field, error.message)
    if isinstance(error, ArtifactError):
        logger.error("%s", error)
        return _refused(status.HTTP_410_GONE, "", str(error))
    if isinstance(error, RequestDataTooBig):
        limit = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
        return _refused(status.HTTP_413_REQUEST_ENTITY_TOO_LARGE, "", f"A body has at most {limit:,} bytes.")
    if isinstance(error, DjangoPermissionDenied) and str(error):
        return _refused(status.HTTP_403_FORBIDDEN, "", str(error))
    response = drf_exception_handler(error, context)
    if response is not None:
        detail = error.detail if isinstance(error, ValidationError) else _message(error, response)
        response.data = {"errors": list(_flatten(detail))}
    return response


def _refused(code: int, field: str, message: str) -> Response:
    set_rollback()
    return Response({"errors": [{"field": field, "message": message}]}, status=code)


def _message(error: Exception, response: Response) -> str:
    return str(error.detail) if isinstance(error, APIException) else str(response.data["detail"])


def _flatten(detail: Any, path: str = "") -> Iterator[dict[str, str]]:
    """Nested serializer errors, each with a dotted path such as `values.0.unit`."""
    if isinstance(detail, dict):
        for name, inner in detail.items():
            step = "" if name == "non_field_errors" else str(name)
            yield from _flatten(inner, ".".join(filter(None, (path, step))))
    elif isinstance(detail, list):
        for index, inner in enumerate(detail):
            nested = isinstance(inner, dict | list)
            yield from _flatten(inner, f"{path}.{index}" if nested and path else path)
    else:
        yield {"field": path, "message": str(detail)}
