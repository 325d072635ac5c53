"""One measure of several runs as a picture: a bar each with a dot at its value, published ranges hollow."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from registry.admin.parts.chart import WIDTH, Axis, labelled

LEFT, RIGHT, TOP, ROW, FOOT = 92, 84, 6, 22, 22


@dataclass(frozen=True)
class Dot:
    """low and high differ for a published range. colour: of a run; None: published."""

    name: str
    low: float
    high: float
    text: str
    colour: int | None = None
    best: bool = False


def dot_chart(title: str, dots: Sequence[Dot], share: bool = False) -> SafeString:
    """From zero, since lengths are compared. share: values from 0 to 1, shown in per cent."""
    if not dots:
        return SafeString("")
    bottom = TOP + ROW * len(dots)
    top = 1.0 if share else max(dot.high for dot in dots) * 1.05 or 1.0
    axis = Axis(0, top, LEFT, WIDTH - RIGHT)
    ticks = [(at, f"{100 * at:.0f} %" if share else text) for at, text in labelled(axis.ticks(4))]
    lines = format_html_join(
        "",
        '<line class="sv-grid" x1="{0}" x2="{0}" y1="{1}" y2="{2}"/>'
        '<text x="{0}" y="{3}" text-anchor="middle">{4}</text>',
        ((f"{axis(at):.1f}", TOP, bottom, bottom + 15, text) for at, text in ticks),
    )
    said = "; ".join(f"{dot.name} {dot.text}" for dot in dots)
    return format_html(
        '<figure class="sv-chart sv-dots"><b>{}</b>'
        '<svg viewBox="0 0 {} {}" role="img" aria-label="{}: {}">{}{}</svg></figure>',
        title, WIDTH, bottom + FOOT, title, said, lines,
        format_html_join("", "{}", ((_row(dot, TOP + ROW * (place + 0.5), axis),) for place, dot in enumerate(dots))),
    )  # fmt: skip


def _row(dot: Dot, y: float, axis: Axis) -> SafeString:
    css = "published" if dot.colour is None else dot.colour
    return format_html(
        '<g class="sv-line-{}"><title>{} {}</title><text x="{}" y="{}" text-anchor="end">{}</text>{}{}'
        '<text class="{}" x="{}" y="{}">{}</text></g>',
        css, dot.name, dot.text, LEFT - 8, y + 4, dot.name, _stem(dot, y, axis), _marks(dot, y, axis),
        "sv-own" if dot.best else "", WIDTH - RIGHT + 10, y + 4, dot.text,
    )  # fmt: skip


def _stem(dot: Dot, y: float, axis: Axis) -> SafeString:
    """From zero for a run; between both ends of a published range."""
    start = axis(0) if dot.colour is not None else axis(dot.low)
    ends = f"{start:.1f}", f"{axis(dot.high):.1f}"
    return format_html('<line class="sv-stem" x1="{}" x2="{}" y1="{}" y2="{}"/>', *ends, y, y)


def _marks(dot: Dot, y: float, axis: Axis) -> SafeString:
    spots = dict.fromkeys(f"{axis(value):.1f}" for value in (dot.low, dot.high))
    return format_html_join("", '<circle class="sv-spot" cx="{}" cy="{}" r="4"/>', ((spot, y) for spot in spots))
