"""A version's metrics as figures that a person can read: which measure, of what, in which unit, and what is better."""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from registry.admin.parts import display
from registry.models import ModelVersion, Property, RegisteredModel
from registry.search.sentence import counted

HIGHER, LOWER, NEITHER = Property.Better.HIGHER, Property.Better.LOWER, Property.Better.NEITHER
COVERED = 0.9  # what a 90 % interval should hold: neither more nor less
DEEPEST = 8  # levels of metrics that are read
PARTS = {"test": "test", "folds": "over folds", "valid": "validation"}
HELD_OUT = ("test", "valid")  # parts of one split; folds are another matter
FEW = 20  # held-out structures: of fewer, one more or less inside its interval changes the figures


class Measure(NamedTuple):
    """One number that mlcore.evaluation reports.

    kind: share (shown in %), axis (in the property's unit, decades on a log10 scale), count, correlation (shown as 1
    only where it is 1), or plain.
    held_out: depends on which rows were held out. own_reference: depends on the table it is compared with.
    """

    label: str
    better: str = NEITHER
    kind: str = "plain"
    held_out: bool = False
    own_reference: bool = False


OF_PREDICTOR = {
    "mae": Measure("MAE", LOWER, "axis", held_out=True),
    "r2": Measure("R²", HIGHER, "correlation", held_out=True),
    "rmse": Measure("RMSE", LOWER, "axis", held_out=True),
    "spearman": Measure("Spearman’s ρ", HIGHER, "correlation", held_out=True),
    "top_precision": Measure("Precision in the top 5 %", HIGHER, "share", held_out=True),
    "coverage_90": Measure("Within the 90 % interval", "nearest", "share", held_out=True),
    "mean_std": Measure("Mean standard deviation", NEITHER, "axis", held_out=True),
    "in_domain": Measure("In domain", NEITHER, "share", held_out=True),
    "n": Measure("n", NEITHER, "count", held_out=True),
    "folds": Measure("Folds", NEITHER, "count", held_out=True),
    "structures": Measure("Structures", NEITHER, "count", held_out=True),
}
OF_SAMPLES = {
    "validity": Measure("Valid", HIGHER, "share"),
    "by_key.vun": Measure("VUN by key", HIGHER, "share"),
    "synthesizability": Measure("Synthesizable", HIGHER, "share"),
    "diversity": Measure("Diversity", HIGHER),
    "vun": Measure("VUN by string", HIGHER, "share"),
    "uniqueness": Measure("Unique strings", HIGHER, "share"),
    "by_key.uniqueness": Measure("Unique by key", HIGHER, "share"),
    "novelty": Measure("Novel strings", HIGHER, "share"),
    "by_key.novelty": Measure("Novel by key", HIGHER, "share"),
    "similarity": Measure("Similarity to the data", NEITHER, own_reference=True),
    "frechet": Measure("Fréchet distance", LOWER, own_reference=True),
    "distances.descriptors.reference": Measure("Descriptors, to all data", LOWER, own_reference=True),
    "distances.descriptors.above": Measure("Descriptors, to data above", LOWER, own_reference=True),
    "distances.fcd.reference": Measure("FCD, to all data", LOWER, own_reference=True),
    "distances.fcd.above": Measure("FCD, to data above", LOWER, own_reference=True),
    "by_key.novelty_lineage": Measure("Novel by key, lineage", HIGHER, "share"),
    "by_key.vun_lineage": Measure("VUN by key, lineage", HIGHER, "share"),
    "n": Measure("n", NEITHER, "count"),
}
OF_LOSS = {
    "loss": Measure("Loss", LOWER, held_out=True),
    "loss_unprompted": Measure("Loss without a condition", LOWER, held_out=True),
}
HEADLINE = {
    RegisteredModel.Task.PREDICT: ("mae", "r2"),
    RegisteredModel.Task.GENERATE: ("validity", "by_key.vun", "synthesizability", "diversity"),
}


@dataclass(frozen=True)
class Figure:
    """One measured number. subject: a property's label, what was sampled, or "". n: rows or strings behind it.

    structures: of which the rows are, where they are fewer and the bundle says so.
    """

    subject: str
    part: str
    key: str
    measure: Measure
    value: float
    unit: str = ""
    n: int | None = None
    structures: int | None = None

    @property
    def few(self) -> bool:
        """Whether so few rows, or structures, are behind it that it says little of the model."""
        return self.measure.held_out and any(count < FEW for count in (self.n, self.structures) if count is not None)

    def behind(self) -> str:
        """n = 136, of 5 structures. Empty where nobody counted."""
        if self.n is None:
            return ""
        if self.structures is None or self.structures >= self.n:
            return f"n = {self.n:,}"
        return f"n = {self.n:,}, of {counted(self.structures, 'structure')}"

    def text(self, digits: int = 3) -> str:
        if self.measure.kind == "share":
            return f"{100 * self.value:.1f} %"
        if self.measure.kind == "count":
            return f"{self.value:,.0f}"
        return (display.correlation if self.measure.kind == "correlation" else display.number)(self.value, digits)


def figures(version: ModelVersion) -> list[Figure]:
    """All numbers of the version's metrics, the headline's subject first, test before validation.

    A bundle may come from anywhere: what is no number is left out, and an unknown name is shown as it is.
    """
    known = {item.name: item for item in version.properties.all()}
    numbers = [(path, value) for path, value in _numbers(version.metrics) if not _of_no_top(path, known)]
    found = [_figure(path, value, known, version.metrics) for path, value in numbers]
    subjects = [known[name].label for name in property_order(version)]
    return sorted(found, key=lambda one: _place(one, subjects))


def headline(version: ModelVersion) -> dict[str, list[Figure]]:
    """What a person looks at first, by subject: a predictor's test errors, a generator's samples."""
    keys = HEADLINE[RegisteredModel.Task(version.model.task)]
    chosen: dict[str, list[Figure]] = {}
    for figure in figures(version):
        if figure.key in keys and figure.part in ("", "test"):
            chosen.setdefault(figure.subject, []).append(figure)
    return chosen


def property_order(version: ModelVersion) -> list[str]:
    """Names of the properties as the configuration gives them: whoever trains it puts first what counts most."""
    names = [item.name for item in version.properties.all()]
    data = version.config.get("data") if isinstance(version.config, dict) else None
    entries = data.get("properties") if isinstance(data, dict) else None
    given = [entry.get("name") for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []
    return sorted(names, key=lambda name: given.index(name) if name in given else len(given))


def _numbers(content: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], float]]:
    if isinstance(content, Mapping) and len(path) < DEEPEST:
        for name, value in content.items():
            yield from _numbers(value, (*path, str(name)))
    elif isinstance(content, int | float) and not isinstance(content, bool) and math.isfinite(content):
        yield path, float(content)


def _of_no_top(path: tuple[str, ...], known: Mapping[str, Property]) -> bool:
    """The precision among the highest, of a property for which highest is not best."""
    return path[-1] == "top_precision" and path[0] in known and not ranked(known[path[0]])


def ranked(item: Property) -> bool:
    """Whether candidates are ranked by it, so that a model has to find the top."""
    return item.better != NEITHER


def _figure(path: tuple[str, ...], value: float, known: Mapping[str, Property], metrics: Any) -> Figure:
    first, part, key = path[0], path[1] if len(path) > 1 else "", ".".join(path[2:])
    if first in known and part in PARTS and key in OF_PREDICTOR:
        measure, item = OF_PREDICTOR[key], known[first]
        unit = axis_unit(item) if measure.kind == "axis" else ""
        counts = (_count(metrics[first][part], name) for name in ("n", "structures"))
        return Figure(item.label, part, key, measure, value, unit, *counts)
    if first == "samples" and key in OF_SAMPLES:
        subject = "Samples" if part == "free" else f"Samples, {part}"
        return Figure(subject, "", key, OF_SAMPLES[key], value, "", _count(metrics[first][part]))
    if len(path) == 2 and first in PARTS and part in OF_LOSS:
        return Figure("Loss", first, part, OF_LOSS[part], value)
    if path == ("best_step",):
        return Figure("Other", "", first, Measure("Training step kept", kind="count"), value)
    return Figure("Other", "", ".".join(path), Measure(".".join(path)), value)


def _count(measured: Mapping[str, Any], name: str = "n") -> int | None:
    n = measured.get(name)
    return int(n) if isinstance(n, int | float) and math.isfinite(n) else None


def axis_unit(item: Property) -> str:
    """Of an error of this property: a log10 axis is measured in decades."""
    return "decades" if item.scale == Property.Scale.LOG10 else item.unit


def _place(figure: Figure, subjects: list[str]) -> tuple[object, ...]:
    order = {name: place for place, name in enumerate([*subjects, "Samples"])}
    late = {"Loss": len(order) + 1, "Other": len(order) + 2}
    measures = [*OF_PREDICTOR, *OF_SAMPLES, *OF_LOSS] if figure.part else [*OF_SAMPLES]
    return (
        list(PARTS).index(figure.part) if figure.part else 0,
        order.get(figure.subject, late.get(figure.subject, len(order))),
        figure.subject,
        measures.index(figure.key) if figure.key in measures else len(measures),
        figure.key,
    )
