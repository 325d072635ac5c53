"""What a predictor's manifest says of held-out rows, drawn: is it right, where, and does it know when it is not."""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from typing import Any

from django.utils.safestring import SafeString

from registry.admin.parts.display import correlation, number, unit_text
from registry.admin.parts.figures import HELD_OUT, axis_unit, figures, property_order, ranked
from registry.admin.parts.levels import baselines_of
from registry.admin.parts.panels import Panel
from registry.admin.parts.plot import Labels, Layer, plot
from registry.admin.parts.validation import steered
from registry.models import ModelVersion, Property, RegisteredModel

DIAGONAL = [(0.0, 0.0), (1.0, 1.0)]

Source = tuple[str, int, Mapping[str, Any]]
"""A version's name, its colour, and what was measured of one of its properties."""


def plots_panel(version: ModelVersion) -> Panel | None:
    """Up to five drawings a property, the first property's open; None for a model that makes no predictions."""
    if version.model.task != RegisteredModel.Task.PREDICT:
        return None
    known = {item.name: item for item in version.properties.all()}
    groups = [_group(known[name], {"": version}) for name in property_order(version)]
    found = [group for group in groups if group["charts"]]
    kept = {one.value for one in figures(version) if one.part in HELD_OUT and one.key == "n"}
    context = {"groups": found, "learned_all": kept == {0}}
    return Panel("On held-out structures", "registry/model/plots.html", context)


def compared(versions: Sequence[ModelVersion]) -> list[dict[str, Any]]:
    """The same drawings with a colour a version, of each property that more than one has them of."""
    known = {item.name: item for version in versions for item in version.properties.all()}
    order = dict.fromkeys(name for version in versions for name in property_order(version))
    groups = (_group(known[name], {str(version): version for version in versions}) for name in order)
    return [group for group in groups if group["charts"] and group["count"] > 1]


def _group(item: Property, versions: Mapping[str, ModelVersion]) -> dict[str, Any]:
    """Of each version the part that has series: the test part, or the validation part where there is none."""
    found: list[Source] = []
    by_valid, less = list[str](), set[str]()
    for colour, (name, version) in enumerate(versions.items()):
        part, measured = _shown(version.metrics.get(item.name))
        if measured is not None:
            found.append((name, colour, measured))
            by_valid += [version.architecture] if part == "valid" else []
            less.add(baselines_of(version.config).get(item.name, ""))
    named = [(name, version.metrics.get(item.name)) for name, version in versions.items()]
    charts = [chart for chart in (*_charts(item, found, less), learning_chart(item, named)) if chart]
    return {
        "label": item.label,
        "charts": charts,
        "steered": steered(by_valid) if by_valid else "",
        "count": len(found),
    }


def _shown(metrics: Any) -> tuple[str, Mapping[str, Any] | None]:
    for part in HELD_OUT:
        measured = metrics.get(part) if isinstance(metrics, Mapping) else None
        if isinstance(measured, Mapping) and isinstance(measured.get("parity"), Mapping):
            return part, measured
    return "", None


def _charts(item: Property, found: Sequence[Source], less: Set[str]) -> Iterator[SafeString]:
    yield parity_chart(item, found, less)
    yield calibration_chart(found)
    yield similarity_chart(item, found)
    if ranked(item):
        yield top_chart(found)


def on_axis(item: Property) -> str:
    """The unit of the axis that the model works on: log₁₀ S/cm."""
    unit = unit_text(item.unit)
    return f"log₁₀ {unit or 'value'}" if item.scale == Property.Scale.LOG10 else unit


def parity_chart(item: Property, found: Sequence[Source], less: Set[str]) -> SafeString:
    """Predicted over measured; points of a perfect model lie on the diagonal.

    less: baselines, the differences to which were learned and are drawn; "" for the values themselves.
    """
    layers, ends = [], []
    for name, colour, measured in found:
        parity = measured["parity"]
        points = pairs(zip(parity.get("truth") or (), parity.get("predicted") or (), strict=False))
        ends += [end for point in points for end in point]
        n = measured.get("n")
        of = f" of {n:,}" if isinstance(n, int) and n > len(points) else ""
        notes = [f"measured {number(x, 4)}, predicted {number(y, 4)}" for x, y in points]
        layers.append(Layer(f"{name} {len(points):,}{of} values".strip(), points, colour=colour, notes=notes))
    if not ends:
        return SafeString("")
    guide = [(min(ends), min(ends)), (max(ends), max(ends))]
    told = f" less {' or '.join(sorted(one or 'nothing' for one in less))}" if any(less) else ""
    axis = told + (f", {on_axis(item)}" if on_axis(item) else "")
    return plot(
        Labels("Parity", f"measured{axis}", f"predicted{axis}"), [Layer("", guide, "guide"), *layers], square=True
    )


def calibration_chart(found: Sequence[Source]) -> SafeString:
    """How much an interval holds over how much it promises; below the diagonal the stated deviations are too small."""
    layers = [
        _line(name or "intervals", colour, pairs(measured.get("calibration_curve")),
              lambda x, y: f"the {100 * x:.0f} % interval holds {100 * y:.1f} %")
        for name, colour, measured in found
    ]  # fmt: skip
    labels = Labels("Calibration", "share that an interval promises", "share of values inside", _told(layers))
    return plot(labels, [Layer("", DIAGONAL, "guide"), *layers], x=(0, 1.0), y=(0, 1.0), square=True)


def similarity_chart(item: Property, found: Sequence[Source]) -> SafeString:
    """The error for structures as like the training data as that."""
    layers = []
    for name, colour, measured in found:
        bins = measured.get("error_by_similarity")
        known = [one for one in bins if _numbers(one, 3)] if isinstance(bins, list) else []
        notes = [f"similarity up to {number(end)}: MAE {number(mae)}, n = {n}" for end, mae, n in known]
        named = f"{name or 'MAE'}, from the left of n = {', '.join(f'{n:,}' for *_, n in known)}"
        layers.append(Layer(named, [(end, mae) for end, mae, _ in known], "line", colour, notes=notes))
    unit = unit_text(axis_unit(item))
    labels = Labels(
        "Error by similarity to the training data",
        "similarity to the nearest training structure (Tanimoto, up to)",
        f"MAE{', ' if unit else ''}{unit}",
        _told(layers),
    )
    highest = max((mae for layer in layers for _, mae in layer.points), default=0)
    return plot(labels, layers, y=(0, 1.08 * highest or 1.0))


def top_chart(found: Sequence[Source]) -> SafeString:
    """Of the k predicted highest, the share among the k highest; chance would give k / n."""
    layers, chance = [], []
    for name, colour, measured in found:
        rows, n = [row for row in pairs(measured.get("top_k")) if row[0] >= 1], measured.get("n")
        notes = [f"of the top {x:.0f}, {100 * y:.0f} %" for x, y in rows]
        layers.append(Layer(name or "the model; dashed: chance", rows, "line", colour, notes=notes))
        chance = chance or ([(x, x / n) for x, _ in rows] if isinstance(n, int) and n else [])
    labels = Labels("Precision among the top k", "k", "share of the k predicted highest", _told(layers))
    return plot(labels, [Layer("", chance, "guide"), *layers], y=(0, 1.0), log_x=True)


def learning_chart(item: Property, named: Sequence[tuple[str, Any]]) -> SafeString:
    """The error over folds for so many structures learned from: does more data help?"""
    layers = []
    for colour, (name, metrics) in enumerate(named):
        folds = metrics.get("folds") if isinstance(metrics, Mapping) else None
        curve = folds.get("learning_curve") if isinstance(folds, Mapping) else None
        known = [one for one in curve if _numbers(one, 3) and one[0] >= 1] if isinstance(curve, list) else []
        notes = [f"{size:,.0f} structures: MAE {number(mae)}, R² {correlation(r2)}" for size, mae, r2 in known]
        layers.append(Layer(name or "MAE over folds", [(size, mae) for size, mae, _ in known], "line", colour,
                            notes=notes))  # fmt: skip
    unit = unit_text(axis_unit(item))
    labels = Labels(
        "Learning curve", "structures learned from", f"MAE over folds{', ' if unit else ''}{unit}", _told(layers)
    )
    return plot(labels, layers, log_x=True)  # not from 0: what more data bring is often a small share of the error


def _line(name: str, colour: int, points: list[tuple[float, float]], note: Callable[[float, float], str]) -> Layer:
    return Layer(name, points, "line", colour, notes=[note(*point) for point in points])


def _told(layers: Sequence[Layer]) -> str:
    """For whoever cannot see the drawing."""
    return ". ".join(f"{layer.name}: {'; '.join(layer.notes)}" for layer in layers if layer.notes)


def pairs(rows: Any) -> list[tuple[float, float]]:
    """Rows of two finite numbers; a bundle may come from anywhere."""
    return [(float(row[0]), float(row[1])) for row in rows or () if _numbers(row, 2)]


def _numbers(row: Any, count: int) -> bool:
    return (
        isinstance(row, list | tuple)
        and len(row) == count
        and all(isinstance(value, int | float) and math.isfinite(value) for value in row)
    )
