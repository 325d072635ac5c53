"""The evaluations of several runs, measure by measure: as a table, as pictures, and as a file."""

import csv
import io
from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from django.utils.safestring import SafeString

from registry.admin.pages.compare_figures import Cell, Group, Row
from registry.admin.parts.dots import Dot, dot_chart
from registry.admin.parts.evaluation import BLIND, DISTANCES, Line, Report, lines
from registry.admin.parts.figures import LOWER, NEITHER
from registry.catalogue.published import Published
from registry.formats.writing import safe_cell

ABOVE = "above"  # of a published row: its own judge's share


def groups(reports: Sequence[Report], others: Sequence[Published] = ()) -> list[Group]:
    """A row for each measure that any run has; the best is marked where the runs can be compared."""
    found = []
    for title, members in groupby(lines(reports), key=lambda line: line.group):
        rows = [_row(line, reports, others) for line in members]
        found.append(Group(title, rows, False))
    return found


def _row(line: Line, reports: Sequence[Report], others: Sequence[Published]) -> Row:
    best = _best(line, reports)
    cells = [_cell(line, report, best) for report in reports]
    return Row(line.measure.label, "", [*cells, *(_cited(line, row) for row in others)], line.what)


def _cited(line: Line, row: Published) -> Cell:
    text = published_text(line, row)
    return Cell(text, change="by its own judge" if line.key.startswith("judge.") and text != "–" else "")


def _cell(line: Line, report: Report, best: float | None) -> Cell:
    value = report.values.get(line.key)
    return Cell("–") if value is None else Cell(line.text(value), value == best)


def _best(line: Line, reports: Sequence[Report]) -> float | None:
    """The best value, where one is better and all were counted on the same."""
    values = [report.values.get(line.key) for report in reports]
    known = [value for value in values if value is not None]
    if len(known) < len(values) or len(set(known)) < 2 or line.measure.better == NEITHER:
        return None
    if not comparable(reports) or not (line.key in BLIND or line.key.startswith("judge.") or one_reference(reports)):
        return None
    return min(known) if line.measure.better == LOWER else max(known)


def comparable(reports: Sequence[Report]) -> bool:
    """The same number of strings of the same kind, drawn for the same wish."""
    return len({(r.n, r.population, tuple(sorted(r.run.condition.items()))) for r in reports}) == 1


def one_reference(reports: Sequence[Report]) -> bool:
    return len({report.reference.get("sha256") for report in reports}) == 1


def published_text(line: Line, row: Published) -> str:
    """One figure, or the range of several; a judge's share is that of the publication's own judge."""
    found = row.measures.get(ABOVE if line.key.startswith("judge.") else line.key)
    if found is None:
        return "–"
    return "–".join(dict.fromkeys(line.text(value).removesuffix("\u00a0%") for value in found)) + (
        "\u00a0%" if line.measure.kind == "share" else ""
    )


def pictures(reports: Sequence[Report], others: Sequence[Published]) -> Iterator[SafeString]:
    """A chart for each measure."""
    for line in lines(reports):
        best = _best(line, reports)
        dots = [
            Dot(f"run {report.run.pk}", value, value, line.text(value), place, value == best)
            for place, report in enumerate(reports)
            if (value := report.values.get(line.key)) is not None
        ]
        dots += [
            Dot(row.name, *row.measures[line.key], published_text(line, row))
            for row in others
            if line.key in row.measures
        ]
        yield dot_chart(_title(line), dots, line.measure.kind == "share")


def _title(line: Line) -> str:
    """Without its group a judge's or a distance's label says too little."""
    if line.key.startswith("judge."):
        return f"{line.group}, by {line.measure.label}"
    return f"Distance: {line.measure.label}" if line.group == DISTANCES else line.measure.label


def as_csv(heads: Sequence[str], facts: Sequence[tuple[str, Sequence[Any]]], reports: Sequence[Report],
           others: Sequence[Published]) -> str:  # fmt: skip
    """Facts, then measures with all their digits; of a published range both ends."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(map(safe_cell, ["", "", *heads]))
    writer.writerows([safe_cell(cell) for cell in ["", label, *cells]] for label, cells in facts)
    for line in lines(reports):
        values = [report.values.get(line.key) for report in reports]
        cited = [row.measures.get(line.key) for row in others]
        cells = ["" if value is None else repr(value) for value in values]
        cells += [" to ".join(dict.fromkeys(map(repr, pair))) if pair else "" for pair in cited]
        writer.writerow([safe_cell(line.group), safe_cell(line.measure.label), *cells])
    return text.getvalue()
