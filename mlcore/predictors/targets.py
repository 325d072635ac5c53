"""The values that a predictor learns: their standards for training, their description for the bundle."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.data.splits import Split
from mlcore.data.tables import Table
from mlcore.errors import UserError

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


def describe(table: Table, split: Split) -> list[dict[str, Any]]:
    """The property entries of a predictor's manifest; the range is that of the training values, in the unit."""
    values = table.values[split.train]
    return [
        {
            "name": item.name,
            "unit": item.unit,
            "scale": item.scale,
            "std_scale": item.scale,
            "training_values": int(np.isfinite(column).sum()),
            "minimum": float(np.nanmin(column)),
            "maximum": float(np.nanmax(column)),
        }
        for item, column in zip(table.properties, values.T, strict=True)
    ]
