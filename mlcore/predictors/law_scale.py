"""From the members of an ensemble with a law to values with a standard deviation.

What the errors of new structures are like is learned from members that have not seen them (`left_out`), row by row as
the training weighs them (`mlcore.predictors.spread`). Where too few structures or members are there for that, the
validation rows tell.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.predictors.law_fitting import Learner
from mlcore.predictors.spread import Spread

Floats = NDArray[np.float64]

_FEW = 9
"""Held-out values of a property; fewer set no interval."""


@dataclass(frozen=True)
class Scale:
    """What turns the members' numbers into values on the model's axis."""

    mean: Floats
    """(P,) of the training values."""
    unit: Floats
    """(P,): their standard deviation."""
    spread: Spread
    """From what the members say to the standard deviation, both in units of `unit`."""

    @classmethod
    def fit(cls, learner: Learner, mean: Floats, unit: Floats) -> "Scale":
        """Of a learner that has learned."""
        said, variance, rows, counts = _held_out(learner)
        errors = learner.targets[rows].double().cpu().numpy() - said
        return cls(mean, unit, Spread.fit(errors, said, [variance], counts))

    def values(self, found: Tensor) -> tuple[Floats, Floats]:
        """Mean and std, both (N, P), of members' answers (M, N, P)."""
        members = found.double().cpu().numpy()
        said = members.mean(axis=0)
        return said * self.unit + self.mean, self.spread.std(said, [members.var(axis=0)]) * self.unit

    def tensors(self) -> dict[str, Tensor]:
        """For the bundle; `load` takes them back."""
        return self.spread.tensors() | {
            "scale.mean": torch.from_numpy(self.mean),
            "scale.unit": torch.from_numpy(self.unit),
        }

    @classmethod
    def load(cls, tensors: Mapping[str, Tensor]) -> "Scale":
        """From the tensors of a bundle, of an older one too: there the misfit of the training rows was added."""
        mean, unit = (tensors[f"scale.{name}"].numpy() for name in ("mean", "unit"))
        if "scale.misfit" not in tensors:
            return cls(mean, unit, Spread.load(tensors))
        misfit, factor = (tensors[f"scale.{name}"].numpy() for name in ("misfit", "factor"))
        weights = np.zeros((len(mean), 2 + 2 * len(mean)))
        weights[:, 0], weights[:, 1] = np.square(misfit), 1.0
        return cls(mean, unit, Spread(weights, np.zeros(len(mean)), factor))


def _held_out(learner: Learner) -> tuple[Floats, Floats, NDArray[np.int64], Floats | None]:
    """What is said of rows by those that have not seen them, with its variance; the rows, and what each counts."""
    train, valid = learner.split.train, learner.split.valid
    if learner.left_out.unseen.any():
        found = learner.scores(train).double().cpu().numpy()
        said, variance = learner.left_out.answers(found, learner.structure[train])
        return said, variance, train, learner.chances / learner.chances.max()
    rows = valid
    if (learner.targets[valid].isfinite().sum(0) < _FEW).any():
        learner.run.events.log("warning", "too few held-out values: the uncertainty is that of rows learned from")
        rows = train
    found = learner.scores(rows).double().cpu().numpy()
    return found.mean(axis=0), found.var(axis=0), rows, None
