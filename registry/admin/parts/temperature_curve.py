"""What was predicted at several temperatures, as one line, with what was measured beside it."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from registry.admin.parts.conditions import conditions, stated
from registry.admin.parts.display import number, unit_text
from registry.admin.parts.plot import Labels, Layer, plot
from registry.models import Measurement, Prediction, Property

KELVIN = "temperature_k"
_LINES, _MEASURED = (0, 2, 4, 5, 1), 3  # colours


@dataclass(frozen=True)
class Series:
    """Predictions of one version under conditions that differ in the temperature alone, the newest first."""

    rows: tuple[Prediction, ...]

    @property
    def shown(self) -> Prediction:
        """The one that lists show too."""
        return self.rows[0]

    @property
    def over_temperature(self) -> list[tuple[float, Prediction]]:
        """Ascending; empty for predictions without a temperature."""
        found = [(row.conditions.get(KELVIN), row) for row in self.rows]
        stated_ = [(float(kelvin), row) for kelvin, row in found if isinstance(kelvin, int | float)]
        return sorted(stated_, key=lambda pair: pair[0])

    @property
    def more(self) -> str:
        """and 5 more temperatures, 298 to 398 K."""
        kelvin = [number(at, 5) for at, _ in self.over_temperature]
        others = len(kelvin) - 1
        if others < 1:
            return ""
        return f"and {others} more temperature{'s' * (others > 1)}, {kelvin[0]} to {kelvin[-1]} K"


def over_temperatures(predictions: Sequence[Prediction]) -> list[Series]:
    """In the order of the first prediction of each."""
    groups: dict[tuple[object, ...], list[Prediction]] = {}
    for row in predictions:
        groups.setdefault((row.model_version_id, _others(row)), []).append(row)
    return [Series(tuple(rows)) for rows in groups.values()]


def nearest_to(measurement: Measurement, predictions: Sequence[Prediction]) -> Prediction | None:
    """Of the first one's version the prediction whose temperature is nearest; the first where none is stated."""
    if not predictions:
        return None
    first = predictions[0]
    mine = [row for row in predictions if row.model_version_id == first.model_version_id]
    at = measurement.temperature_k
    known = [row for row in mine if isinstance(row.conditions.get(KELVIN), int | float)]
    if at is None or not known:
        return first
    return min(known, key=lambda row: abs(float(row.conditions[KELVIN]) - at))


def temperature_chart(item: Property, found: Sequence[Series], measured: Sequence[Measurement]) -> SafeString:
    """A line for each series of at least two temperatures, a bar of one standard deviation at each point, and dots for
    measurements; "" without a line. On a log10 axis where the property's scale is log10."""
    long = [one for one in found if len(one.over_temperature) > 1]
    layers = [layer for place, one in enumerate(long) if (layer := _line(item, one, _LINES[place % len(_LINES)]))]
    if not layers:
        return SafeString("")
    unit = unit_text(item.unit)
    axis = f"log₁₀ {unit}" if item.scale == Property.Scale.LOG10 else unit
    said = "; ".join(note for layer in layers for note in layer.notes or ())
    return plot(Labels(f"{item.label} over temperature", "K", axis, said), [*layers, *_dots(item, measured)])


def _line(item: Property, series: Series, colour: int) -> Layer | None:
    rows = [(at, y, row) for at, row in series.over_temperature if (y := _on_axis(item, row.value)) is not None]
    if len(rows) < 2:
        return None
    others = stated({name: value for name, value in series.shown.conditions.items() if name != KELVIN})
    name = f"{series.shown.model_version}, {others}" if others else str(series.shown.model_version)
    notes = [f"{number(at, 5)} K: {number(row.value)} {unit_text(item.unit)}".rstrip() for at, _, row in rows]
    spread = [row.standard_deviation or 0.0 for _, _, row in rows]
    return Layer(name, [(at, y) for at, y, _ in rows], "line", colour, spread, notes)


def _dots(item: Property, measured: Sequence[Measurement]) -> list[Layer]:
    """Whatever states a temperature, under whichever other conditions: a pointer over it tells them."""
    rows = [(m.temperature_k, _on_axis(item, m.value), m) for m in measured]
    known = [(float(at), y, m) for at, y, m in rows if at is not None and y is not None]
    notes = [f"measured {number(m.value)}, {conditions(m)}" for _, _, m in known]
    return [Layer("measured", [(at, y) for at, y, _ in known], "dots", _MEASURED, notes=notes)] if known else []


def _on_axis(item: Property, value: float | None) -> float | None:
    if value is None or item.scale != Property.Scale.LOG10:
        return value
    return math.log10(value) if value > 0 else None


def _others(row: Prediction) -> str:
    return repr(sorted((name, str(value)) for name, value in row.conditions.items() if name != KELVIN))
