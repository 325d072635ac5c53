"""Numbers in the navigation: what waits for a person, and what the machines do."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from registry.models import Candidate, Job

_MOST = 1000  # counting further would cost every page of a large registry


def proposed(request: HttpRequest) -> str:
    """Candidates that nobody has decided on."""
    return _bounded(Candidate.objects.filter(status=Candidate.Status.PROPOSED))


def running(request: HttpRequest) -> str:
    """Jobs that wait or run."""
    return _bounded(Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING]))


def _bounded(rows: QuerySet[Any]) -> str:
    count = rows[: _MOST + 1].count()
    return f"{_MOST:,}+" if count > _MOST else str(count or "")  # no badge for nothing
