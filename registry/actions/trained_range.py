"""The values that a model has seen of properties and conditions: what it can be asked for, and tell from experience."""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from mlcore.manifest import MANIFEST, WEIGHTS
from mlcore.predictors.reach import Span, reach
from registry import artifacts
from registry.actions.model_conditions import KELVIN, conditions_of
from registry.models import ModelVersion, Property


@dataclass(frozen=True)
class TrainedRange:
    """Smallest and largest training value, in the property's unit."""

    low: float
    high: float
    unit: str = ""
    log: bool = False
    """Whether the property lives on a log10 axis."""
    threshold: float | None = None
    """Where a generator's class `high` begins."""
    digits: int = 3
    """Significant ones that the ends are written with, or more where it takes more."""

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high

    def __str__(self) -> str:
        """Rounded inwards, so that both ends can be asked for as they are written."""
        for digits in range(self.digits, 16):
            low, high = _rounded(self.low, math.ceil, digits), _rounded(self.high, math.floor, digits)
            if low <= high:
                break
        return f"{low:.{digits}g} to {high:.{digits}g} {self.unit}".rstrip()

    @property
    def example(self) -> float:
        """A value from the middle, of two digits."""
        middle = math.sqrt(self.low * self.high) if self.log and self.low > 0 else (self.low + self.high) / 2
        short = float(f"{middle:.2g}")
        return short if short in self else middle


def trained_range(version: ModelVersion, property_: Property) -> TrainedRange | None:
    """From the manifest of the version's bundle; None where that says nothing or is out of reach."""
    entry = _entries(version).get(property_.name, {})
    low, high = entry.get("minimum"), entry.get("maximum")
    if low is None or high is None:
        return None
    log = property_.scale == Property.Scale.LOG10
    return TrainedRange(low, high, property_.unit, log, entry.get("threshold"))


def condition_ranges(version: ModelVersion) -> dict[str, TrainedRange]:
    """Of the numeric conditions that the version is told, by key; empty where its bundle keeps none."""
    known = conditions_of(version)
    spans = _reach_of(version) if known else {}
    return {
        key: TrainedRange(*spans[one.column], "K" if key == KELVIN else one.unit, digits=5)  # 243.15 K was there
        for key, one in known.items()
        if one.column in spans
    }


def beyond_trained(version: ModelVersion, conditions: Mapping[str, Any]) -> list[str]:
    """A line for each numeric condition that is asked for beyond what the training data have."""
    said = []
    for key, trained in condition_ranges(version).items():
        asked = conditions.get(key, [])
        beyond = [f"{value:g}" for value in (asked if isinstance(asked, list) else [asked]) if value not in trained]
        if beyond:
            said.append(
                f"{key} {', '.join(beyond)} {trained.unit}: the training data have {trained}; what is predicted there "
                "is marked as out of domain."
            )
    return said


def _reach_of(version: ModelVersion) -> Mapping[str, Span]:
    try:
        return _reach_in(version.bundle_digest)
    except artifacts.ArtifactError:  # as for the properties
        return {}


@lru_cache(maxsize=64)
def _reach_in(digest: str) -> Mapping[str, Span]:
    config = json.loads(artifacts.read_in_folder(digest, MANIFEST))["config"]
    return reach(config, artifacts.read_in_folder(digest, WEIGHTS))


def _entries(version: ModelVersion) -> Mapping[str, dict[str, Any]]:
    try:
        return _properties_of(version.bundle_digest)
    except artifacts.ArtifactError:  # a bundle that is gone stops the job, with its own message
        return {}


@lru_cache(maxsize=64)  # a digest names the same bytes for ever
def _properties_of(digest: str) -> Mapping[str, dict[str, Any]]:
    manifest = json.loads(artifacts.read_in_folder(digest, MANIFEST))
    return {entry["name"]: entry for entry in manifest["properties"]}


def _rounded(value: float, towards: Callable[[float], int], digits: int) -> float:
    """So many significant digits, up or down as `towards` says."""
    if value == 0 or float(f"{value:.{digits}g}") == value:
        return value
    step = 10.0 ** (math.floor(math.log10(abs(value))) + 1 - digits)
    return float(f"{towards(value / step) * step:.{digits}g}")
