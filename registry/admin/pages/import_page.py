"""The panels of an import: what it would bring or has brought, the way onward, and what it refused."""

from collections.abc import Mapping
from typing import Any

from django.db.models import Count
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

from mlcore.chem import drawing
from registry.admin.lists.new_in_import import new_structures
from registry.admin.parts import display
from registry.admin.parts.conditions import stated
from registry.admin.parts.evidence import method_text
from registry.admin.parts.imported import reason_text
from registry.admin.parts.panels import Panel, list_of, table
from registry.models import Candidate, ImportRun, Measurement, Property, RejectedRow, Structure
from registry.search.selection import select_candidates
from registry.search.sentence import counted

SHOWN = 25  # refused rows


def first_rows(run: ImportRun) -> list[Panel]:
    """Of a preview: the first rows to be imported, as they will be stored."""
    rows = run.metrics.get("first_rows") or []
    if not rows:
        return []
    properties = Property.objects.in_bulk({v["property"] for row in rows for v in row["values"]}, field_name="name")
    found = Structure.objects.filter(kind=run.structure_kind, key__in=[row["key"] for row in rows])
    candidates = {row.key: getattr(row, "candidate", None) for row in found.select_related("candidate")}
    return [
        table(
            "The first rows, as they will be stored",
            ["row", "structure", "value", "conditions", "candidate"],
            [[row["row"], _structure(row["smiles"]), _values(row, properties), _conditions(row),
              _candidate(candidates.get(row["key"]))] for row in rows],
            note=f"{len(rows)} of {run.rows_imported:,}",
        )
    ]  # fmt: skip


def _structure(smiles: str) -> SafeString:
    """Drawn here, since a structure that a preview found may not be in the registry yet."""
    svg = mark_safe(drawing.svg(smiles, 220, 80))  # noqa: S308 - drawn from the molecule; no text reaches it
    return format_html('<span class="sv-drawn">{}</span><code class="sv-smiles">{}</code>', svg, smiles)


def _values(row: Mapping[str, Any], properties: Mapping[str, Property]) -> SafeString:
    told = (_value(row | one, properties[one["property"]]) for one in row["values"])  # older previews: one method a row
    return format_html_join("", "<div>{}</div>", ((one,) for one in told))


def _value(one: Mapping[str, Any], property_: Property) -> object:
    """With its method: two columns of one property differ in nothing else."""
    method = method_text(one.get("method", Measurement.Method.OTHER), one.get("method_detail", ""))
    what = ", ".join(filter(None, [property_.label, method]))
    if one["value"] is None:
        return f"{what}: none, {one['missing_reason']}"
    value = display.measured(one["value"], one["standard_deviation"], property_)
    return format_html('{}<br><small class="sv-faint">{}</small>', value, what)


def _conditions(row: Mapping[str, Any]) -> str:
    named = {name: row.get(name) for name in ("temperature_k", "salt", "concentration")}
    return stated(named | dict(row.get("conditions") or {})) or "–"


def _candidate(candidate: Candidate | None) -> SafeString:
    return display.link(candidate, f"candidate {candidate.pk}") if candidate else display.EMPTY


def onward(run: ImportRun) -> SafeString:
    """Links to what came in, each with its number; those of nothing are left out."""
    measured = select_candidates({"import_run": run.pk}).count()
    parts = [
        (list_of(Measurement, import_run__id__exact=run.pk), run.measurements_created, "measurement"),
        (list_of(Structure, new_in=run.pk), new_structures(run).count(), "new structure"),
        (list_of(Candidate, import_run=run.pk), measured, "measured candidate"),
    ]
    links = [(url, counted(n, word)) for url, n, word in parts if n]
    return format_html_join(", ", '<a class="sv-link" href="{}">{}</a>', links) if links else display.EMPTY


def refusals(run: ImportRun) -> list[Panel]:
    """Why, how often, and the first rows; folded away where rows did come in."""
    if not run.rows_rejected:
        return []
    counts = run.rejected_rows.order_by().values_list("code").annotate(n=Count("pk")).order_by("-n", "code")
    context = {
        "open": not run.applied,
        "count": run.rows_rejected,
        "reasons": [(reason_text(code), n) for code, n in counts],
        "rows": [(row, row.raw_text if len(row.raw_text) <= 160 else f"{row.raw_text[:160]}…")
                 for row in run.rejected_rows.all()[:SHOWN]],
    }  # fmt: skip
    link = list_of(RejectedRow, import_run__id__exact=run.pk)
    return [Panel("Rejected rows", "registry/parts/refused.html", context, link=link)]
