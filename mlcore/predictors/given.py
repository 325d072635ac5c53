"""What a table says of its structures beside their identity, in the form that predictors take."""

from collections.abc import Mapping, Sequence

import numpy as np

from mlcore.config import DataConfig
from mlcore.data import conditions
from mlcore.data.conditions import Conditions
from mlcore.data.tables import number
from mlcore.errors import UserError
from mlcore.predictors.protocol import Given


def of_rows(rows: Sequence[Mapping[str, str]], config: DataConfig) -> tuple[Given, list[str | None]]:
    """What rows say, read as the model's training table was, and for each row None or why it cannot be used."""
    states: list[dict[str, float | str]] = []
    faults: list[str | None] = []
    for row in rows:
        try:
            states.append(conditions.cells(config.conditions, row))
            faults.append(None)
        except UserError as error:
            states.append(conditions.cells(config.conditions, {}))
            faults.append(str(error))
    geometries = [row.get(config.geometry_column) or "" for row in rows] if config.geometry_column else ()
    baselines = [[number(row.get(item.baseline, ""), item.logarithm) for item in config.properties] for row in rows]
    values = np.array(baselines, dtype=np.float64).reshape(len(rows), len(config.properties))
    values[~np.isfinite(values)] = np.nan  # an infinite one is as good as none
    return Given(geometries, Conditions.gather(config.conditions, states), values), faults
