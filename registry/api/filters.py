"""Filters of the lists: declared by each noun, and nothing else is accepted."""

from typing import Any

from django.db.models import QuerySet
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request

from registry.search.parameters import refuse_unknown


class StrictFilterBackend(DjangoFilterBackend):
    """A parameter that no filter and no paginator knows is an error that names it, not silence."""

    def filter_queryset(self, request: Request, queryset: QuerySet[Any], view: Any) -> QuerySet[Any]:
        filterset = self.get_filterset(request, queryset, view)
        known = set(filterset.filters) if filterset else set()
        if view.paginator:
            known |= set(view.paginator.parameters)
        families = getattr(filterset, "families", ())
        refuse_unknown(request.query_params, known, families, filterset.family_names() if families else ())
        if filterset is None:
            return queryset
        if not filterset.is_valid():
            raise ValidationError({name: list(errors) for name, errors in filterset.errors.items()})
        if query := getattr(filterset, "query", None):
            view.substructure_query = query, f"{filterset.path}smiles"
        return filterset.qs
