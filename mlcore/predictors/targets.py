"""The values that a predictor learns: their standards for training, their description for the bundle."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.config import PropertyConfig
from mlcore.data.splits import Split
from mlcore.data.tables import Table
from mlcore.errors import UserError
from mlcore.predictors import composition

Floats = NDArray[np.float64]


def standards(table: Table, split: Split) -> tuple[Floats, Floats]:
    """Mean and standard deviation of each property's training values on the model's axis, (P,) each.

    Raises UserError where there is nothing to learn: no property, no value, or the same value everywhere.
    """
    if not table.properties:
        raise UserError("data.properties: a predictor needs at least one property to learn")
    targets = table.targets[split.train]
    for column, item in zip(targets.T, table.properties, strict=True):
        known = column[np.isfinite(column)]
        if not len(known):
            raise UserError(f"data.properties: {item.name}: column {item.source!r} has no value in the training rows")
        if np.ptp(known) <= 1e-9 * max(1.0, float(np.abs(known).max())):
            raise UserError(
                f"data.properties: {item.name}: column {item.source!r} has the same value in all {len(known)} training "
                "rows that have one; there is nothing to learn"
            )
    return np.nanmean(targets, axis=0), np.nanstd(targets, axis=0)


def check_any(table: Table, split: Split) -> None:
    """UserError unless some training row has a value: enough for a model that knows these properties already."""
    if not np.isfinite(table.targets[split.train]).any():
        names = ", ".join(item.name for item in table.properties)
        raise UserError(f"data.properties: no training row has a value of {names}; there is nothing to learn")


def _levels(item: PropertyConfig) -> dict[str, Any]:
    """Of which methods the values are; nothing where nobody said."""
    named = {"baseline": item.baseline, "level": item.level, "baseline_level": item.baseline_level}
    return {name: text for name, text in named.items() if text}


def describe(table: Table, split: Split, before: Sequence[dict[str, Any]] | None = None) -> list[dict[str, Any]]:
    """The property entries of a predictor's manifest; the range is that of the training values, in the unit.

    before: the entries of the model that training started from, whose range and number of values are added to; what
        baselines it expects stays.
    """
    entries = []
    expected = composition.inherited(before) if before else composition.learned(table, split)
    for i, (item, column) in enumerate(zip(table.properties, table.values[split.train].T, strict=True)):
        known = column[np.isfinite(column)].tolist()
        earlier = before[i] if before else {"training_values": 0}
        ends = [*known, *(earlier[end] for end in ("minimum", "maximum") if end in earlier)]
        entries.append(
            _levels(item)
            | expected[i]
            | {
                "name": item.name,
                "unit": item.unit,
                "scale": item.scale,
                "std_scale": item.scale,
                "training_values": len(known),
                "earlier_values": earlier.get("earlier_values", 0) + earlier["training_values"],
                "minimum": min(ends),
                "maximum": max(ends),
            }
        )
    return entries
