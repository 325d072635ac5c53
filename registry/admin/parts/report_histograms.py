"""Histograms of evaluations: SA score, size and predicted property of the strings against the reference."""

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django.utils.safestring import SafeString

from registry.admin.parts.display import unit_text
from registry.admin.parts.evaluation import Report
from registry.admin.parts.histogram import REFERENCE, Bars, histogram
from registry.admin.parts.settings_text import phrase

OUTER = "the outermost bins hold what lies beyond them, too"
TITLES = {"sa": "SA score", "sa_score": "SA score", "heavy_atoms": "Heavy atoms", "mass": "Molar mass"}


def histograms(reports: Sequence[Report], names: Sequence[str]) -> list[SafeString]:
    """One drawing for each quantity, with an outline a report; the reference where all have the same."""
    found: dict[str, dict[str, Bars]] = {}
    about: dict[str, Mapping[str, Any]] = {}
    shared = len({report.reference.get("sha256") for report in reports}) == 1
    for place, (report, name) in enumerate(zip(reports, names, strict=True)):
        for one in _sound(report):
            series = found.setdefault(one["name"], {})
            about.setdefault(one["name"], one)
            if shared and one.get("reference") and not any(bars.colour == REFERENCE for bars in series.values()):
                kind = one.get("reference_values")  # measured or predicted, of a property
                series[f"reference, {kind}" if kind else "reference"] = _bars(one, "reference", REFERENCE)
            series[name] = _bars(one, "sample", place)
    drawn = (
        histogram(_title(name, reports), found[name], unit_text(str(one.get("unit") or "")), _log(one), _by(one))
        for name, one in about.items()
    )
    return [drawing for drawing in drawn if drawing]


def _sound(report: Report) -> Iterator[Mapping[str, Any]]:
    """Those with increasing edges and a count for each bin."""
    listed = report.content.get("histograms")
    for one in listed if isinstance(listed, list) else []:
        edges, counts = (one.get(part) or [] for part in ("edges", "sample"))
        if one.get("name") and len(edges) == len(counts) + 1 > 1 and list(edges) == sorted(set(edges)):
            yield one


def _bars(one: Mapping[str, Any], part: str, colour: int) -> Bars:
    edges = [math.log10(edge) for edge in one["edges"]] if _log(one) and min(one["edges"]) > 0 else one["edges"]
    return Bars(edges, one[part], colour)


def _log(one: Mapping[str, Any]) -> bool:
    return one.get("scale") == "log10"


def _by(one: Mapping[str, Any]) -> str:
    return f"by {one['judge']}" if one.get("judge") else ""


def _title(name: str, reports: Sequence[Report]) -> str:
    """A property's label, as predicted; else what the report calls it, in words."""
    known = {item.name: item.label for report in reports for item in report.run.model_version.properties.all()}
    plain = name.removeprefix("predicted_")
    if plain in known:
        return f"Predicted {known[plain][:1].lower()}{known[plain][1:]}"
    return TITLES.get(name, phrase(name))
