"""What a way of training is worth: each row is predicted by a model that never saw its structure.

Structures and not rows are shared out into folds, so that a polymer that stands in a table twice, or was measured at
ten temperatures, is never asked of a model that knows it.
"""

import hashlib
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
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
class Plan:
    """What is held out of which training."""

    splits: Sequence[Split]
    """One a fold."""
    sizes: Sequence[int]
    """Structures to learn from in the trainings of a learning curve, ascending, beside those on all that are left."""
    left: int
    """Structures that a fold leaves to learn from, on average."""

    @property
    def trainings(self) -> int:
        """How many there will be."""
        return len(self.splits) * (1 + len(self.sizes))

    @property
    def digest(self) -> str:
        """Of who is held out when."""
        return hashlib.sha256("".join(split.digest for split in self.splits).encode()).hexdigest()


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


def plan(table: Table, count: int, sizes: Sequence[int], seed: int) -> Plan:
    """UserError where the table has too few structures for so many folds, or for a size."""
    splits = folds(table, count, seed)
    left = [len({table.keys[row] for row in split.train}) for split in splits]
    if sizes and max(sizes) > min(left):
        raise UserError(
            f"a fold leaves {min(left):,} structures to learn from, fewer than the {max(sizes):,} asked for"
        )
    return Plan(splits, sorted(set(sizes)), round(sum(left) / len(left)))


def carry_out(
    plan: Plan,
    config: RunConfig,
    table: Table,
    init: Bundle | None = None,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> dict[int | None, list[HeldOut]]:
    """{structures learned from: answers of all folds}, None for all that are left; otherwise as `held_out`."""
    found: dict[int | None, list[HeldOut]] = {}
    done = 0
    for size in (*plan.sizes, None):
        found[size] = []
        for answer in held_out(config, table, plan.splits, init, size):
            found[size].append(answer)
            done += 1
            tell(done, plan.trainings)
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


def parts(
    plan: Plan, table: Table, found: Mapping[int | None, Sequence[HeldOut]]
) -> dict[str, dict[str, dict[str, Any]]]:
    """{property: {"folds": ...}}, as it lands in the manifest: the figures of `measure`, and whose they are.

    `learning_curve` has (structures learned from, MAE, R2) for each size, the largest being what a fold leaves.
    """
    by_size = {size or plan.left: measure(table, answers) for size, answers in found.items()}
    return {
        name: {
            "folds": {
                **figures,
                "folds": len(plan.splits),
                "structures": len(set(table.keys)),
                "digest": plan.digest,
                "learning_curve": [
                    [size, of[name]["mae"], of[name]["r2"]] for size, of in by_size.items() if of[name]["n"]
                ],
            }
        }
        for name, figures in by_size[plan.left].items()
    }


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
