"""The tabs above the candidate list: how many of each status the other filters leave."""

from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Count, QuerySet
from django.http import HttpRequest

from registry.admin.lists.filters import DEADLINE, selection_of
from registry.models import Candidate
from registry.search.parameters import SelectionError
from registry.search.selection import select_candidates


class Tab(NamedTuple):
    label: str
    count: int
    url: str
    active: bool


def status_tabs(request: HttpRequest, listed: QuerySet[Candidate]) -> list[Tab]:
    """listed: the rows of the list; where no status is chosen, they are what is counted."""
    rows = _with_any_status(request) if request.GET.get("status") else listed
    counts = dict(rows.order_by().values_list("status").annotate(Count("pk")))
    query = {name: value for name, value in request.GET.items() if name not in ("status", "p", "e")}
    chosen = request.GET.get("status", "")
    tabs = [("", "All", sum(counts.values()))]
    tabs += [(value, label.capitalize(), counts.get(value, 0)) for value, label in Candidate.Status.choices]
    return [
        Tab(label, count, "?" + urlencode(query | ({"status": value} if value else {})), value == chosen)
        for value, label, count in tabs
    ]


def _with_any_status(request: HttpRequest) -> QuerySet[Candidate]:
    selection: dict[str, Any] = selection_of(request.GET)
    del selection["status"]
    try:
        return select_candidates(selection, deadline=DEADLINE)
    except SelectionError:  # the list itself says what is wrong
        return Candidate.objects.none()
