"""What models predict of a structure, with what that rests on, beside what was measured."""

from collections.abc import Iterable
from typing import Any, NamedTuple

from django.db.models import Prefetch, QuerySet
from django.utils.safestring import SafeString

from registry.actions.leading_lines import leading_versions
from registry.admin.parts import display, domain
from registry.admin.parts.comparison import closest, compared, likeness
from registry.admin.parts.conditions import conditions, stated
from registry.admin.parts.evidence import evidence, method_text
from registry.admin.parts.levels import predicted_at
from registry.admin.parts.panels import list_of
from registry.admin.parts.temperature_chart import temperature_chart
from registry.admin.parts.temperature_curve import Series, over_temperatures
from registry.models import Alias, Measurement, ModelVersion, Prediction, Property, Structure

MEASURED = 20  # values of one property that a page has beside its predictions
UNFOLDED = 4  # of these that are in sight; the others are a click away


def values_of(structure: Structure) -> list[dict[str, Any]]:
    """One entry for each property: its predictions, that of lists first, and the measurements most like them."""
    reasons = domain.Reasons()
    return [
        {
            "property": known.property,
            "predicted": [_predicted(one, known.leader, reasons) for one in over_temperatures(known.predicted)],
            **_beside(_most_alike(known)),
            "more": max(0, len(known.measured) - MEASURED),
            "all": measured_list(structure, property__id__exact=known.property.pk),
            "curve": _curve(known),
        }
        for known in _known_of(structure)
    ]


def curves_of(structure: Structure) -> list[SafeString]:
    """What was predicted over the temperature, a chart for each property that has it."""
    return [curve for known in _known_of(structure) if (curve := _curve(known))]


def measured_list(structure: Structure, **filters: object) -> str:
    """Address of the list of the structure's values that stand."""
    standing = {"value__isnull": False, "retired_at__isnull": True}
    return list_of(Measurement, structure__id__exact=structure.pk, **standing, **filters)


def standing_values() -> QuerySet[Measurement]:
    """Values that nobody retired."""
    return Measurement.objects.filter(value__isnull=False, retired_at=None).order_by("pk")


def measured_of(structures: Iterable[int]) -> QuerySet[Measurement]:
    """Values that stand, of these structures."""
    rows = standing_values().filter(structure__in=structures)
    return rows.select_related("property", "dataset").order_by("property__name", "pk")


def measured_briefly(structure: Structure, property_: Property) -> str:
    """The latest value in a line: measured 2.10×10⁻⁴ at 333 K; of one by DFT, computed. Empty without one.

    structure: with its `standing_values` fetched in advance, for a list.
    """
    rows = [m for m in structure.standing_values if m.property_id == property_.pk]  # type: ignore[attr-defined]
    if not rows:
        return ""
    last = rows[-1]
    word = "computed" if last.method in Measurement.CALCULATED else "measured"
    kelvin = "" if last.temperature_k is None else f" at {display.number(last.temperature_k, 5)} K"
    more = f", {len(rows) - 1} more" if len(rows) > 1 else ""
    return f"{word} {display.reported(last.value, property_)}{kelvin}{more}"


def measured_value(row: Measurement) -> str:
    """With its standard deviation; the reason where there is no value."""
    if row.value is None:
        return row.missing_reason
    return display.measured(row.value, row.standard_deviation, row.property)


class _Known(NamedTuple):
    """Of one property of one structure: predictions, that of lists first, then champions', and measurements.

    leader: the version whose predictions lists show.
    """

    property: Property
    predicted: list[Prediction]
    measured: list[Measurement]
    leader: int | None


def _known_of(structure: Structure) -> list[_Known]:
    predictions, measurements = list(_predictions(structure)), list(measured_of([structure.pk]))
    properties = {row.property_id: row.property for row in (*predictions, *measurements)}
    leading = leading_versions(properties)
    found = {pk: _Known(item, [], [], leading.get(pk)) for pk, item in properties.items()}

    def order(row: Prediction) -> tuple[bool, bool]:
        return row.model_version_id != leading.get(row.property_id), not _is_champion(row)

    for p in sorted(predictions, key=order):
        found[p.property_id].predicted.append(p)
    for m in measurements:
        found[m.property_id].measured.append(m)
    return sorted(found.values(), key=lambda known: known.property.name)


def _curve(known: _Known) -> SafeString:
    return temperature_chart(known.property, over_temperatures(known.predicted), known.measured)


def _most_alike(known: _Known) -> list[dict[str, Any]]:
    """The first few where there are many, those under the conditions of their prediction before all others."""
    pairs = list(zip(known.measured, closest(known.measured, known.predicted), strict=True))
    if len(pairs) > UNFOLDED:
        pairs.sort(key=lambda pair: likeness(*pair))
    beside = known.predicted[0].model_version if known.predicted else None
    return [_measured(m, predicted, beside) for m, predicted in pairs[:MEASURED]]


def _beside(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Those in sight, those folded away, and why none of them is compared where all have that one reason.

    A single one too many is not worth a fold.
    """
    reasons = {row["compared"].unlike for row in rows if not row["compared"].distance}
    alike = len(rows) > 1 and len(reasons) == 1 and not any(row["compared"].distance for row in rows)
    sight = UNFOLDED if len(rows) > UNFOLDED + 1 else len(rows)
    return {"measured": rows[:sight], "folded": rows[sight:], "unlike": reasons.pop() if alike else ""}


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


def _predicted(series: Series, leader: int | None, reasons: domain.Reasons) -> dict[str, Any]:
    row = series.shown
    return {
        "value": display.uncertain(row.value, row.standard_deviation, row.property),
        "interval": display.interval(row.value, row.standard_deviation, row.property),
        "level": predicted_at(row),
        "domain": domain.flag(row),
        "outside": reasons.of(row),
        "version": row.model_version,
        "champion": _is_champion(row),
        "leads": row.model_version_id == leader,
        "conditions": stated(row.conditions),
        "more": series.more,
        "more_outside": series.outside,
        "evidence": evidence(row.model_version, row.property),
    }


def _measured(row: Measurement, predicted: Prediction | None, beside: ModelVersion | None) -> dict[str, Any]:
    """by: whose prediction it is compared with, where that is not the version whose prediction stands beside it."""
    version = predicted.model_version if predicted else None
    parts = [method_text(row.method, row.method_detail), conditions(row), str(row.dataset)]
    return {
        "row": row,
        "value": measured_value(row),
        "compared": compared(row, predicted),
        "by": version if version != beside else None,
        "how": ", ".join(part for part in parts if part),
    }
