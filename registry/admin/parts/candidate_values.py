"""What models predict of a structure, with what that rests on, beside what was measured."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Prefetch, QuerySet

from registry.admin.parts import display
from registry.admin.parts.comparison import compared
from registry.admin.parts.conditions import conditions, stated
from registry.admin.parts.evidence import evidence, method_text
from registry.models import Alias, Measurement, Prediction, Property, Structure


def values_of(structure: Structure) -> list[dict[str, Any]]:
    """One entry for each property: its predictions, the champion's first, and its measurements."""
    entries: dict[int, dict[str, Any]] = {}
    for p in _predictions(structure):
        _entry(entries, p.property)["predicted"].append(p)
    for m in measured_of([structure.pk]):
        _entry(entries, m.property)["measured"].append(m)
    for entry in entries.values():
        first = min(entry["predicted"], key=lambda one: not _is_champion(one), default=None)
        entry["measured"] = [_measured(m, first) for m in entry["measured"]]
        predicted = sorted(entry["predicted"], key=lambda one: not _is_champion(one))
        entry["predicted"] = [_predicted(p) for p in predicted]
    return sorted(entries.values(), key=lambda entry: entry["property"].name)


def measured_of(structures: Iterable[int]) -> QuerySet[Measurement]:
    """Values that stand."""
    rows = Measurement.objects.filter(structure__in=structures, value__isnull=False, retired_at=None)
    return rows.select_related("property", "dataset").order_by("property__name", "pk")


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
    return rows.prefetch_related(aliases, "model_version__properties").order_by("property__name", "-model_version_id")


def _is_champion(row: Prediction) -> bool:
    return bool(row.model_version.aliases.all())


def _predicted(row: Prediction) -> dict[str, Any]:
    return {
        "value": display.uncertain(row.value, row.standard_deviation, row.property),
        "domain": display.domain(row.in_domain),
        "version": row.model_version,
        "champion": _is_champion(row),
        "conditions": stated(row.conditions),
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
