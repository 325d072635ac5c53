"""The pieces of a record's page, as plain data that one template draws."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.db.models import Model
from django.http import HttpRequest
from django.urls import reverse

from registry.admin.parts import display


class Fact(NamedTuple):
    """A name and what is so named."""

    label: str
    value: object
    wide: bool = False


class Notice(NamedTuple):
    """A sentence at the head of a page. colour: green, amber, red or grey."""

    colour: str
    icon: str
    text: str


@dataclass(frozen=True)
class Button:
    """A link to a form, or with `post` a form of its own."""

    label: str
    url: str
    icon: str = ""
    style: str = ""
    """primary, danger, or neither."""
    post: bool = False
    confirm: str = ""
    """A question asked before a post."""


@dataclass(frozen=True)
class Panel:
    """A part of the page with a heading. `template` draws it with `context`."""

    title: str
    template: str
    context: dict[str, Any] = field(default_factory=dict)
    link: str = ""
    note: str = ""
    wide: bool = True
    name: str = ""
    """Of a panel that is refreshed on its own."""


def table(title: str, headers: Sequence[str], rows: Sequence[Sequence[object]], **options: Any) -> Panel:
    """options: empty (what to say without rows), link (to the whole list), note, wide."""
    named = [list(zip(headers, row, strict=False)) for row in rows]
    context = {"headers": headers, "rows": rows, "named": named, "empty": options.pop("empty", "Nothing yet.")}
    return Panel(title, "registry/parts/table.html", context, **options)


def values(title: str, content: dict[str, Any], empty: str = "", **options: Any) -> Panel:
    """A tree of settings or metrics as a two-column table."""
    return Panel(title, "registry/parts/values.html", {"pairs": display.pairs(content), "empty": empty}, **options)


def go(request: HttpRequest, permission: str, label: str, view: str, icon: str = "", **options: Any) -> Button | None:
    """A button to another page of the admin, for those who may use it.

    view: such as registry_trainingrun_start. options: args, query, style, post, confirm.
    """
    if not request.user.has_perm(permission):
        return None
    address = reverse(f"admin:{view}", args=options.pop("args", None))
    query = options.pop("query", "")
    return Button(label, f"{address}?{query}" if query else address, icon, **options)


def list_of(model: type[Model], **filters: object) -> str:
    """Address of a noun's list, filtered."""
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    return f"{address}?{urlencode(filters)}" if filters else address
