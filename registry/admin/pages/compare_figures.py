"""The figures of several versions, row by row, with the best of a row where that can be said."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from registry.admin.parts.figures import COVERED, LOWER, NEITHER, PARTS, Figure, figures
from registry.admin.parts.held_out import Footing
from registry.models import Alias, ModelVersion


class Cell(NamedTuple):
    text: str
    best: bool = False
    change: str = ""


class Row(NamedTuple):
    label: str
    unit: str
    cells: list[Cell]
    what: str = ""


class Group(NamedTuple):
    """Rows of one subject. folded: figures that steered the training and prove nothing."""

    title: str
    rows: list[Row]
    folded: bool


def groups(versions: Sequence[ModelVersion], footing: Footing) -> list[Group]:
    """A row for each figure that any of them has, in the order of the first that has it."""
    columns = [{(f.part, f.subject, f.key): f for f in figures(version)} for version in versions]
    groups: dict[tuple[str, str], list[Row]] = {}
    base = baseline(versions)
    for place in merged(columns):
        row = [column.get(place) for column in columns]
        groups.setdefault(place[:2], []).append(_row(row, base, footing))
    return [Group(_title(*place), rows, place[0] == "valid") for place, rows in groups.items()]


def baseline(versions: Sequence[ModelVersion]) -> int:
    """The place of the version that the others are told against: a champion, or else the first."""
    crowned = (n for n, version in enumerate(versions) if Alias.CHAMPION in {one.name for one in version.aliases.all()})
    return next(crowned, 0)


def _row(row: Sequence[Figure | None], base: int, footing: Footing) -> Row:
    known = [figure for figure in row if figure]
    fair = _alike(known, footing)
    best = _best(known) if fair and len(known) == len(row) else None
    cells = [
        Cell(f.text(4), f.value == best, _change(row[base], f) if fair and place != base else "") if f else Cell("–")
        for place, f in enumerate(row)
    ]
    return Row(known[0].measure.label, known[0].unit, cells)


def _alike(known: Sequence[Figure], footing: Footing) -> bool:
    """Whether all were measured on the same, and on enough of it, so that one can be told against another."""
    measure = known[0].measure
    same_rows = footing.same_folds if known[0].part == "folds" else footing.same_rows
    return (
        (same_rows or not measure.held_out)
        and (footing.same_reference or not measure.own_reference)
        and (footing.same_tokens or not measure.label.startswith("Loss"))
        and len({figure.n for figure in known}) == 1
        and not known[0].few
    )


def _best(known: Sequence[Figure]) -> float | None:
    """The best value, where one is better at all."""
    measure, values = known[0].measure, [figure.value for figure in known]
    if measure.better == NEITHER or len(set(values)) == 1:
        return None
    if measure.better == "nearest":
        return min(values, key=lambda value: abs(value - COVERED))
    return min(values) if measure.better == LOWER else max(values)


def _title(part: str, subject: str) -> str:
    return f"{subject}, {PARTS[part]}" if part else subject


def merged(columns: Iterable[Mapping[Any, Any]]) -> list[Any]:
    return list(dict.fromkeys(place for column in columns for place in column))


def _change(base: Figure | None, other: Figure) -> str:
    """Against the baseline: of shares the percentage points between them, else in percent of its value."""
    if base is None or other.measure.better == NEITHER:
        return ""
    share = other.measure.kind == "share"
    if not share and not base.value:
        return ""
    text = f"{100 * (other.value - base.value) / (1 if share else abs(base.value)):+.1f}"
    if text in ("+0.0", "-0.0"):
        return ""
    return f"{text} points" if share else f"{text} %"
