"""A line chart as SVG, drawn on the server: it can be refreshed as part of a page and needs no script."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from registry.admin.display import number

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 720, 240
LEFT, RIGHT, TOP, BOTTOM = 56, 12, 12, 30
MOST_POINTS = 400  # more than that is thinned out: the eye sees no difference


@dataclass(frozen=True)
class Axis:
    """A linear map from data to pixels."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, about: int) -> list[float]:
        """Round numbers, about so many."""
        step = 10 ** math.floor(math.log10((self.high - self.low) / about))
        step *= next(k for k in (1, 2, 5, 10, 20) if (self.high - self.low) / (step * k) <= about + 1)
        first = math.ceil(self.low / step)
        return [tick * step for tick in range(first, math.floor(self.high / step + 1e-9) + 1)]


def line_chart(series: Mapping[str, Points], x_label: str = "step") -> SafeString:
    """One line for each named series; the text alternative says where each line ends."""
    series = {name: _thinned(points) for name, points in series.items() if points}
    if not series:
        return SafeString("")
    xs = [x for points in series.values() for x, _ in points]
    ys = [y for points in series.values() for _, y in points]
    x_axis = Axis(*_span(xs, 0), LEFT, WIDTH - RIGHT)
    y_axis = Axis(*_span(ys, 0.06), HEIGHT - BOTTOM, TOP)
    ends = "; ".join(f"{name} {number(points[-1][1])}" for name, points in series.items())
    return format_html(
        '<figure class="sv-chart"><svg viewBox="0 0 {} {}" role="img" aria-label="Last values: {}">{}{}{}'
        '<text x="{}" y="{}" text-anchor="end">{}</text></svg><figcaption>{}</figcaption></figure>',
        WIDTH, HEIGHT, ends, _grid(y_axis), _x_ticks(x_axis), _lines(series, x_axis, y_axis),
        WIDTH - RIGHT, HEIGHT - 2, x_label, _legend(series),
    )  # fmt: skip


def _span(values: list[float], margin: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = (high - low) * margin or (abs(high) * 0.1 or 1.0) * (low == high)
    return low - pad, high + pad


def _thinned(points: Points) -> Points:
    every = math.ceil(len(points) / MOST_POINTS)
    return [*points[:-1:every], points[-1]] if every > 1 else points


def _grid(axis: Axis) -> SafeString:
    return format_html_join(
        "",
        '<line class="sv-grid" x1="{}" x2="{}" y1="{:}" y2="{:}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (LEFT, WIDTH - RIGHT, f"{axis(t):.1f}", f"{axis(t):.1f}", LEFT - 6, f"{axis(t) + 4:.1f}", number(t))
            for t in axis.ticks(4)
        ),
    )


def _x_ticks(axis: Axis) -> SafeString:
    ticks = [tick for tick in axis.ticks(6) if axis(tick) < WIDTH - 60]  # leave room for the label
    return format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        ((f"{axis(t):.1f}", HEIGHT - BOTTOM + 16, number(t)) for t in ticks),
    )


def _lines(series: Mapping[str, Points], x_axis: Axis, y_axis: Axis) -> SafeString:
    return format_html_join(
        "",
        '<polyline class="sv-line sv-line-{}" points="{}"><title>{}</title></polyline>',
        (
            (place, " ".join(f"{x_axis(x):.1f},{y_axis(y):.1f}" for x, y in points), name)
            for place, (name, points) in enumerate(series.items())
        ),
    )


def _legend(series: Mapping[str, Points]) -> SafeString:
    return format_html_join(
        "",
        '<span><i class="sv-key sv-key-{}"></i>{} <b>{}</b></span>',
        ((place, name, number(points[-1][1])) for place, (name, points) in enumerate(series.items())),
    )
