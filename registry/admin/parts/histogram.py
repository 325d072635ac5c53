"""Histograms as SVG, one over another: the reference as an area, each sample as an outline."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from registry.admin.parts.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, Axis, grid, x_ticks
from registry.admin.parts.display import number

FEW = 2.2  # decades
REFERENCE = -1  # the colour of the area behind


@dataclass(frozen=True)
class Bars:
    """edges: K + 1 increasing numbers; counts: K. colour: of the outline, or REFERENCE."""

    edges: Sequence[float]
    counts: Sequence[float]
    colour: int = 0

    def heights(self, width: float) -> list[float]:
        """Per cent of the whole in bins of that width, so that other bins can be laid over them."""
        total = sum(self.counts) or 1.0
        widths = [high - low for low, high in zip(self.edges, self.edges[1:], strict=False)]
        return [100 * count / total * width / own for count, own in zip(self.counts, widths, strict=True)]

    def corners(self, width: float) -> Iterator[tuple[float, float]]:
        """The outline from the left foot to the right one."""
        yield self.edges[0], 0.0
        for low, high, height in zip(self.edges, self.edges[1:], self.heights(width), strict=False):
            yield low, height
            yield high, height
        yield self.edges[-1], 0.0


def histogram(title: str, series: Mapping[str, Bars], unit: str = "", log: bool = False, note: str = "") -> SafeString:
    """In per cent of the values a bin. log: edges are exponents of ten, and the axis shows the powers."""
    series = {name: bars for name, bars in series.items() if len(bars.edges) == len(bars.counts) + 1 > 1}
    if not series:
        return SafeString("")
    first = next(iter(series.values()))
    width = (first.edges[-1] - first.edges[0]) / len(first.counts)
    low, high = min(bars.edges[0] for bars in series.values()), max(bars.edges[-1] for bars in series.values())
    top = max(max(bars.heights(width)) for bars in series.values())
    x, y = Axis(low, high, LEFT, WIDTH - RIGHT), Axis(0, top * 1.06 or 1.0, HEIGHT - BOTTOM, TOP)
    behind = sorted(series.items(), key=lambda item: item[1].colour != REFERENCE)
    said = "; ".join(f"{name}: {round(sum(bars.counts)):,}" for name, bars in series.items())
    return format_html(
        '<figure class="sv-chart"><b>{}</b><small> {}% of the values</small><svg viewBox="0 0 {} {}" role="img" '
        'aria-label="{}. Values in each: {}">'
        '{}{}{}<text x="{}" y="{}" text-anchor="end">{}</text></svg><figcaption>{}</figcaption></figure>',
        title, f"{note}, " if note else "", WIDTH, HEIGHT, title, said, grid(y),
        format_html_join("", "{}", ((_outline(name, bars, width, x, y),) for name, bars in behind)),
        _powers(x) if log else x_ticks(x, HEIGHT), WIDTH - RIGHT, HEIGHT - 3, unit, _legend(series),
    )  # fmt: skip


def _powers(x: Axis) -> SafeString:
    """Powers of ten under the drawing, and their triples where these are few."""
    exponents = range(math.floor(x.low), math.ceil(x.high) + 1)
    few = x.high - x.low < FEW
    found = [(power + math.log10(k), k * 10.0**power) for power in exponents for k in ((1, 3) if few else (1,))]
    return format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        (
            (f"{x(at):.1f}", HEIGHT - BOTTOM + 15, number(value, 1))
            for at, value in found
            if x.low <= at <= x.high and x(at) < WIDTH - 20
        ),
    )


def _outline(name: str, bars: Bars, width: float, x: Axis, y: Axis) -> SafeString:
    path = " ".join(f"{x(at):.1f},{y(height):.1f}" for at, height in bars.corners(width))
    css = "sv-area" if bars.colour == REFERENCE else f"sv-line sv-line-{bars.colour}"
    return format_html('<polyline class="{}" points="{}"><title>{}</title></polyline>', css, path, name)


def _legend(series: Mapping[str, Bars]) -> SafeString:
    keys = (
        ("ref" if bars.colour == REFERENCE else bars.colour, name, f"{round(sum(bars.counts)):,}")
        for name, bars in series.items()
    )
    return format_html_join("", '<span><i class="sv-key sv-key-{}"></i>{} <small>{}</small></span>', keys)
