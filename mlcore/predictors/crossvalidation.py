"""What a way of training is worth: each row is predicted by a model that never saw its structure.

Structures and not rows are shared out into folds, so that a polymer that stands in a table twice, or was measured at
ten temperatures, is never asked of a model that knows it.
"""

import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mlcore import bundle, catalog
from mlcore.bundle import Bundle
from mlcore.config import RunConfig
from mlcore.data.splits import Split, fewer, folds_by_key
from mlcore.data.tables import Table, to_scale
from mlcore.errors import UserError
from mlcore.events import Silence
from mlcore.predictors import report
from mlcore.predictors.protocol import Given, Predictions
from mlcore.run import Run

_OTHER_SEED = 104_729  # neither the validation rows of a training nor the folds of a stack are drawn by it


@dataclass(frozen=True)
class HeldOut:
    """Answers about the test rows of one fold."""

    fold: int
    rows: NDArray[np.int64]
    """(R,) of the table."""
    found: Predictions
    """Of R structures."""


def folds(table: Table, count: int, seed: int) -> list[Split]:
    """`count` splits by structure; UserError where there are fewer structures than folds."""
    structures = len(set(table.keys))
    if structures < count:
        raise UserError(f"{structures} different structures cannot be shared out into {count} folds")
    found = [fold for fold in folds_by_key(table.keys, count, seed + _OTHER_SEED) if len(fold.test)]
    if len(found) < 2:
        raise UserError(f"all {structures} structures fell into one fold; ask for fewer folds or take another seed")
    return found


def held_out(
    config: RunConfig, table: Table, splits: Sequence[Split], init: Bundle | None = None, size: int | None = None
) -> Iterator[HeldOut]:
    """Trains without the test rows of each split, saves the bundle, and asks that about them.

    Args:
        config: its share of test rows means nothing here; its validation rows come from those that are left.
        init: a model from which every training starts; it must not have seen the table.
        size: structures to learn from, so many of those left; None for all of them.

    Raises:
        UserError: as the training does.
    """
    shares = replace(config.data.split, test=0.0)
    config = replace(config, data=replace(config.data, split=shares))
    for number, split in enumerate(splits):
        part = split if size is None else fewer(split, table.keys, size, config.seed)
        taught = table.of(part.train)
        with tempfile.TemporaryDirectory() as folder:
            run = Run(config, taught, Silence(), Path(folder) / "checkpoint", init)
            trained = catalog.get(config.architecture).train(run)
            saved = bundle.save(Path(folder) / "bundle", config, taught, trained, init.digest if init else None)
            asked = table.of(part.test)
            given = Given(asked.geometries, asked.conditions, asked.baselines)
            yield HeldOut(number, part.test, saved.activate(config.device).predict_keys(asked.keys, given))


def measure(table: Table, answers: Sequence[HeldOut]) -> dict[str, dict[str, Any]]:
    """Figures of each property, pooled over the folds, on the axis on which it is learned; `mae_of_folds` fold by fold.

    What could not be scored is left out.
    """
    pooled = _measured(table, answers)
    for answer in answers:
        for name, figures in _measured(table, [answer]).items():
            pooled[name].setdefault("mae_of_folds", []).append(figures.get("mae"))
    return pooled


def _measured(table: Table, answers: Sequence[HeldOut]) -> dict[str, dict[str, Any]]:
    rows = np.concatenate([answer.rows for answer in answers])
    scored = np.array([error is None for answer in answers for error in answer.found.errors], dtype=bool)
    mean, std, inside = (
        np.concatenate([getattr(answer.found, name) for answer in answers])[scored]
        for name in ("mean", "std", "in_domain")
    )
    rows = rows[scored]
    axis = np.empty_like(mean)
    for i, item in enumerate(table.properties):
        axis[:, i] = to_scale(mean[:, i], item.scale)
        if item.baseline:
            axis[:, i] -= to_scale(table.baselines[rows, i], item.scale)
    return report.measure(table, rows, axis, std, inside)
