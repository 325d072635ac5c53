"""Every request carries an id, and every audited change carries that id, the user and the address."""

import re
import uuid
from collections.abc import Callable

import pghistory.middleware
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
_ACCEPTED = re.compile(r"[\w.-]{1,64}")


class RequestIdMiddleware:
    """Take the caller's X-Request-ID, or make one; send it back with the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request.request_id = given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        response = self.get_response(request)
        response[HEADER] = request.request_id
        return response


class AuditMiddleware(pghistory.middleware.HistoryMiddleware):
    """Adds the request id to what the history's triggers record."""

    def get_context(self, request: HttpRequest) -> dict[str, object]:
        return super().get_context(request) | {"request_id": request.request_id}
