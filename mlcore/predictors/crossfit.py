"""Learning from all rows that steer or train, and judging each by models that did not see its structure.

Nothing is spent on validation: the structures are shared out into folds by key, and what is said about a fold comes
from models without its values (the parameters of a Gaussian process are found once, with rows of all folds, where there
are so many that no fold is felt). Weights and intervals are made from those answers, and the figures of the validation
part are theirs.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from mlcore.data.graphs import Graphs, featurise
from mlcore.data.splits import Split, folds_by_key
from mlcore.errors import UserError
from mlcore.predictors import covariance, doubts, reading, report, targets
from mlcore.predictors.covariance import Described
from mlcore.predictors.domain import Domain
from mlcore.run import Run

Floats = NDArray[np.float64]
Rows = NDArray[np.int64]

LEAST_VALUES = 10
"""Of a property in the rows to learn from: with fewer nothing is left to judge by."""
_OTHER_SEED = 7919  # the folds must not be those by which somebody has split the table already
_STRANGERS = 0.995
"""Share of the learned structures, seen by models without them, whose variance left counts as familiar."""


@dataclass(frozen=True)
class Material:
    """A table's structures, and the rows to learn from in folds."""

    run: Run
    split: Split
    """Train and valid together in `train`; an empty `valid`."""
    molecules: list[Chem.Mol]
    graphs: Graphs
    described: Described
    standards: tuple[Floats, Floats]
    """Mean and standard deviation of each property's learned values, (P,) each."""
    folds: list[Rows]
    """Places in `split.train`."""

    @classmethod
    def of(cls, run: Run, folds: int, radius: int) -> "Material":
        """From a run's table; UserError where a property has too few values or nothing to learn."""
        split = run.split()
        rows = np.sort(np.concatenate([split.train, split.valid]))
        split = replace(split, train=rows, valid=rows[:0])
        standards = targets.standards(run.table, split)
        _check_values(run, rows)
        molecules = reading.of_keys(run.table.keys)
        described = covariance.describe(molecules, run.config.data.kind, radius)
        parts = _folds([run.table.keys[row] for row in rows], folds, run.config.seed)
        return cls(run, split, molecules, featurise(molecules), described, standards, parts)

    @property
    def rows(self) -> Rows:
        """(n,): rows of the table to learn from."""
        return self.split.train

    @property
    def values(self) -> Floats:
        """(N, P) of the table, in standard deviations of the learned values."""
        location, unit = self.standards
        return (self.run.table.targets - location) / unit

    def domain(self, landmarks: int) -> Domain:
        """The kinds of structures that were learned from."""
        return Domain.fit(self.molecules, self.graphs, self.rows, landmarks)

    def metrics(self, mean: Floats, std: Floats, inside: NDArray[np.bool_]) -> dict[str, dict[str, Any]]:
        """`report.parts` of answers (N, P) in standard deviations; those of learned rows come from models without."""
        location, unit = self.standards
        axis, width = mean * unit + location, std * unit
        return report.parts(self.run.table, self.run.split(), lambda part: (axis[part], width[part]), inside, self.rows)


def limit_of(left: Floats) -> float:
    """The largest share of the variance left (n,) with which a structure counts as familiar."""
    return float(np.quantile(left, _STRANGERS))


def doubts_about(
    domain: Domain, molecules: Sequence[Chem.Mol], graphs: Graphs, left: Floats, limit: float
) -> list[str]:
    """Of the domain, and about structures with too large a share of the variance left (n,)."""
    unfamiliar = doubts.where(
        left > limit,
        lambda row: (
            f"the training tells little about it: {left[row]:.2f} of the variance is left, usual is {limit:.2f} or less"
        ),
    )
    return doubts.together(domain.doubts_about(molecules, graphs), unfamiliar)


def _check_values(run: Run, rows: Rows) -> None:
    counts = np.isfinite(run.table.targets[rows]).sum(axis=0)
    for item, count in zip(run.table.properties, counts, strict=True):
        if count < LEAST_VALUES:
            raise UserError(
                f"data.properties: {item.name}: column {item.source!r} has {count} values in the rows to learn from; "
                f"{run.config.architecture} needs at least {LEAST_VALUES}"
            )


def _folds(keys: Sequence[str], count: int, seed: int) -> list[Rows]:
    """Folds without the empty ones; UserError where all structures are the same."""
    folds = [fold.test for fold in folds_by_key(keys, count, seed + _OTHER_SEED) if len(fold.test)]
    if len(folds) < 2:
        raise UserError("the rows to learn from hold too few different structures to share them out into folds")
    return folds
