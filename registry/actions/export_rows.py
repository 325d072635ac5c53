"""What one row of an export holds: candidates with scores and decisions, measurements, structures, predictions."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, QuerySet

from registry.actions.decide import STATUS_AFTER
from registry.actions.export_columns import PropertyColumns, property_columns
from registry.formats.writing import Column
from registry.models import (
    Candidate,
    CandidateScore,
    Decision,
    ExportRun,
    Measurement,
    Prediction,
    Property,
    Proposal,
    Structure,
)
from registry.search.measurements import check_measurements, check_structures, select_measurements, select_structures
from registry.search.predictions import check_predictions, select_predictions
from registry.search.selection import check_selection, select_candidates
from registry.search.sorting import sort_keys, sort_rows

CHUNK = 2_000

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Contents:
    """An export before it is written."""

    columns: list[Column]
    rows: Iterator[Row]
    total: int


def contents(subject: str, selection: Mapping[str, Any], sort: str = "") -> Contents:
    """The rows of a subject that a selection asks for, sorted as `registry.search.sorting` reads it.

    Raises: SelectionError.
    """
    _, select, describe = SUBJECTS[subject]
    return describe(sort_rows(select(selection), subject, sort, selection))


def check_contents(subject: str, selection: Mapping[str, Any], sort: str = "") -> None:
    """Raise SelectionError when the selection or the order makes no sense; nothing is read."""
    SUBJECTS[subject][0](selection)
    sort_keys(subject, sort, selection)


def _columns(text: str) -> list[Column]:
    """`id:integer smiles` as columns; `mass[g/mol]:number` has its unit after a blank."""
    words = (word.partition(":") for word in text.split())
    return [Column(name.replace("[", " ["), kind or "text") for name, _, kind in words]


STRUCTURE = "smiles key formula mass[g/mol]:number charge:integer heavy_atoms:integer elements sa_score:number"


def _structure(item: Structure) -> Row:
    names = ("smiles", "key", "formula", "charge", "heavy_atoms", "sa_score")
    plain = {name: getattr(item, name) for name in names}
    plain["sa_score"] = None if item.sa_score is None else round(item.sa_score, 2)
    return plain | {"mass [g/mol]": round(item.mass, 3), "elements": " ".join(item.elements)}


# Values that somebody measured or simulated and nobody has taken back.
_MEASURED = Measurement.objects.filter(retired_at=None, value__isnull=False).exclude(method=Measurement.Method.COMPUTED)


def candidates(chosen: QuerySet[Candidate]) -> Contents:
    """One row a candidate; for every property what the champion predicts and what has been measured."""
    scores = CandidateScore.objects.select_related("prediction__model_version__model")
    standing = Decision.objects.filter(undone_by=None, verdict__in=STATUS_AFTER).select_related("reviewer")
    rows = chosen.select_related("structure", "assignee").prefetch_related(
        "tags",
        Prefetch("scores", scores),
        Prefetch("proposals", Proposal.objects.only("run_id", "candidate_id")),
        Prefetch("decisions", standing.order_by("pk"), to_attr="standing"),
        Prefetch("structure__measurements", _MEASURED.order_by("pk"), to_attr="measured"),
    )
    found = _properties()
    columns = _columns(
        f"id:integer {STRUCTURE} status assignee tags generation_run:integer decision decision_reason "
        "decision_comment decided_by decided_at"
    )
    for item in found.values():
        columns += item.columns()
    columns += _columns("created_at")
    made = (_candidate(row, found) for row in rows.iterator(chunk_size=CHUNK))
    return Contents(columns, made, chosen.count())


def _properties() -> dict[int, PropertyColumns]:
    """Those that candidates have scores or measured values of."""
    measured = _MEASURED.filter(property=OuterRef("pk"), structure__candidate__isnull=False)
    return property_columns(
        Property.objects.filter(Exists(CandidateScore.objects.filter(property=OuterRef("pk")))),
        Property.objects.filter(Exists(measured)),
    )


def _candidate(item: Candidate, properties: Mapping[int, PropertyColumns]) -> Row:
    decision: Decision | None = item.standing[-1] if item.standing else None  # type: ignore[attr-defined]
    row: Row = {"id": item.pk} | _structure(item.structure)
    row |= {
        "status": item.status,
        "generation_run": min((proposal.run_id for proposal in item.proposals.all()), default=None),
        "assignee": item.assignee.get_username() if item.assignee else "",
        "tags": " ".join(sorted(tag.name for tag in item.tags.all())),
        "decision": decision.verdict if decision else "",
        "decision_reason": decision.reason if decision else "",
        "decision_comment": decision.comment if decision else "",
        "decided_by": decision.reviewer.get_username() if decision else "",
        "decided_at": decision.created_at.isoformat() if decision else "",
        "created_at": item.created_at.isoformat(),
    }
    scores = {score.property_id: score for score in item.scores.all()}
    measured: dict[int, list[Measurement]] = {}
    for measurement in item.structure.measured:  # type: ignore[attr-defined]
        measured.setdefault(measurement.property_id, []).append(measurement)
    for pk, columns in properties.items():
        row |= columns.of_score(scores[pk]) if pk in scores else {}
        row |= columns.of_measurements(measured[pk]) if pk in measured else {}
    return row


def measurements(chosen: QuerySet[Measurement]) -> Contents:
    """One row a measurement, with the unit that its value and its standard deviation are in."""
    rows = chosen.select_related("structure", "property", "dataset", "added_in", "retired_in")
    columns = _columns(
        "id:integer dataset smiles key property value:number unit standard_deviation:number missing_reason method "
        "method_detail temperature[K]:number salt concentration[mol/kg]:number conditions source_id "
        "source_row:integer added_in:integer retired_in:integer retired_reason created_at"
    )
    return Contents(columns, map(_measurement, rows.iterator(chunk_size=CHUNK)), chosen.count())


def _measurement(item: Measurement) -> Row:
    as_stored = ("value", "standard_deviation", "missing_reason", "method", "method_detail", "salt", "source_id",
                 "source_row", "retired_reason")  # fmt: skip
    return {name: getattr(item, name) for name in as_stored} | {
        "id": item.pk,
        "dataset": item.dataset.slug,
        "smiles": item.structure.smiles,
        "key": item.structure.key,
        "property": item.property.name,
        "unit": item.property.unit,
        "temperature [K]": item.temperature_k,
        "concentration [mol/kg]": item.concentration,
        "conditions": json.dumps(item.conditions, sort_keys=True, ensure_ascii=False) if item.conditions else "",
        "added_in": item.added_in.number if item.added_in else None,
        "retired_in": item.retired_in.number if item.retired_in else None,
        "created_at": item.created_at.isoformat(),
    }


def structures(chosen: QuerySet[Structure]) -> Contents:
    """One row a structure."""
    rows = (
        {"id": item.pk, "kind": item.kind, "created_at": item.created_at.isoformat()} | _structure(item)
        for item in chosen.iterator(chunk_size=CHUNK)
    )
    return Contents(_columns(f"id:integer kind {STRUCTURE} created_at"), rows, chosen.count())


# No column is called as values that were measured are, so that an import does not take what a model said for one.
PREDICTED, PREDICTED_STD = "predicted value", "predicted std"


def predictions(chosen: QuerySet[Prediction]) -> Contents:
    """One row a prediction, with the units of its value and of its standard deviation: decades on a log10 scale."""
    rows = chosen.select_related("structure", "property", "model_version__model").only(
        # Of a version not its configuration and metrics: a hundred thousand rows would each bring them along.
        *("value", "standard_deviation", "in_domain", "out_of_domain", "conditions", "geometry", "created_at"),
        *("scoring_run_id", "structure__smiles", "structure__key"),
        *("property__name", "property__unit", "property__scale", "model_version__number", "model_version__model__name"),
    )
    columns = [
        *_columns("id:integer smiles key property"),
        Column(PREDICTED, "number"),
        *_columns("unit"),
        Column(PREDICTED_STD, "number"),
        Column(f"{PREDICTED_STD} unit"),
        *_columns(
            "in_domain:boolean out_of_domain temperature[K]:number salt concentration[mol/kg]:number conditions "
            "geometry model_version scoring_run:integer created_at"
        ),
    ]
    return Contents(columns, map(_prediction, rows.iterator(chunk_size=CHUNK)), chosen.count())


def _prediction(item: Prediction) -> Row:
    as_stored = ("in_domain", "out_of_domain", "geometry")
    version, under = item.model_version, item.conditions
    decades = item.property.scale == Property.Scale.LOG10
    return {name: getattr(item, name) for name in as_stored} | {
        "id": item.pk,
        "smiles": item.structure.smiles,
        "key": item.structure.key,
        "property": item.property.name,
        PREDICTED: item.value,
        "unit": item.property.unit,
        PREDICTED_STD: item.standard_deviation,
        f"{PREDICTED_STD} unit": "decades" if decades else item.property.unit,
        "temperature [K]": under.get("temperature_k"),
        "salt": under.get("salt", ""),
        "concentration [mol/kg]": under.get("concentration"),
        "conditions": json.dumps(under, sort_keys=True, ensure_ascii=False) if under else "",
        "model_version": f"{version.model.name}@{version.number}",
        "scoring_run": item.scoring_run_id,
        "created_at": item.created_at.isoformat(),
    }


Check = Callable[[Mapping[str, Any]], object]
Select = Callable[[Mapping[str, Any]], QuerySet[Any]]
Describe = Callable[[QuerySet[Any]], Contents]

# What checks a selection, what finds its rows, and what writes them down.
SUBJECTS: dict[str, tuple[Check, Select, Describe]] = {
    ExportRun.Subject.CANDIDATES: (check_selection, select_candidates, candidates),
    ExportRun.Subject.MEASUREMENTS: (check_measurements, select_measurements, measurements),
    ExportRun.Subject.STRUCTURES: (check_structures, select_structures, structures),
    ExportRun.Subject.PREDICTIONS: (check_predictions, select_predictions, predictions),
}
