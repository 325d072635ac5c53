"""What held-out rows say about a predictor, in the form in which it lands in the manifest."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore.data.conditions import Conditions
from mlcore.data.splits import Split
from mlcore.data.tables import Table
from mlcore.evaluation import calibration, regression
from mlcore.events import Events
from mlcore.predictors import detail

Floats = NDArray[np.float64]
Score = Callable[[NDArray[np.int64]], tuple[Floats, Floats]]
"""Mean and standard deviation, both (R, P) on the axis, of R rows of the table."""


def calibrate(
    table: Table, rows: NDArray[np.int64], mean: Floats, std: Floats, before: Floats, events: Events
) -> Floats:
    """(P,) factors for the standard deviations, from rows (R) held out of the fit; mean and std are (R, P) on the axis.

    A property with too few values there keeps the factor it had, and a warning says so.
    """
    factors = before.copy()
    for i, item in enumerate(table.properties):
        factor = calibration.scale_factor(table.targets[rows, i], mean[:, i], std[:, i])
        if factor is None:
            known = int(np.isfinite(table.targets[rows, i]).sum())
            events.log("warning", f"{item.name}: {known} validation values are too few to calibrate its uncertainty")
        else:
            factors[i] = factor
    return factors


def parts(
    table: Table,
    split: Split,
    score: Score,
    in_domain: NDArray[np.bool_],
    learned: NDArray[np.int64] | None = None,
) -> dict[str, dict[str, Any]]:
    """{property: {valid: {...}, test: {...}}} of what `score` says, mean and std on the axis, of rows of the table.

    The valid part has steered the training, the test part nothing; that one also has the series of
    `mlcore.predictors.detail`, or the valid part where no row was kept for the test. learned: rows that the model
    knows, where these are more than `split.train`; a row is not compared with those of its own part.
    """
    metrics: dict[str, dict[str, Any]] = {item.name: {} for item in table.properties}
    shown = "test" if len(split.test) else "valid"
    for part, rows in (("valid", split.valid), ("test", split.test)):
        mean, std = score(rows)
        known = np.setdiff1d(split.train if learned is None else learned, rows)
        series = _series(table, known, rows, mean, std) if part == shown else {}
        for name, measured in measure(table, rows, mean, std, in_domain[rows]).items():
            metrics[name][part] = measured | series.get(name, {})
    return metrics


def _series(
    table: Table, learned: NDArray[np.int64], rows: NDArray[np.int64], mean: Floats, std: Floats
) -> dict[str, dict[str, Any]]:
    """Per property with a value among rows (R), which are compared with those learned from."""
    keys = [table.keys[row] for row in rows]
    similarity = detail.nearest(keys, [table.keys[row] for row in learned])
    truth, named = table.targets[rows], _named(keys, table.conditions.of(rows))
    return {
        item.name: detail.series(truth[:, i], mean[:, i], std[:, i], named, similarity)
        for i, item in enumerate(table.properties)
        if np.isfinite(truth[:, i]).any()
    }


def _named(keys: Sequence[str], told: Conditions) -> list[str]:
    """What names each row in any table: its structure, and under which conditions where there are such."""
    columns = [*told.numbers.values(), *told.structures.values()]
    states: list[tuple[Any, ...]] = list(zip(*columns, strict=True)) if columns else [()] * len(keys)
    return [
        f"{key} {[str(value) for value in state]}" if state else key for key, state in zip(keys, states, strict=True)
    ]


def measure(
    table: Table, rows: NDArray[np.int64], mean: Floats, std: Floats, in_domain: NDArray[np.bool_]
) -> dict[str, dict[str, Any]]:
    """Per property over rows (R): errors on the axis, coverage of the 90 % interval, mean std and share in domain.

    `structures`, where several rows are of one: rows say less of a model the fewer structures they are of.
    """
    metrics: dict[str, dict[str, Any]] = {}
    for i, item in enumerate(table.properties):
        truth = table.targets[rows, i]
        measured: dict[str, Any] = regression.measure(truth, mean[:, i])
        known = np.isfinite(truth)
        if known.any():
            measured["coverage_90"] = calibration.coverage(truth, mean[:, i], std[:, i])
            measured["mean_std"] = float(std[known, i].mean())
            measured["in_domain"] = float(in_domain[known].mean())
            structures = len({table.keys[row] for row in rows[known].tolist()})
            measured |= {"structures": structures} if structures < measured["n"] else {}
        metrics[item.name] = measured
    return metrics
