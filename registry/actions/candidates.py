"""What the curation actions share: a locked selection of candidates, and texts fit to keep."""

from collections.abc import Iterable

from registry.actions.base import ActionError
from registry.models import Candidate

MAX_CANDIDATES = 100_000  # one action holds that many row locks; more is better filtered and repeated


def lock_candidates(ids: Iterable[int]) -> list[int]:
    """The ids, once each, ascending: rows are always locked in that order, so that two actions never deadlock.

    Raises: ActionError when there are none, too many, or one does not exist.
    """
    wanted = set(ids)
    if not wanted:
        raise ActionError("Choose at least one candidate.", field="candidates")
    if len(wanted) > MAX_CANDIDATES:
        raise ActionError(
            f"{len(wanted):,} candidates at once; at most {MAX_CANDIDATES:,} fit in one action. Narrow the filter.",
            field="candidates",
        )
    rows = Candidate.objects.filter(pk__in=wanted).order_by("pk").select_for_update(of=("self",))
    locked = list(rows.values_list("pk", flat=True))
    if missing := sorted(wanted.difference(locked)):
        names = ", ".join(map(str, missing[:5])) + (" and more" if len(missing) > 5 else "")
        raise ActionError(f"No candidate with id {names}.", field="candidates")
    return locked


def check_text(text: str, field: str, limit: int) -> None:
    """Refuse what a column cannot hold."""
    if "\x00" in text:
        raise ActionError(f"The {field} contains a NUL character; remove it.", field=field)
    if len(text) > limit:
        raise ActionError(f"The {field} has {len(text)} characters; at most {limit} fit.", field=field)
