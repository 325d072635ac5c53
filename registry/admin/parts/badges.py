"""Numbers in the navigation: what waits for a person, and what the machines do."""

from copy import deepcopy
from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from registry.models import Candidate, Job
from registry.settings.unfold import NAVIGATION

_MOST = 1000  # counting further would cost every page of a large registry


def navigation(request: HttpRequest) -> list[dict[str, Any]]:
    """The menu with a number beside each noun that has some in hand; the theme would draw an empty badge for none."""
    menu = deepcopy(NAVIGATION)
    for item in (item for group in menu for item in group["items"]):
        rows = _COUNTED.get(item["title"])
        if rows is not None and item["permission"](request) and (number := _bounded(rows())):
            item["badge"] = number
    return menu


def _proposed() -> QuerySet[Any]:
    """Candidates that nobody has decided on."""
    return Candidate.objects.filter(status=Candidate.Status.PROPOSED)


def _running() -> QuerySet[Any]:
    """Jobs that wait or run."""
    return Job.objects.filter(state__in=[Job.State.QUEUED, Job.State.RUNNING])


_COUNTED = {"Candidates": _proposed, "Jobs": _running}


def _bounded(rows: QuerySet[Any]) -> str:
    count = rows[: _MOST + 1].count()
    return f"{_MOST:,}+" if count > _MOST else str(count or "")
