"""All that is known of one candidate, on one page."""

from typing import Any

from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.text import Truncator

from registry.actions.decide import Decide
from registry.actions.tag_candidates import TagCandidates
from registry.admin.forms.curation import curators, frequent_reasons
from registry.admin.lists.walk import place_of
from registry.admin.parts import display
from registry.admin.parts.candidate_values import measured_of, measured_value, values_of
from registry.admin.parts.conditions import conditions
from registry.admin.parts.evidence import trained_on
from registry.admin.parts.history import history
from registry.admin.parts.panels import go
from registry.admin.structure import identity_facts
from registry.models import Candidate, Decision, Measurement, Property, Structure, Tag
from registry.search.similarity import nearest

NEIGHBOURS = 6
VALUES = 3  # measured of a neighbour that are shown
SAME = 1 - 1e-9  # a similarity at which every bit agrees
ORIGINS = 50  # of a structure that is drawn again and again
LONG = 240  # characters of a comment that are shown unasked


def candidate_page(model_admin: Any, request: HttpRequest, row: Candidate) -> dict[str, Any]:
    structure = row.structure
    return {
        "candidate": row,
        "structure": structure,
        "picture": display.drawing(structure, 520, 320, "sv-large"),
        "status": display.status(row),
        "facts": identity_facts(structure)[1:],
        "tags": list(row.tags.all()),
        "place": place_of(model_admin, request, row),
        "filters": request.GET.get("_changelist_filters", ""),
        "address": display.url(row) + (f"?{request.GET.urlencode()}" if request.GET else ""),
        "values": values_of(structure),
        "neighbours": _neighbours(structure),
        "origins": _origins(row),
        "more_origins": max(0, row.proposals.count() - 1),
        "decisions": _decisions(row),
        "audit": history(row),
        "buttons": _buttons(request, structure),
        "may_decide": request.user.has_perm(Decide.permission),
        "may_label": request.user.has_perm(TagCandidates.permission),
        "curators": curators(),
        "all_tags": Tag.objects.values_list("name", flat=True),
        "reasons": frequent_reasons(),
    }


def _buttons(request: HttpRequest, structure: Structure) -> list[Any]:
    known = go(request, "registry.view_structure", "Structure", "registry_structure_change", "hub",
               args=[structure.pk])  # fmt: skip
    record = go(request, "registry.add_measurement", "Record a measurement", "registry_measurement_record", "labs",
                query=f"structure={structure.pk}")  # fmt: skip
    return [button for button in (known, record) if button]


def _neighbours(structure: Structure) -> list[dict[str, Any]]:
    """The most similar structures that somebody has measured, with what was measured: what candidates are judged by
    comes first, and what follows from the structure alone is left out."""
    found = nearest(structure, limit=NEIGHBOURS, measured_only=True)
    rows = measured_of([row.pk for row, _ in found]).exclude(method=Measurement.Method.COMPUTED)
    values: dict[int, list[Any]] = {}
    for m in sorted(rows, key=lambda one: one.property.better == Property.Better.NEITHER):
        shown = values.setdefault(m.structure_id, [])
        if len(shown) < VALUES:
            shown.append((m.property, _brief(m), conditions(m)))
    return [
        {
            "structure": row,
            "picture": display.drawing(row),
            "similarity": "1.00" if similarity > SAME else f"{min(similarity, 0.99):.2f}",
            "twin": similarity > SAME,
            "percent": f"{100 * similarity:.0f}",
            "values": values.get(row.pk, []),
        }
        for row, similarity in found
    ]


def _brief(row: Measurement) -> SafeString | str:
    """To the digits that its deviation leaves, else to those of predictions: what it says in full is a click away."""
    if row.value is None or row.standard_deviation is not None:
        return measured_value(row)
    return display.quantity(row.value, row.property)


def _origins(row: Candidate) -> list[dict[str, Any]]:
    """How it was found, each time: from the string back to the data. The first time comes first."""
    proposals = row.proposals.select_related("run__model_version__model", "run__job__created_by",
                                             "run__model_version__dataset_version__dataset").order_by("pk")  # fmt: skip
    return [{"proposal": p, "number": p.rank + 1, "data": trained_on(p.run.model_version)} for p in proposals[:ORIGINS]]


def _decisions(row: Candidate) -> list[dict[str, Any]]:
    decisions = row.decisions.select_related("reviewer", "undone_by__reviewer", "undoes").order_by("-pk")
    return [
        {
            "row": decision,
            "verdict": display.verdict(decision),
            "when": display.when(decision.created_at),
            "comment": _clamped(decision.comment),
            "undone_by": getattr(decision, "undone_by", None),
            "can_undo": decision.verdict != Decision.Verdict.UNDO and not hasattr(decision, "undone_by"),
        }
        for decision in decisions
    ]


def _clamped(text: str) -> dict[str, Any]:
    """The start of a long comment, to be opened by whoever wants the rest."""
    more = len(text) > LONG or text.count("\n") > 5
    return {"more": more, "start": Truncator(" ".join(text.split())).chars(160) if more else text}
