"""A line chart as SVG, drawn on the server: it can be refreshed as part of a page and needs no script."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from registry.admin.parts.display import number

Points = Sequence[tuple[float, float]]

WIDTH, HEIGHT = 400, 176
LEFT, RIGHT, TOP, BOTTOM = 56, 10, 10, 34
STRIP, HEAD = 104, 32  # height of one of several strips, and the room above it for its name
MOST_POINTS = 400  # more than that is thinned out: the eye sees no difference
LOG_FROM = 10  # a larger ratio of positive values than this is drawn on a log axis
FLAT = 0.2  # a line that uses less of a common axis than this gets an axis of its own


@dataclass(frozen=True)
class Axis:
    """A map from data to pixels, linear or by the logarithm."""

    low: float
    high: float
    start: float
    end: float
    log: bool = False

    def __call__(self, value: float) -> float:
        low, high, at = (math.log10(x) for x in (self.low, self.high, value)) if self.log else (*self.ends, value)
        return self.start + (at - low) / (high - low) * (self.end - self.start)

    @property
    def ends(self) -> tuple[float, float]:
        return self.low, self.high

    def ticks(self, about: int) -> list[float]:
        """Round numbers, about so many."""
        if self.log:
            return self._decades(about)
        step = 10 ** math.floor(math.log10((self.high - self.low) / about))
        step *= next(k for k in (1, 2, 5, 10, 20) if (self.high - self.low) / (step * k) <= about + 1)
        first = math.ceil(self.low / step)
        return [tick * step for tick in range(first, math.floor(self.high / step + 1e-9) + 1)]

    def _decades(self, about: int) -> list[float]:
        """Powers of ten, thinned out; 2 and 5 times them where there are few."""
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        every, steps = max(1, math.ceil((last - first + 1) / (about + 1))), (1,)
        if last - first < 2:
            first, steps = first - 1, (1, 2, 5)
        found = [k * 10.0**power for power in range(first, last + 1, every) for k in steps]
        return [tick for tick in found if self.low <= tick <= self.high]


def line_chart(
    series: Mapping[str, Points],
    x_label: str = "step",
    title: str = "",
    apart: bool = False,
    colours: Mapping[str, int] | None = None,
) -> SafeString:
    """One line for each named series; the text alternative says where each line ends.

    Values over more than a decade are drawn on a log axis. apart: lines that would look flat on a common axis get a
    strip and an axis each, so that every one shows its own course. colours: by name, where they are not in order.
    """
    series = {name: _thinned(points) for name, points in series.items() if points}
    if not series:
        return SafeString("")
    xs = [x for points in series.values() for x, _ in points]
    x_axis = Axis(*_span(xs, 0), LEFT, WIDTH - RIGHT)
    strips, height = _strips(series, apart)
    places = {name: (colours or {}).get(name, place) for place, name in enumerate(series)}
    ends = "; ".join(f"{name} {number(points[-1][1])}" for name, points in series.items())
    drawn = format_html_join("", "{}{}", ((grid(axis), _lines(part, places, x_axis, axis)) for part, axis in strips))
    several = len(strips) > 1
    scale = " (log scale)" if strips[0][1].log and not several else ""
    return format_html(
        '<figure class="sv-chart">{}<svg viewBox="0 0 {} {}" role="img" aria-label="{}Last values: {}">{}{}{}'
        '<text x="{}" y="{}" text-anchor="end">{}</text></svg><figcaption>{}</figcaption></figure>',
        format_html("<b>{}</b><small>{}</small>", title, scale) if title else "",
        WIDTH, height, f"{title}. " if title else "", ends, _heads(strips) if several else "", drawn,
        x_ticks(x_axis, height),
        WIDTH - RIGHT, height - 3, x_label, _legend(series, places),
    )  # fmt: skip


def _strips(series: Mapping[str, Points], apart: bool) -> tuple[list[tuple[Mapping[str, Points], Axis]], int]:
    """Which lines share an axis, from top to bottom, and the height of it all."""
    common = _y_axis([y for points in series.values() for _, y in points], TOP, HEIGHT - BOTTOM)
    if not apart or len(series) == 1 or not any(_flat(points, common) for points in series.values()):
        return [(series, common)], HEIGHT
    strips: list[tuple[Mapping[str, Points], Axis]] = []
    for place, (name, points) in enumerate(series.items()):
        top = HEAD + place * (HEAD + STRIP)
        strips.append(({name: points}, _y_axis([y for _, y in points], top, top + STRIP)))
    return strips, len(strips) * (HEAD + STRIP) + BOTTOM


def _heads(strips: Sequence[tuple[Mapping[str, Points], Axis]]) -> SafeString:
    """The name of each strip above it: their axes are different ones."""
    return format_html_join(
        "",
        '<text class="sv-head" x="{}" y="{}">{}{}</text>',
        ((LEFT, f"{axis.end - 9:.1f}", ", ".join(part), " (log scale)" if axis.log else "") for part, axis in strips),
    )


def _flat(points: Points, axis: Axis) -> bool:
    heights = [axis(y) for _, y in points]
    return max(heights) - min(heights) < FLAT * abs(axis.end - axis.start)


def _y_axis(ys: list[float], top: float, bottom: float) -> Axis:
    low, high = min(ys), max(ys)
    if low > 0 and high / low >= LOG_FROM:
        pad = (high / low) ** 0.06
        return Axis(low / pad, high * pad, bottom, top, log=True)
    return Axis(*_span(ys, 0.06), bottom, top)


def _span(values: list[float], margin: float) -> tuple[float, float]:
    low, high = min(values), max(values)
    pad = (high - low) * margin or (abs(high) * 0.1 or 1.0) * (low == high)
    return low - pad, high + pad


def _thinned(points: Points) -> Points:
    every = math.ceil(len(points) / MOST_POINTS)
    return [*points[:-1:every], points[-1]] if every > 1 else points


def grid(axis: Axis) -> SafeString:
    """Horizontal lines with their values on the left."""
    return format_html_join(
        "",
        '<line class="sv-grid" x1="{}" x2="{}" y1="{:}" y2="{:}"/><text x="{}" y="{}" text-anchor="end">{}</text>',
        (
            (LEFT, WIDTH - RIGHT, f"{axis(t):.1f}", f"{axis(t):.1f}", LEFT - 6, f"{axis(t) + 4:.1f}", label)
            for t, label in labelled(axis.ticks(4))
        ),
    )


def x_ticks(axis: Axis, height: int) -> SafeString:
    """Values under the drawing."""
    ticks = [tick for tick in axis.ticks(5) if axis(tick) < WIDTH - 16]
    return format_html_join(
        "",
        '<text x="{}" y="{}" text-anchor="middle">{}</text>',
        ((f"{axis(t):.1f}", height - BOTTOM + 15, label) for t, label in labelled(ticks)),
    )


def labelled(ticks: list[float]) -> list[tuple[float, str]]:
    """With as many digits as it takes to tell them apart."""
    for digits in range(3, 9):
        labels = [_brief(number(tick, digits)) for tick in ticks]
        if len(set(labels)) == len(labels):
            break
    return list(zip(ticks, labels, strict=True)) if ticks else []


def _brief(label: str) -> str:
    """1×10⁻⁴ for 1.00×10⁻⁴: there is not much room beside an axis."""
    mantissa, times, power = label.partition("×")
    return f"{mantissa.rstrip('0').rstrip('.')}×{power}" if times and "." in mantissa else label


def _lines(series: Mapping[str, Points], places: Mapping[str, int], x_axis: Axis, y_axis: Axis) -> SafeString:
    return format_html_join("", "{}", ((mark,) for mark in _marks(series, places, x_axis, y_axis)))


def _marks(series: Mapping[str, Points], places: Mapping[str, int], x_axis: Axis, y_axis: Axis) -> Iterator[SafeString]:
    """A polyline each, and a dot for a line that is but a point."""
    for name, points in series.items():
        spots = [(f"{x_axis(x):.1f}", f"{y_axis(y):.1f}") for x, y in points]
        path = " ".join(",".join(spot) for spot in spots)
        yield format_html(
            '<polyline class="sv-line sv-line-{}" points="{}"><title>{}</title></polyline>', places[name], path, name
        )
        if len(spots) == 1:
            yield format_html('<circle class="sv-dot sv-line-{}" cx="{}" cy="{}" r="2.5"/>', places[name], *spots[0])


def _legend(series: Mapping[str, Points], places: Mapping[str, int]) -> SafeString:
    return format_html_join(
        "",
        '<span><i class="sv-key sv-key-{}"></i>{} <b>{}</b></span>',
        ((places[name], name, number(points[-1][1])) for name, points in series.items()),
    )
