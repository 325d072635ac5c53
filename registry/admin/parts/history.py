"""What database triggers recorded about a row: when, by whom, what changed, why."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from pghistory.models import Events

from registry.admin.parts import display
from registry.admin.parts.panels import Panel

SHOWN = 50
_LABELS = {"insert": "created", "update": "changed", "delete": "deleted"}
_OWN = {"updated_at"}  # changes with every other field


def history(row: Model) -> Panel:
    events = list(Events.objects.tracks(row).order_by("-pgh_created_at", "-pgh_id")[:SHOWN])
    people = {field.attname for field in row._meta.concrete_fields if field.related_model is User}
    users = User.objects.in_bulk({one for event in events for one in _people(event, people)})
    entries = [_entry(event, users, people) for event in events]
    return Panel("Audit", "registry/parts/history.html", {"entries": entries})


def _people(event: Any, fields: set[str]) -> set[int]:
    """Who acted, and who was put in or taken out."""
    diff = event.pgh_diff or {}
    named = {one for field in fields for one in diff.get(field, ())} | {(event.pgh_context or {}).get("user")}
    return {one for one in named if one is not None}


def _entry(event: Any, users: dict[int, User], people: set[str]) -> dict[str, Any]:
    context = event.pgh_context or {}
    changes = {name: pair for name, pair in (event.pgh_diff or {}).items() if name not in _OWN}
    for name in people & changes.keys():
        changes[name] = [users.get(one) for one in changes[name]]
    return {
        "when": display.when(event.pgh_created_at),
        "who": display.person(users.get(context.get("user"))),
        "what": _LABELS.get(event.pgh_label, event.pgh_label),
        "action": context.get("action", ""),
        "reason": context.get("reason", ""),
        "added": context.get("tags_added", ()),
        "removed": context.get("tags_removed", ()),
        "changes": [
            (name.removesuffix("_id").replace("_", " "), before, after) for name, (before, after) in changes.items()
        ],
        "request": context.get("request_id", ""),
    }
