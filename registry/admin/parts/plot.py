"""Points and lines over two axes as SVG: parity, calibration, a property over temperature."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from registry.admin.parts.chart import BOTTOM, LEFT, RIGHT, TOP, WIDTH, Axis, labelled

Span = tuple[float, float]

WIDE, SQUARE = 220, 372  # heights; the square one has as many pixels a unit on both axes
ROOM = 0.04  # of an axis, on either side of what is drawn


@dataclass(frozen=True)
class Layer:
    """points: (x, y). spread: half the height of each point's bar. guide: a thin dashed line behind, not in the key."""

    name: str
    points: Sequence[tuple[float, float]]
    kind: Literal["dots", "line", "guide"] = "dots"
    colour: int = 0
    spread: Sequence[float] | None = None
    notes: Sequence[str] | None = None
    """What a pointer over each point is told."""
    pale: bool = False
    """Drawn faintly, as what stands beside the matter."""


@dataclass(frozen=True)
class Labels:
    """title above, x and y at the axes, said to whoever cannot see the drawing, note under the key."""

    title: str
    x: str
    y: str
    said: str = ""
    note: str = ""


def plot(
    labels: Labels,
    layers: Sequence[Layer],
    x: Span | None = None,
    y: Span | None = None,
    square: bool = False,
    log_x: bool = False,
) -> SafeString:
    """All layers over common axes, which span what is drawn unless a span is given; "" where there is nothing.

    square: both axes get the same span and the same scale, so that a diagonal is one. log_x: all x are positive.
    """
    layers = [layer for layer in layers if layer.points]
    if not any(layer.kind != "guide" for layer in layers):
        return SafeString("")
    height = SQUARE if square else WIDE
    x, y = x or _span([at for layer in layers for at, _ in layer.points]), y or _span(_heights(layers))
    if square:
        x = y = (min(x[0], y[0]), max(x[1], y[1]))
    if log_x:
        x = min(at for layer in layers for at, _ in layer.points) / 1.1, x[1] * 1.1
    across, up = Axis(*x, LEFT, WIDTH - RIGHT, log_x), Axis(*y, height - BOTTOM, TOP)
    drawn = format_html_join("", "{}", ((_layer(layer, across, up),) for layer in layers))
    named = [layer for layer in layers if layer.kind != "guide" and layer.name]
    key = format_html_join(
        "",
        '<span><i class="sv-key sv-key-{}{}"></i>{}</span>',
        ((layer.colour, _pale(layer), layer.name) for layer in named),
    )
    note = format_html('<small class="sv-whole">{}</small>', labels.note) if labels.note else ""
    return format_html(
        '<figure class="sv-chart sv-plot"><b>{}</b><small> {}</small>'
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}. {}">{}{}{}'
        '<text x="{}" y="{}" text-anchor="end">{}</text></svg><figcaption>{}{}</figcaption></figure>',
        labels.title, labels.y, WIDTH, height + 14, labels.title, labels.said or _said(named), _grid(up),
        _foot(across, height), drawn, WIDTH - RIGHT, height + 10, labels.x, key, note,
    )  # fmt: skip


def _heights(layers: Sequence[Layer]) -> list[float]:
    found = []
    for layer in layers:
        spread = layer.spread or [0.0] * len(layer.points)
        found += [end for (_, at), half in zip(layer.points, spread, strict=True) for end in (at - half, at + half)]
    return found


def _span(values: Sequence[float]) -> Span:
    low, high = min(values), max(values)
    pad = (high - low) * ROOM or (abs(high) * 0.1 or 1.0)
    return low - pad, high + pad


def _said(layers: Sequence[Layer]) -> str:
    return "; ".join(f"{layer.name}: {len(layer.points)} points" for layer in layers)


def _grid(axis: Axis) -> SafeString:
    return format_html_join(
        "",
        '<line class="sv-grid" x1="{}" x2="{}" y1="{}" y2="{}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (LEFT, WIDTH - RIGHT, f"{axis(t):.1f}", f"{axis(t):.1f}", LEFT - 6, f"{axis(t) + 4:.1f}", label)
            for t, label in labelled(axis.ticks(5))
        ),
    )


def _foot(axis: Axis, height: int) -> SafeString:
    ticks = [tick for tick in axis.ticks(5) if axis(tick) < WIDTH - 14]
    return format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        ((f"{axis(t):.1f}", height - BOTTOM + 16, label) for t, label in labelled(ticks)),
    )


def _layer(layer: Layer, across: Axis, up: Axis) -> SafeString:
    spots = [(f"{across(x):.1f}", f"{up(y):.1f}") for x, y in layer.points]
    path = " ".join(",".join(spot) for spot in spots)
    if layer.kind == "guide":
        return format_html('<polyline class="sv-guide" points="{}"/>', path)
    notes = layer.notes or [""] * len(spots)
    line = format_html('<polyline class="sv-line" points="{}"/>', path) if layer.kind == "line" else ""
    dots = format_html_join(
        "",
        '<circle cx="{}" cy="{}" r="{}">{}</circle>',
        (
            (*spot, 3 if layer.kind == "line" else 2.4, format_html("<title>{}</title>", note) if note else "")
            for spot, note in zip(spots, notes, strict=True)
        ),
    )
    return format_html(
        '<g class="sv-layer sv-line-{}{}{}">{}{}{}</g>',
        layer.colour, " sv-cloud" if layer.kind == "dots" else "", _pale(layer), _bars(layer, across, up), line, dots,
    )  # fmt: skip


def _pale(layer: Layer) -> str:
    return " sv-pale" if layer.pale else ""


def _bars(layer: Layer, across: Axis, up: Axis) -> SafeString:
    pairs = zip(layer.points, layer.spread or (), strict=False)
    return format_html_join(
        "",
        '<line class="sv-bar" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>',
        ((f"{across(x):.1f}", f"{up(y - half):.1f}", f"{up(y + half):.1f}") for (x, y), half in pairs),
    )
