"""The order of a list as exports name it, so that a file is sorted as the list that a person saw."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from django.db.models import F, OrderBy
from django.http import HttpRequest

from registry.admin.lists.filters import scored_properties
from registry.search.sorting import STD

_NAMES = {"pk": "id", "structure__smiles": "smiles", "status": "status", "created_at": "created_at"}
_SCORE = re.compile(r"score_(\d+)__(value|standard_deviation)")


def list_sort(model_admin: Any, request: HttpRequest) -> str:
    """Of candidates, such as `-conductivity,-id`."""
    names = {f"{item.pk}": item.name for item in scored_properties(request)}

    def name(field: str) -> str | None:
        found = _SCORE.fullmatch(field)
        return _score_name(names, *found.groups()) if found else _NAMES.get(field)

    return sort_words(model_admin, request, name)


def sort_words(model_admin: Any, request: HttpRequest, name_of: Callable[[str], str | None]) -> str:
    """Of any list; columns that exports cannot be sorted by, of which there is no name, are left out."""
    order = _asked(model_admin, request) or _usual(model_admin, request)
    named = ((name_of(field), descending) for field, descending in order)
    return ",".join(f"-{name}" if descending else name for name, descending in named if name)


def _score_name(names: dict[str, str], pk: str, field: str) -> str | None:
    name = names.get(pk)
    return f"{name}{STD}" if name and field == "standard_deviation" else name


def _asked(model_admin: Any, request: HttpRequest) -> list[tuple[str, bool]]:
    """What the headers were clicked for: `o=-3.1`, where the box to tick is column 0."""
    columns = [*model_admin.get_list_display(request)]
    if model_admin.get_actions(request):
        columns.insert(0, "action_checkbox")
    found = []
    for part in request.GET.get("o", "").split("."):
        place = part.removeprefix("-")
        if place.isdecimal() and int(place) < len(columns):
            column = columns[int(place)]
            field = getattr(getattr(model_admin, column, None) if isinstance(column, str) else column,
                            "admin_order_field", None)  # fmt: skip
            found += [(field.name if isinstance(field, F) else field, part.startswith("-"))] if field else []
    return found


def _usual(model_admin: Any, request: HttpRequest) -> Iterator[tuple[str, bool]]:
    for part in model_admin.get_ordering(request):
        if isinstance(part, OrderBy):
            yield part.expression.name, part.descending
        else:
            yield part.removeprefix("-"), part.startswith("-")
