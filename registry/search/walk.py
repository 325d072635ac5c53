"""The rows right before and right behind one row of an ordered list, found without reading the list.

What lies behind a row is a chain of ranges: equal in every term of the order but the last and further in that one; then
equal in one term less; and so on. Each range is one condition that an index can answer, and the nearest row is in the
first range that has any. The row itself need not be in the list: who left it by a decision still knows its neighbours.
"""

from collections.abc import Iterable, Iterator, Sequence
from functools import reduce
from operator import or_
from typing import Any, NamedTuple

from django.db.models import F, Model, OrderBy, Q, QuerySet

Rows = QuerySet[Any]


class Term(NamedTuple):
    """One term of an order. NULL stands last, ascending and descending."""

    path: str
    descending: bool


def terms_of(ordering: Iterable[Any]) -> list[Term]:
    """The terms of an `order_by` of names and ordered F expressions, up to the first that is the id."""
    terms: dict[str, Term] = {}
    for part in ordering:
        by_name = isinstance(part, str)
        path = part.removeprefix("-") if by_name else part.expression.name
        terms.setdefault(path, Term(path, part.startswith("-") if by_name else part.descending))
        if path == "pk":
            break
    return list(terms.values())


def neighbours(rows: Rows, everything: Rows, row: Model) -> tuple[int | None, int | None, int]:
    """Ids of the rows before and behind `row` in `rows`, and how many stand before it.

    rows: the list, filtered and ordered; the order ends with the id.
    everything: the same joins without the filters, to read the row's own place from.
    """
    terms = terms_of(rows.query.order_by)
    values = everything.filter(pk=row.pk).values_list(*(term.path for term in terms)).get()
    before, behind = list(_ranges(terms, values, ahead=False)), list(_ranges(terms, values, ahead=True))
    number = rows.order_by().filter(reduce(or_, (condition for condition, _ in before))).count()
    return _nearest(rows, before), _nearest(rows, behind), number


def _nearest(rows: Rows, ranges: Iterable[tuple[Q, list[OrderBy]]]) -> int | None:
    found = (rows.filter(condition).order_by(*order).values_list("pk", flat=True)[:1] for condition, order in ranges)
    return next((pk for pks in found for pk in pks), None)


def _ranges(terms: Sequence[Term], values: Sequence[Any], ahead: bool) -> Iterator[tuple[Q, list[OrderBy]]]:
    """Ranges on one side of the values, the nearest first, and the order in which their nearest row is the first."""
    for depth in reversed(range(len(terms))):
        equal = Q(*(_equals(term.path, value) for term, value in zip(terms[:depth], values, strict=False)))
        (path, descending), value = terms[depth], values[depth]
        order = [_ordered(term, ahead) for term in terms[depth + 1 :]]
        if value is not None:
            by = F(path).desc() if descending == ahead else F(path).asc()  # no NULLs here, so that an index fits
            yield equal & Q(**{f"{path}__{'lt' if descending == ahead else 'gt'}": value}), [by, *order]
        if ahead and value is not None:
            yield equal & Q(**{f"{path}__isnull": True}), order
        elif value is None and not ahead:
            yield equal & Q(**{f"{path}__isnull": False}), [_ordered(terms[depth], ahead), *order]


def _equals(path: str, value: Any) -> Q:
    return Q(**({f"{path}__isnull": True} if value is None else {path: value}))


def _ordered(term: Term, ahead: bool) -> OrderBy:
    ends: dict[str, bool] = {"nulls_last": True} if ahead else {"nulls_first": True}
    return F(term.path).desc(**ends) if term.descending == ahead else F(term.path).asc(**ends)
