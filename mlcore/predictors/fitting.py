"""How an ensemble of graph networks learns several properties at once, from scratch or on from what it knew before.

Missing values are left out of the loss, property by property.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.data.splits import Split
from mlcore.predictors.ensemble import Batches, Ensemble
from mlcore.predictors.rehearsal import Recall, Rehearsal
from mlcore.run import Run
from mlcore.training import batch_rows


@dataclass(frozen=True)
class Batch:
    """What one member learns from in one step."""

    graph: Any  # of B structures, as the members take it
    target: Tensor  # (B, P)
    known: Tensor  # (P,) values of each property, in the batches of all processes together
    recall: Recall | None


@dataclass
class Learner:
    """What the training loop needs (`mlcore.training.Learner`)."""

    ensemble: Ensemble
    run: Run
    graphs: Batches
    targets: Tensor  # (N, P) in standard deviations, NaN where there is no value
    split: Split
    rehearsal: Rehearsal | None = None
    penalty: Callable[..., Tensor] = functional.huber_loss
    """Of an error in standard deviations; called with `reduction`, as those of torch are."""
    model: nn.Module = field(init=False)

    def __post_init__(self) -> None:
        self.model = self.ensemble

    def batch(self, step: int) -> list[Batch]:
        """One batch of its own for each member."""
        return [self._batch(step, number) for number in range(len(self.ensemble.members))]

    def _batch(self, step: int, member: int) -> Batch:
        size, seed, device = self.run.batch_size, self.run.config.seed * 1000 + member, self.run.device
        whole = self.split.train[batch_rows(step, len(self.split.train), size, seed)]
        rows, known = self.run.group.share(whole), self.targets[whole].isfinite().sum(0)
        recall = self.rehearsal.batch(member, step, size, seed, self.run) if self.rehearsal else None
        return Batch(self.graphs.batch(rows, device), self.targets[rows].to(device), known.to(device), recall)

    def loss(self, batch: list[Batch]) -> Tensor:
        """Mean over the members of the penalty of the mean plus likelihood of the variance, plus what is forgotten."""
        if self.run.init:  # statistics of a few new graphs must not replace those of thousands: they stay as in use
            self.model.eval()
        losses = []
        for member, part in zip(self.ensemble.members, batch, strict=True):
            mean, log_variance = member(part.graph)
            losses.append(over_known(self.penalty, mean, part.target, part.known))
            losses.append(over_known(_variance_loss, log_variance, (part.target - mean.detach()).square(), part.known))
            if self.rehearsal and part.recall:
                losses.append(self.rehearsal.loss(member, part.recall))
        return torch.stack(losses).sum() / len(batch)

    def validate(self) -> Mapping[str, float]:
        """Mean squared error of the ensemble in standard deviations, and each property's MAE on the model's axis."""
        rows = self.split.valid
        truth = self.targets[rows].to(self.run.device)
        if not truth.isfinite().any():
            return {}
        mean = self.ensemble.answers(self.graphs, self.run.device, rows)[0]
        errors = ((mean - truth).abs().cpu() * self.ensemble.target_std.cpu()).numpy()
        known = [i for i in range(errors.shape[1]) if np.isfinite(errors[:, i]).any()]
        names = [item.name for item in self.run.table.properties]
        loss = float(over_known(functional.mse_loss, mean, truth))
        return {"loss": loss} | {f"mae_{names[i]}": float(np.nanmean(errors[:, i])) for i in known}


def over_known(loss: Any, predicted: Tensor, target: Tensor, counts: Tensor | None = None) -> Tensor:
    """Mean over the properties of a loss's mean over the rows with a value; all (B, P), NaN in target for no value.

    counts: (P,) rows with a value in the whole batch, where these rows are a part of it; the parts' means add up.
    """
    known = target.isfinite()
    counts = known.sum(0) if counts is None else counts
    each = torch.where(known, loss(predicted, target.nan_to_num(), reduction="none"), 0)
    return (each.sum(0) / counts.clamp(min=1)).sum() / (counts > 0).sum().clamp(min=1)


def _variance_loss(log_variance: Tensor, squared_error: Tensor, reduction: str) -> Tensor:
    """Negative log likelihood of an error under a normal distribution, without the constant."""
    return 0.5 * (log_variance + squared_error * (-log_variance).exp())
