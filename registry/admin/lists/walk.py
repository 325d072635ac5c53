"""Where a candidate stands in the list that it was opened from."""

from typing import Any, NamedTuple

from django.http import HttpRequest, QueryDict
from django.urls import reverse

from registry.admin.parts.panels import list_of
from registry.models import Candidate
from registry.search.walk import neighbours


class Place(NamedTuple):
    """Its number in the list, 0 when it is no longer there, and the pages before and behind it."""

    number: int
    total: int
    previous: str
    following: str
    list_url: str


def place_of(model_admin: Any, request: HttpRequest, row: Candidate) -> Place:
    """Neighbours in the list, filtered and sorted as it was when the candidate was opened."""
    kept = request.GET.get("_changelist_filters", "")
    original = request.GET
    request.GET = QueryDict(kept)
    try:
        changelist = model_admin.get_changelist_instance(request)
    finally:
        request.GET = original
    rows = changelist.queryset
    before, behind, number = neighbours(rows, changelist.root_queryset, row)
    return Place(
        number + 1 if rows.filter(pk=row.pk).exists() else 0,
        changelist.result_count,
        _page(before, original) if before else "",
        _page(behind, original) if behind else "",
        list_of(Candidate) + (f"?{kept}" if kept else ""),
    )


def _page(pk: int, query: QueryDict) -> str:
    kept = query.urlencode() if query.get("_changelist_filters") else ""
    return reverse("admin:registry_candidate_change", args=[pk]) + (f"?{kept}" if kept else "")
