"""Lists of what is known of structures, searched by structure."""

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest

from registry.search.identity import meant


class SearchedByStructure:
    """For a list whose rows have a `structure`: whoever writes a whole one finds it, however it is written."""

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """As the list's search_fields say, and the rows of the structure that is meant."""
        rows, repeats = super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        found = meant(search_term)
        return (rows if found is None else rows | queryset.filter(structure=found)), repeats
