"""A property over temperature: a line for each series of predictions, and what was measured beside it."""

import math
from collections.abc import Sequence

from django.utils.safestring import SafeString

from registry.admin.parts.conditions import conditions, stated
from registry.admin.parts.display import number, unit_text
from registry.admin.parts.evidence import trained_span
from registry.admin.parts.plot import Labels, Layer, Span, plot
from registry.admin.parts.same_conditions import asked_of, names_of_parts, parted
from registry.admin.parts.temperature_curve import KELVIN, Series
from registry.models import Measurement, Property

MARGIN, LEAST_MARGIN, ROUND = 0.1, 50.0, 10.0  # of the axis on either side: a share, at least so many K; K
_LINES, _MEASURED = (0, 2, 4, 5, 1), 3  # colours
_BARS = "Bars: one standard deviation up and down."


def temperature_chart(item: Property, found: Sequence[Series], measured: Sequence[Measurement]) -> SafeString:
    """A line for each series of at least two temperatures, a bar of one standard deviation at each point, and dots for
    measurements; "" without a line. On a log10 axis where the property's scale is log10.

    The x axis spans what the models were trained on and what was measured; predictions outside are counted.
    """
    long = [one for one in found if len(one.over_temperature) > 1]
    window = _window(item, long, measured)
    lines = [(one, _line(item, one, _LINES[place % len(_LINES)], window)) for place, one in enumerate(long)]
    layers = [layer for _, layer in lines if layer]
    if not layers:
        return SafeString("")
    unit = unit_text(item.unit)
    axis = f"log₁₀ {unit}" if item.scale == Property.Scale.LOG10 else unit
    said = "; ".join(note for layer in layers for note in layer.notes or ())
    bars = _BARS if any(any(layer.spread or ()) for layer in layers) else ""
    note = " ".join(filter(None, (bars, _left_out(long, window))))
    pale, own = _dots(item, [one for one, layer in lines if layer], measured)
    return plot(
        Labels(f"{item.label} over temperature", "temperature, K", axis, said, note), [*layers, *own, *pale], x=window
    )


def _window(item: Property, found: Sequence[Series], measured: Sequence[Measurement]) -> Span | None:
    """None where a model's training temperatures are not known: then all that it was asked for is drawn."""
    spans = [trained_span(one.shown.model_version, item) for one in found]
    ends = [end for span in spans if span for end in span]
    if None in spans or not ends:
        return None
    ends += [row.temperature_k for row in measured if row.temperature_k is not None]
    low, high = min(ends), max(ends)
    margin = max(LEAST_MARGIN, MARGIN * (high - low))
    return max(0.0, math.floor((low - margin) / ROUND) * ROUND), math.ceil((high + margin) / ROUND) * ROUND


def _inside(kelvin: float, window: Span | None) -> bool:
    return window is None or window[0] <= kelvin <= window[1]


def _left_out(found: Sequence[Series], window: Span | None) -> str:
    """2 predictions outside 150 to 600 K are not drawn."""
    count = sum(not _inside(kelvin, window) for one in found for kelvin, _ in one.over_temperature)
    if window is None or not count:
        return ""
    subject, verb = ("prediction", "is") if count == 1 else ("predictions", "are")
    return f"{count} {subject} outside {number(window[0], 5)} to {number(window[1], 5)} K {verb} not drawn."


def _line(item: Property, series: Series, colour: int, window: Span | None) -> Layer | None:
    rows = [
        (kelvin, y, row)
        for kelvin, row in series.over_temperature
        if _inside(kelvin, window) and (y := _on_axis(item, row.value)) is not None
    ]
    if len(rows) < 2:
        return None
    others = stated({name: value for name, value in series.shown.conditions.items() if name != KELVIN})
    name = f"{series.shown.model_version}, {others}" if others else str(series.shown.model_version)
    notes = [f"{number(at, 5)} K: {number(row.value)} {unit_text(item.unit)}".rstrip() for at, _, row in rows]
    spread = [row.standard_deviation or 0.0 for _, _, row in rows]
    return Layer(name, [(at, y) for at, y, _ in rows], "line", colour, spread, notes)


def _dots(item: Property, found: Sequence[Series], measured: Sequence[Measurement]) -> tuple[list[Layer], list[Layer]]:
    """Whatever states a temperature; what no line is made for is pale. A pointer over a dot tells its conditions."""
    asked = [asked_of(one.shown) for one in found]
    own, others = parted(measured, asked)
    same, other = names_of_parts(asked)
    return _cloud(item, others, f"measured, {other}", pale=True), _cloud(item, own, f"measured, {same}".rstrip(", "))


def _cloud(item: Property, measured: Sequence[Measurement], name: str, pale: bool = False) -> list[Layer]:
    rows = [(m.temperature_k, _on_axis(item, m.value), m) for m in measured]
    known = [(float(at), y, m) for at, y, m in rows if at is not None and y is not None]
    notes = [f"measured {number(m.value)}, {conditions(m)}" for _, _, m in known]
    return [Layer(name, [(at, y) for at, y, _ in known], "dots", _MEASURED, notes=notes, pale=pale)] if known else []


def _on_axis(item: Property, value: float | None) -> float | None:
    if value is None or item.scale != Property.Scale.LOG10:
        return value
    return math.log10(value) if value > 0 else None
