"""What one row of an export holds: candidates with their scores and decisions, measurements, structures."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Prefetch

from registry.actions.decide import STATUS_AFTER
from registry.formats.writing import Column
from registry.models import Candidate, CandidateScore, Decision, ExportRun, Measurement, Property, Structure
from registry.search.measurements import check_measurements, check_structures, select_measurements, select_structures
from registry.search.selection import check_selection, select_candidates

CHUNK = 2_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """An export before it is written."""

    columns: list[Column]
    rows: Iterator[Row]
    total: int


def contents(subject: str, selection: Mapping[str, Any]) -> Contents:
    """The rows of a subject that a selection asks for.

    Raises: SelectionError.
    """
    return SUBJECTS[subject][1](selection)


def check_contents(subject: str, selection: Mapping[str, Any]) -> None:
    """Raise SelectionError when the selection makes no sense; nothing is read."""
    SUBJECTS[subject][0](selection)


def _columns(text: str) -> list[Column]:
    """`id:integer smiles` as columns."""
    return [Column(*word.split(":")) for word in text.split()]


STRUCTURE = "smiles key formula mass:number charge:integer heavy_atoms:integer elements sa_score:number"


def _structure(item: Structure) -> Row:
    names = ("smiles", "key", "formula", "mass", "charge", "heavy_atoms", "sa_score")
    return {name: getattr(item, name) for name in names} | {"elements": " ".join(item.elements)}


def candidates(selection: Mapping[str, Any]) -> Contents:
    """One row a candidate; for every property its score, standard deviation, domain and model version."""
    chosen = select_candidates(selection)
    scores = CandidateScore.objects.select_related("property", "prediction__model_version__model")
    standing = Decision.objects.filter(undone_by=None, verdict__in=STATUS_AFTER).select_related("reviewer")
    rows = chosen.select_related("structure", "assignee").prefetch_related(
        "tags",
        Prefetch("scores", scores),
        Prefetch("decisions", standing.order_by("pk"), to_attr="standing"),
    )
    properties = Property.objects.filter(pk__in=CandidateScore.objects.values("property")).order_by("name")
    columns = _columns(f"id:integer {STRUCTURE} status assignee tags decision decision_reason decided_by decided_at")
    for item in properties:
        columns += _columns(
            f"{item.name}:number {item.name}_std:number {item.name}_in_domain:boolean {item.name}_model"
        )
    columns += _columns("created_at")
    return Contents(columns, map(_candidate, rows.iterator(chunk_size=CHUNK)), chosen.count())


def _candidate(item: Candidate) -> Row:
    decision: Decision | None = item.standing[-1] if item.standing else None  # type: ignore[attr-defined]
    row: Row = {"id": item.pk} | _structure(item.structure)
    row |= {
        "status": item.status,
        "assignee": item.assignee.get_username() if item.assignee else "",
        "tags": " ".join(sorted(tag.name for tag in item.tags.all())),
        "decision": decision.verdict if decision else "",
        "decision_reason": decision.reason if decision else "",
        "decided_by": decision.reviewer.get_username() if decision else "",
        "decided_at": decision.created_at.isoformat() if decision else "",
        "created_at": item.created_at.isoformat(),
    }
    for score in item.scores.all():
        name, version = score.property.name, score.prediction.model_version
        row[name] = score.value
        row[f"{name}_std"] = score.standard_deviation
        row[f"{name}_in_domain"] = score.in_domain
        row[f"{name}_model"] = f"{version.model.name}@{version.number}"
    return row


def measurements(selection: Mapping[str, Any]) -> Contents:
    """One row a measurement, with the unit that its value is in."""
    chosen = select_measurements(selection)
    rows = chosen.select_related("structure", "property", "dataset", "added_in", "retired_in")
    columns = _columns(
        "id:integer dataset smiles key property value:number unit standard_deviation:number missing_reason method "
        "method_detail temperature_k:number salt concentration:number conditions source_id source_row:integer "
        "added_in:integer retired_in:integer retired_reason created_at"
    )
    return Contents(columns, map(_measurement, rows.iterator(chunk_size=CHUNK)), chosen.count())


def _measurement(item: Measurement) -> Row:
    as_stored = ("value", "standard_deviation", "missing_reason", "method", "method_detail", "temperature_k", "salt",
                 "concentration", "source_id", "source_row", "retired_reason")  # fmt: skip
    return {name: getattr(item, name) for name in as_stored} | {
        "id": item.pk,
        "dataset": item.dataset.slug,
        "smiles": item.structure.smiles,
        "key": item.structure.key,
        "property": item.property.name,
        "unit": item.property.unit,
        "conditions": json.dumps(item.conditions, sort_keys=True, ensure_ascii=False) if item.conditions else "",
        "added_in": item.added_in.number if item.added_in else None,
        "retired_in": item.retired_in.number if item.retired_in else None,
        "created_at": item.created_at.isoformat(),
    }


def structures(selection: Mapping[str, Any]) -> Contents:
    """One row a structure."""
    chosen = select_structures(selection)
    rows = (
        {"id": item.pk, "kind": item.kind, "created_at": item.created_at.isoformat()} | _structure(item)
        for item in chosen.iterator(chunk_size=CHUNK)
    )
    return Contents(_columns(f"id:integer kind {STRUCTURE} created_at"), rows, chosen.count())


# What checks a selection, and what gives its rows.
SUBJECTS: dict[str, tuple[Callable[[Mapping[str, Any]], object], Callable[[Mapping[str, Any]], Contents]]] = {
    ExportRun.Subject.CANDIDATES: (check_selection, candidates),
    ExportRun.Subject.MEASUREMENTS: (check_measurements, measurements),
    ExportRun.Subject.STRUCTURES: (check_structures, structures),
}
