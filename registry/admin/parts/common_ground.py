"""Errors of several predictors on the structures that all of them held out, pair by pair.

A bundle keeps up to 500 of its held-out rows with the start of each key's digest (mlcore.predictors.detail), the same
structures wherever they were held out. So versions with different splits can still be told apart on what they share.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean, stdev
from typing import Any

from registry.models import ModelVersion, Property

FEWEST = 10  # structures: fewer would let chance decide
ALIKE = 1e-4  # relative difference of two values that are one, with the digits that a manifest keeps

Pairs = dict[str, tuple[float, float]]
"""(truth, predicted) by key."""


@dataclass(frozen=True)
class Shared:
    """One property on n structures; the k-th entry is the k-th version's.

    moved: so many more were held out by all, but their value is not the same in all training tables.
    """

    property: Property
    n: int
    mae: tuple[float, ...]
    rmse: tuple[float, ...]
    r2: tuple[float, ...]
    gain: tuple[float, ...]
    """Mean difference of the absolute error to the base version's."""
    doubt: tuple[float, ...]
    """Standard error of that difference, which is taken structure by structure."""
    moved: int


def shared(versions: Sequence[ModelVersion], base: int) -> tuple[list[Shared], list[str]]:
    """What can be compared, and for each property that all predict and that cannot, why not."""
    found, reasons = [], []
    for item in _common(versions):
        kept = [_pairs(version, item) for version in versions]
        if without := [str(version) for version, rows in zip(versions, kept, strict=True) if not rows]:
            reasons.append(f"{item.label}: {', '.join(without)} came without its held-out rows.")
            continue
        both = sorted(set.intersection(*(set(rows) for rows in kept)))
        same = [key for key in both if _one_value([rows[key][0] for rows in kept])]
        if len(same) < FEWEST:
            reasons.append(
                f"{item.label}: {len(same)} structures with one value were held out by all; {FEWEST} are needed."
            )
            continue
        found.append(_measured(item, kept, same, base, len(both) - len(same)))
    return found, reasons


def learned_before(versions: Sequence[ModelVersion]) -> list[str]:
    """Versions fine-tuned from one with another split, which may have learned from structures that they held out."""
    return [
        f"{version} was fine-tuned from {version.parent}, which may have learned from some of them."
        for version in versions
        if version.parent is not None and _splitting(version) != _splitting(version.parent)
    ]


def _splitting(version: ModelVersion) -> Any:
    """What decides the part of a structure."""
    config = version.config if isinstance(version.config, Mapping) else {}
    data = config.get("data")
    return config.get("seed"), data.get("split") if isinstance(data, Mapping) else None


def _common(versions: Sequence[ModelVersion]) -> list[Property]:
    others = [{item.pk for item in version.properties.all()} for version in versions[1:]]
    return [item for item in versions[0].properties.all() if all(item.pk in ids for ids in others)]


def _pairs(version: ModelVersion, item: Property) -> Pairs:
    """Of the test part: validation rows have steered the training."""
    place: Any = version.metrics
    for step in (item.name, "test", "parity"):
        place = place.get(step) if isinstance(place, Mapping) else None
    if not isinstance(place, Mapping):
        return {}
    rows = zip(*(place.get(name) or () for name in ("keys", "truth", "predicted")), strict=False)
    return {
        str(key): (float(truth), float(guess))
        for key, truth, guess in rows
        if all(isinstance(value, int | float) and math.isfinite(value) for value in (truth, guess))
    }


def _one_value(values: Sequence[float]) -> bool:
    return all(math.isclose(value, values[0], rel_tol=ALIKE, abs_tol=1e-12) for value in values)


def _measured(item: Property, kept: Sequence[Pairs], keys: Sequence[str], base: int, moved: int) -> Shared:
    errors = [[guess - truth for truth, guess in (rows[key] for key in keys)] for rows in kept]
    truths = [kept[base][key][0] for key in keys]
    spread = fmean((value - fmean(truths)) ** 2 for value in truths)
    squares = [fmean(error**2 for error in one) for one in errors]
    against = [[abs(e) - abs(b) for e, b in zip(one, errors[base], strict=True)] for one in errors]
    return Shared(
        item,
        len(keys),
        tuple(fmean(abs(error) for error in one) for one in errors),
        tuple(math.sqrt(square) for square in squares),
        tuple(1 - square / spread if spread else math.nan for square in squares),
        tuple(fmean(one) for one in against),
        tuple(stdev(one) / math.sqrt(len(one)) for one in against),
        moved,
    )
