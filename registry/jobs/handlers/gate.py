"""Is a new version better than the champion? Both are measured on the same structures, which neither has learned from.

The figures in two versions' manifests come from different data and cannot be compared. A structure's part in a split
depends on its key and the seed alone (mlcore.data.splits), so which structures each version, and each version it was
fine-tuned from, has learned from can be told from its configuration and its dataset version. The gate predicts with
both versions those that neither has.

Generators are compared by the figures in their manifests: a share of so many samples means the same for both, a loss
only where the vocabulary is the same.
"""

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mlcore.config import Scale
from mlcore.data.splits import by_key
from mlcore.data.tables import to_scale
from mlcore.evaluation import regression
from registry.jobs.attempt import Attempt
from registry.jobs.child import run_mlcore
from registry.jobs.handlers.bundles import unpacked
from registry.models import Measurement, ModelVersion, Property, RegisteredModel, Schedule

MINIMUM = 5  # held-out structures: fewer would let chance decide


@dataclass(frozen=True)
class Verdict:
    """Whether to promote, and why, in figures."""

    promote: bool
    reason: str


def judge(attempt: Attempt, schedule: Schedule, version: ModelVersion) -> Verdict:
    """Compare the version with the champion as the schedule's gate says."""
    champion = schedule.model.champion()
    if champion == version:
        return Verdict(False, "It is the champion already.")
    if not schedule.gate_metric:
        return Verdict(False, "The schedule names no gate metric.")
    if champion is None:
        return Verdict(True, "There was no champion before.")
    if missing := champion.properties.exclude(pk__in=version.properties.all()):
        names = ", ".join(item.label for item in missing)
        return Verdict(False, f"It does not know {names}, which the champion {champion} does.")
    try:
        old, new, where = _figures(attempt, schedule.gate_metric, champion, version)
    except LookupError as error:
        return Verdict(False, f"{schedule.gate_metric} cannot be compared: {error.args[0]}.")
    verdict = _compare(schedule, old, new, f"{schedule.gate_metric} {where}")
    return Verdict(True, f"{verdict.reason}{_unseen(schedule.gate_metric, version)}") if verdict.promote else verdict


def _unseen(path: str, version: ModelVersion) -> str:
    """A promotion moves every property of the version, of which the gate has looked at one."""
    names = [item.name for item in version.properties.all()]
    others = len(names) - 1 if path.partition(".")[0] in names else 0
    if not others:
        return ""
    return f" {others} other propert{'y' if others == 1 else 'ies'} moved with it without having been compared."


def _compare(schedule: Schedule, old: float, new: float, what: str) -> Verdict:
    gain = (old - new if schedule.gate_lower_is_better else new - old) / abs(old) if old else math.nan
    promote = gain > 0 and gain >= schedule.gate_min_improvement
    asked = f"{schedule.gate_min_improvement:.1%}" if schedule.gate_min_improvement else "any improvement"
    return Verdict(promote, f"{what}: {old:.4g} before, {new:.4g} now, {_told(gain)}; the gate asks for {asked}.")


def _told(gain: float) -> str:
    """25.0 % better, or worse."""
    if gain == 0 or math.isnan(gain):
        return "no change" if gain == 0 else "no share of 0"
    return f"{100 * abs(gain):.1f} % {'better' if gain > 0 else 'worse'}"


def _figures(attempt: Attempt, path: str, old: ModelVersion, new: ModelVersion) -> tuple[float, float, str]:
    """The metric of both versions, and on what it was measured."""
    name, _, rest = path.partition(".")
    part, _, measure = rest.partition(".")
    if new.model.task == RegisteredModel.Task.PREDICT and part == "test":
        item = Property.objects.filter(name=name, model_versions=old).filter(model_versions=new).first()
        if item is None:
            raise LookupError(f"{name} is not predicted by both versions")
        rows = _held_out(attempt.folder / "table.csv", item, (old, new))
        before, after = (_measured(attempt, version, rows, item, measure) for version in (old, new))
        return before, after, f"on the same {len(rows)} held-out structures"
    return _stored(old, path), _stored(new, path), "as stated by each version"


def _stored(version: ModelVersion, path: str) -> float:
    value: Any = version.metrics
    for step in path.split("."):
        value = value.get(step) if isinstance(value, dict) else None
    if not isinstance(value, int | float):
        raise LookupError(f"{version} states no such figure")
    return float(value)


def _held_out(table: Path, item: Property, versions: Sequence[ModelVersion]) -> list[dict[str, str]]:
    """Rows with a value whose key no version, nor any that it was fine-tuned from, has learned from."""
    with table.open(newline="") as file:
        rows = list(csv.DictReader(file))
    keys = [row["key"] for row in rows]
    learned: set[str] = set()
    for ancestor in {ancestor for version in versions for ancestor in _lineage(version)}:
        learned |= _learned_from(ancestor, keys)
    labelled = [row for row in rows if row.get(item.name)]
    held_out = [row for row in labelled if row["key"] not in learned]
    if len(held_out) < MINIMUM:
        raise LookupError(_too_few(item, len(labelled), len(held_out), versions))
    return held_out


def _too_few(item: Property, labelled: int, held_out: int, versions: Sequence[ModelVersion]) -> str:
    """How many are there, how many are needed, and about how many more measurements that means."""
    share = min(version.config["data"]["split"]["test"] for version in versions)
    more = f"; about {math.ceil((MINIMUM - held_out) / share)} more measured structures would do" if share else ""
    return (
        f"of {labelled} structures with a value of {item.name}, {held_out} were held out from both versions, and "
        f"{MINIMUM} are needed{more}"
    )


def _learned_from(version: ModelVersion, keys: Sequence[str]) -> set[str]:
    """Keys of a version's table that were not kept for its test; where its table is unknown, `keys` stand for it."""
    own = keys
    if version.dataset_version is not None:
        rows = Measurement.objects.in_version(version.dataset_version).filter(value__isnull=False)
        rows = rows.filter(property__in=version.properties.all())
        own = list(rows.values_list("structure__key", flat=True).distinct())
    split = version.config["data"]["split"]
    parts = by_key(own, split["valid"], split["test"], version.config["seed"])
    return {own[row] for part in (parts.train, parts.valid) for row in part}


def _lineage(version: ModelVersion | None) -> Iterator[ModelVersion]:
    while version is not None:
        yield version
        version = version.parent


def _measured(
    attempt: Attempt, version: ModelVersion, rows: Sequence[dict[str, str]], item: Property, measure: str
) -> float:
    """One measure of mlcore.evaluation.regression of a version's predictions for these rows."""
    asked, answered = (attempt.folder / f"gate-{version.pk}{end}.csv" for end in ("", "-predicted"))
    with asked.open("w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys())  # conditions, baselines and geometries with them
        writer.writeheader()
        writer.writerows(rows)
    run_mlcore(attempt, ["predict", unpacked(attempt, version), asked, "--out", answered], stage="")
    with answered.open(newline="") as file:
        predicted = [float(row[item.name] or "nan") for row in csv.DictReader(file)]
    scale: Scale = "log10" if item.scale == Property.Scale.LOG10 else "linear"
    truth, guess = (to_scale(np.array(v), scale) for v in ([float(row[item.name]) for row in rows], predicted))
    known = np.isfinite(guess)
    figures = regression.measure(truth[known], guess[known])
    if not math.isfinite(figures.get(measure, math.nan)):
        raise LookupError(f"{version} gives no {measure} there")
    return figures[measure]
