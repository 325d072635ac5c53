"""What database triggers recorded about a row: when, by whom, what changed, why."""

from typing import Any

from django.contrib.auth.models import User
from django.db.models import Model
from pghistory.models import Events

from registry.admin import display
from registry.admin.panels import Panel

SHOWN = 50
_LABELS = {"insert": "created", "update": "changed", "delete": "deleted"}
_OWN = {"updated_at"}  # changes with every other field


def history(row: Model) -> Panel:
    events = list(Events.objects.tracks(row).order_by("-pgh_created_at", "-pgh_id")[:SHOWN])
    users = User.objects.in_bulk({user for e in events if (user := (e.pgh_context or {}).get("user"))})
    entries = [_entry(event, users) for event in events]
    return Panel("Audit", "registry/parts/history.html", {"entries": entries})


def _entry(event: Any, users: dict[int, User]) -> dict[str, Any]:
    context = event.pgh_context or {}
    changes = {name: pair for name, pair in (event.pgh_diff or {}).items() if name not in _OWN}
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
