"""Every request carries an id; every line of the log carries it, and every audited change, with user and address."""

import logging
import re
import uuid
from collections.abc import Callable
from contextvars import ContextVar

import pghistory.middleware
from django.http import HttpRequest, HttpResponse

HEADER = "X-Request-ID"
_present: ContextVar[str] = ContextVar("request_id", default="-")
_ACCEPTED = re.compile(r"[\w.-]{1,64}")


class RequestIdMiddleware:
    """Take the caller's X-Request-ID, or make one; send it back with the answer."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        given = request.headers.get(HEADER, "")
        request.request_id = given if _ACCEPTED.fullmatch(given) else uuid.uuid4().hex
        token = _present.set(request.request_id)
        try:
            response = self.get_response(request)
        finally:
            _present.reset(token)
        response[HEADER] = request.request_id
        return response


class RequestIdFilter(logging.Filter):
    """Gives each line of the log the id of the request that it was written for, or "-".

    Django logs a refused request when all middleware has ended; the line then brings its request along.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.request_id = getattr(getattr(record, "request", None), "request_id", _present.get())
        return True


class AuditMiddleware(pghistory.middleware.HistoryMiddleware):
    """Adds the request id to what the history's triggers record."""

    def get_context(self, request: HttpRequest) -> dict[str, object]:
        return super().get_context(request) | {"request_id": request.request_id}
