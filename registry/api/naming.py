"""What the API's description calls things: a tag for each noun, a line for each call."""

import inspect
from typing import Any

from django.db.models import Model

ACCESS = "Access"  # the addresses that are no nouns
DONE = {
    "list": "List {plural}",
    "retrieve": "Read one {singular}",
    "create": "Create {a} {singular}",
    "partial_update": "Change {a} {singular}",
    "destroy": "Delete {a} {singular}",
}


def tag(path: str) -> str:
    """The noun that leads the address: /api/v1/dataset-versions/{id}/ is about "Dataset versions"."""
    noun = path.removeprefix("/api/v1/").partition("/")[0]
    return ACCESS if noun in ("", "token") else noun.replace("-", " ").capitalize()


def summary(view: Any, method: str) -> str:
    """One line, without a full stop: what the call is for."""
    name = getattr(view, "action", None)
    if name not in DONE:
        return _first(_doc_of(view, name or method.lower())).rstrip(".")
    meta = view.queryset.model._meta
    singular, plural = str(meta.verbose_name), str(meta.verbose_name_plural)
    if parent := getattr(view, "parent", ""):
        above = view.queryset.model._meta.get_field(parent).related_model._meta.verbose_name
        return f"List the {plural} of {_a(above)} {above}"
    started = name == "create" and hasattr(view.queryset.model, "job")
    pattern = "Start {a} {singular}" if started else DONE[name]
    return pattern.format(singular=singular, plural=plural, a=_a(singular))


def description(view: Any, method: str) -> str:
    """What more there is to know: of a list, what its view says; of one that acts, what its action does."""
    name = getattr(view, "action", None)
    if name not in DONE:
        return inspect.cleandoc(_doc_of(view, name or method.lower())).partition("\n")[2].strip()
    act = getattr(view, "acts", {}).get(name)
    own = vars(type(view)).get("__doc__") if name == "list" else ""
    return inspect.cleandoc((act.action.__doc__ if act else own) or "")


def meaning(model: type[Model] | None) -> str:
    """What one row of a noun is."""
    if model is None:
        return "Who may call."
    own = vars(model).get("__doc__") or ""
    return "" if own.startswith(f"{model.__name__}(") else _first(own)  # Django writes one where there is none


def _doc_of(view: Any, name: str) -> str:
    """Of the method, or else of the view itself."""
    return getattr(getattr(view, name, None), "__doc__", None) or type(view).__doc__ or ""


def _first(text: str) -> str:
    return inspect.cleandoc(text).partition("\n")[0]


def _a(noun: str) -> str:
    return "an" if noun[0] in "aeiou" else "a"
