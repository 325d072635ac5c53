"""Keyset pagination: a page costs the same at row 50 and at row 5,000,000, and no row is seen twice or missed.

A cursor holds the sort value and the id of the last row of a page; the next page is what lies behind that pair.
"""

import binascii
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterator
from time import monotonic
from typing import Any, NamedTuple

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db.models import F, Field, Model, Q, QuerySet
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from registry.api.schema import PAGE_PARAMETERS, page_schema
from registry.search.parameters import SelectionError

DEFAULT_SIZE = 50
LARGEST_SIZE = 1_000
DEADLINE = 5.0  # seconds that verifying a substructure may take a page
CHUNK = 500  # rows between two looks at the clock

Rows = QuerySet[Model]


class Sort(NamedTuple):
    """One order over rows: by `path`, then by id, both in the same direction; NULL comes last in either."""

    name: str  # as in the query string, such as "-created_at"
    path: str
    field: Field | None  # None for an annotation, which is a float
    nullable: bool = False

    @property
    def descending(self) -> bool:
        return self.name.startswith("-")

    def order(self, rows: Rows) -> Rows:
        by = F(self.path)
        nulls = True if self.nullable else None
        if self.descending:
            return rows.order_by(by.desc(nulls_last=nulls), "-pk")
        return rows.order_by(by.asc(nulls_last=nulls), "pk")

    def behind(self, rows: Rows, value: Any, pk: Any) -> Rows:
        side = "lt" if self.descending else "gt"
        later_id = Q(**{f"pk__{side}": pk})
        if self.path == "pk":
            return rows.filter(later_id)
        if value is None:
            return rows.filter(Q(**{f"{self.path}__isnull": True}) & later_id)
        # The bound that includes the value is redundant, but an index can start there.
        further = Q(**{f"{self.path}__{side}e": value}) & (Q(**{f"{self.path}__{side}": value}) | later_id)
        return rows.filter(further | Q(**{f"{self.path}__isnull": True}) if self.nullable else further)


def make_sort(name: str, path: str, rows: Rows) -> Sort:
    """`path` is a field, possibly of a related row, or an annotation of `rows`."""
    model, field, nullable = rows.model, None, False
    if path in rows.query.annotations:
        return Sort(name, path, None)
    for step in path.split("__"):
        field = model._meta.pk if step == "pk" else model._meta.get_field(step)
        nullable = nullable or field.null
        model = field.related_model or model
    return Sort(name, path, field, nullable)


def write_cursor(sort: Sort, value: Any, pk: Any) -> str:
    text = json.dumps([sort.name, value, pk], default=str)
    return urlsafe_b64encode(text.encode()).decode()


def read_cursor(text: str, sort: Sort, pk: Field) -> tuple[Any, Any]:
    """Raises: SelectionError, for cursors come from outside."""
    try:
        name, value, key = json.loads(urlsafe_b64decode(text.encode()))
        if name != sort.name or "\0" in str(value):
            raise ValueError("a cursor of another list")
        to_python = sort.field.to_python if sort.field else float
        return (None if value is None and sort.nullable else to_python(value)), pk.to_python(key)
    except (ValueError, TypeError, OverflowError, RecursionError, binascii.Error, ValidationError) as error:
        raise SelectionError("cursor", "Not a cursor of this list and sort; start without one.") from error


class KeysetPagination(BasePagination):
    """`?sort=-created_at&page_size=100&count=estimated`, then follow `next`."""

    parameters = ("sort", "cursor", "page_size", "count")

    def paginate_queryset(self, queryset: Rows, request: Request, view: Any = None) -> list[Model]:
        self.request = request
        self.truncated = False
        size = self._number("page_size", DEFAULT_SIZE, LARGEST_SIZE)
        queryset, self.sort = self._sorted(queryset, view)
        self.count = self._count(queryset, view)
        rows = self.sort.order(queryset)
        if cursor := request.query_params.get("cursor"):
            rows = self.sort.behind(rows, *read_cursor(cursor, self.sort, rows.model._meta.pk))
        found = self._plain(rows, size) if view.substructure_query is None else self._verified(rows, size, view)
        return self._cut(found, size)

    def get_paginated_response(self, data: list[Any]) -> Response:
        url = self.request.build_absolute_uri()
        next_page = replace_query_param(url, "cursor", self.next) if self.next else None
        return Response({"next": next_page, "count": self.count, "truncated": self.truncated, "results": data})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        return page_schema(schema)

    def get_schema_operation_parameters(self, view: Any) -> list[dict[str, Any]]:
        return PAGE_PARAMETERS

    def _number(self, name: str, default: int, largest: int) -> int:
        text = self.request.query_params.get(name, str(default))
        if not (text.isascii() and text.isdigit() and len(text) <= 9 and 1 <= int(text) <= largest):
            raise SelectionError(name, f"Expected a whole number from 1 to {largest:,}.")
        return int(text)

    def _sorted(self, rows: Rows, view: Any) -> tuple[Rows, Sort]:
        default = "-similarity" if "similarity" in rows.query.annotations else view.default_sort
        name = self.request.query_params.get("sort") or default
        rows, path = view.sorted_by(rows, name.removeprefix("-"))
        try:
            return rows, make_sort(name, path, rows)
        except FieldDoesNotExist as error:
            raise SelectionError("sort", "similarity is there only with similar_to.") from error

    def _count(self, rows: Rows, view: Any) -> int | None:
        asked = self.request.query_params.get("count", "none")
        if asked not in ("exact", "estimated", "none"):
            raise SelectionError("count", "Expected exact, estimated or none.")
        if asked == "none" or view.substructure_query is not None:
            return None
        if asked == "exact":
            return rows.count()
        return int(json.loads(rows.order_by().explain(format="json"))[0]["Plan"]["Plan Rows"])

    def _plain(self, rows: Rows, size: int) -> list[Model]:
        return list(rows.annotate(sort_value=F(self.sort.path))[: size + 1])

    def _cut(self, found: list[Model], size: int) -> list[Model]:
        page = found[:size]
        if len(found) > size:
            self.next = write_cursor(self.sort, page[-1].sort_value, page[-1].pk)
        elif not self.truncated:
            self.next = None
        return page

    def _verified(self, rows: Rows, size: int, view: Any) -> list[Model]:
        """Screened rows in their order, verified until a page is full or the time is up.

        When it is up, `next` goes on behind the last row looked at: what was found is shown and nothing is lost.
        """
        query, smiles = view.substructure_query
        found: list[Any] = []
        end = monotonic() + DEADLINE
        for pk, text, value in self._screened(rows, smiles):
            if query.occurs_in(text):
                found.append(pk)
            if len(found) > size:
                break
            if monotonic() > end:
                self.truncated = True
                self.next = write_cursor(self.sort, value, pk)
                break
        by_pk = {row.pk: row for row in rows.annotate(sort_value=F(self.sort.path)).filter(pk__in=found)}
        return [by_pk[pk] for pk in found]

    def _screened(self, rows: Rows, smiles: str) -> Iterator[tuple[Any, str, Any]]:
        """(id, SMILES, sort value) of the rows, read chunk by chunk as they are asked for."""
        chunk = rows
        while True:
            read = list(chunk.annotate(sort_value=F(self.sort.path)).values_list("pk", smiles, "sort_value")[:CHUNK])
            yield from read
            if len(read) < CHUNK:
                return
            chunk = self.sort.behind(rows, read[-1][2], read[-1][0])
