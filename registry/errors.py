"""What a person or a program reads when a request ends before any view could answer it.

The pages need no database, no session and no static files: they are also shown when those are what fails.
"""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.urls import Resolver404

API = "/api/"


def bad_request(request: HttpRequest, exception: Exception) -> HttpResponse:
    return _answer(request, HTTPStatus.BAD_REQUEST, "This request cannot be read.")


def permission_denied(request: HttpRequest, exception: Exception) -> HttpResponse:
    """With the reason that the action or the view gave, such as the permission that is missing."""
    return _answer(request, HTTPStatus.FORBIDDEN, str(exception) or "Your account lacks the permission for it.")


def page_not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    """With the reason, such as "No ModelVersion matches the given query."; of an unknown address there is none."""
    said = "" if isinstance(exception, Resolver404) else str(exception)
    if request.path.startswith(API):
        said = said or f"There is nothing at {request.path}. The addresses are listed at /api/docs/."
    return _answer(request, HTTPStatus.NOT_FOUND, said or "There is nothing at this address.")


def server_error(request: HttpRequest) -> HttpResponse:
    return _answer(request, HTTPStatus.INTERNAL_SERVER_ERROR, "The server failed; its log has the details.")


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    said = "The form had expired. Go back, load the page anew and send it again; cookies must be allowed."
    return _answer(request, HTTPStatus.FORBIDDEN, said)


def _answer(request: HttpRequest, status: HTTPStatus, message: str) -> HttpResponse:
    context = {
        "status": int(status),
        "title": status.phrase,
        "detail": message,
        "request_id": getattr(request, "request_id", ""),
    }
    if request.path.startswith(API):
        return _problem(context)
    return HttpResponse(render_to_string(f"{int(status)}.html", context), status=status)


def _problem(context: dict[str, Any]) -> JsonResponse:
    """RFC 9457, with the `errors` that every refusal of the API has."""
    errors = [{"field": "", "message": context["detail"]}]
    content = {"type": "about:blank", **context, "errors": errors}
    return JsonResponse(content, status=context["status"], content_type="application/problem+json")
