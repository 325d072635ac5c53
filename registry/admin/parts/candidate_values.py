"""What models predict of a structure, with what that rests on, beside what was measured."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet

from registry.actions.leading_lines import leading_versions
from registry.admin.parts import display
from registry.admin.parts.comparison import compared
from registry.admin.parts.conditions import conditions, stated
from registry.admin.parts.evidence import evidence, method_text
from registry.admin.parts.temperature_chart import temperature_chart
from registry.admin.parts.temperature_curve import Series, nearest_to, over_temperatures
from registry.models import Alias, Measurement, Prediction, Property, Structure


def values_of(structure: Structure) -> list[dict[str, Any]]:
    """One entry for each property: its predictions, that of lists first, then champions', and its measurements."""
    entries: dict[int, dict[str, Any]] = {}
    for p in _predictions(structure):
        _entry(entries, p.property)["predicted"].append(p)
    for m in measured_of([structure.pk]):
        _entry(entries, m.property)["measured"].append(m)
    leading = leading_versions(entries)
    for pk, entry in entries.items():
        leader = leading.get(pk)
        predicted = sorted(entry["predicted"], key=lambda one: (one.model_version_id != leader, not _is_champion(one)))
        series = over_temperatures(predicted)
        entry["curve"] = temperature_chart(entry["property"], series, entry["measured"])
        entry["measured"] = [_measured(m, nearest_to(m, predicted)) for m in entry["measured"]]
        entry["predicted"] = [_predicted(one, leader) for one in series]
    return sorted(entries.values(), key=lambda entry: entry["property"].name)


def standing_values() -> QuerySet[Measurement]:
    """Values that nobody retired."""
    return Measurement.objects.filter(value__isnull=False, retired_at=None).order_by("pk")


def measured_of(structures: Iterable[int]) -> QuerySet[Measurement]:
    """Values that stand, of these structures."""
    rows = standing_values().filter(structure__in=structures)
    return rows.select_related("property", "dataset").order_by("property__name", "pk")


def measured_briefly(structure: Structure, property_: Property) -> str:
    """The latest value in a line: measured 2.10×10⁻⁴ at 333 K. Empty without one.

    structure: with its `standing_values` fetched in advance, for a list.
    """
    rows = [m for m in structure.standing_values if m.property_id == property_.pk]  # type: ignore[attr-defined]
    if not rows:
        return ""
    last = rows[-1]
    word = "computed" if last.method == Measurement.Method.COMPUTED else "measured"
    kelvin = "" if last.temperature_k is None else f" at {display.number(last.temperature_k, 5)} K"
    more = f", {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"{word} {display.reported(last.value, property_)}{kelvin}{more}"


def measured_value(row: Measurement) -> str:
    """With its standard deviation; the reason where there is no value."""
    if row.value is None:
        return row.missing_reason
    return display.measured(row.value, row.standard_deviation, row.property)


def _entry(entries: dict[int, dict[str, Any]], property_: Property) -> dict[str, Any]:
    return entries.setdefault(property_.pk, {"property": property_, "predicted": [], "measured": []})


def _predictions(structure: Structure) -> Iterable[Prediction]:
    aliases = Prefetch("model_version__aliases", Alias.objects.filter(name=Alias.CHAMPION))
    rows = structure.predictions.select_related(
        "property", "model_version__model", "model_version__dataset_version__dataset"
    )
    return rows.prefetch_related(aliases, "model_version__properties").order_by(
        "property__name", "-model_version_id", "-pk"
    )


def _is_champion(row: Prediction) -> bool:
    return bool(row.model_version.aliases.all())


def _predicted(series: Series, leader: int | None) -> dict[str, Any]:
    row = series.shown
    return {
        "value": display.uncertain(row.value, row.standard_deviation, row.property),
        "domain": display.domain(row.in_domain),
        "version": row.model_version,
        "champion": _is_champion(row),
        "leads": row.model_version_id == leader,
        "conditions": stated(row.conditions),
        "more": series.more,
        "evidence": evidence(row.model_version, row.property),
    }


def _measured(row: Measurement, predicted: Prediction | None) -> dict[str, Any]:
    parts = [method_text(row.method, row.method_detail), conditions(row), str(row.dataset)]
    return {
        "row": row,
        "value": measured_value(row),
        "compared": compared(row, predicted),
        "how": ", ".join(part for part in parts if part),
    }
