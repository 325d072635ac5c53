"""The figures of several versions, row by row, with the best of a row where that can be said."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from registry.admin.parts.figures import COVERED, LOWER, NEITHER, PARTS, Figure, figures
from registry.admin.parts.held_out import Footing
from registry.models import ModelVersion


class Cell(NamedTuple):
    text: str
    best: bool = False
    change: str = ""


class Row(NamedTuple):
    label: str
    unit: str
    cells: list[Cell]


class Group(NamedTuple):
    """Rows of one subject. folded: figures that steered the training and prove nothing."""

    title: str
    rows: list[Row]
    folded: bool


def groups(versions: Sequence[ModelVersion], footing: Footing) -> list[Group]:
    """A row for each figure that any of them has, in the order of the first that has it."""
    columns = [{(f.part, f.subject, f.key): f for f in figures(version)} for version in versions]
    groups: dict[tuple[str, str], list[Row]] = {}
    for place in merged(columns):
        row = [column.get(place) for column in columns]
        groups.setdefault(place[:2], []).append(_row(row, footing))
    return [Group(_title(*place), rows, place[0] == "valid") for place, rows in groups.items()]


def _row(row: Sequence[Figure | None], footing: Footing) -> Row:
    known = [figure for figure in row if figure]
    best = _best(known, footing) if len(known) == len(row) else None
    first = known[0]
    cells = [
        Cell(f.text(4), f.value == best, _change(row[0], f) if place else "") if f else Cell("–")
        for place, f in enumerate(row)
    ]
    return Row(first.measure.label, first.unit, cells)


def _best(known: Sequence[Figure], footing: Footing) -> float | None:
    """The best value, where one is better at all and all were measured alike."""
    measure, values = known[0].measure, [figure.value for figure in known]
    fair = (
        (footing.same_rows or not measure.held_out)
        and (footing.same_reference or not measure.own_reference)
        and (footing.same_tokens or not measure.label.startswith("Loss"))
        and len({figure.n for figure in known}) == 1
    )
    if not fair or measure.better == NEITHER or len(set(values)) == 1:
        return None
    if measure.better == "nearest":
        return min(values, key=lambda value: abs(value - COVERED))
    return min(values) if measure.better == LOWER else max(values)


def _title(part: str, subject: str) -> str:
    return f"{subject}, {PARTS[part]}" if part else subject


def merged(columns: Iterable[Mapping[Any, Any]]) -> list[Any]:
    return list(dict.fromkeys(place for column in columns for place in column))


def _change(first: Figure | None, other: Figure) -> str:
    """Against the first version, of its value."""
    if first is None or not first.value or other.measure.better == NEITHER or first.value == other.value:
        return ""
    text = f"{100 * (other.value - first.value) / abs(first.value):+.1f} %"
    return "" if text in ("+0.0 %", "-0.0 %") else text
