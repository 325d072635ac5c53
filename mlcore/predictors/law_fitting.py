"""How an ensemble with a law for readout learns: rows drawn by structure, each member from batches of its own."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn.functional import huber_loss

from mlcore.data.splits import Split
from mlcore.predictors.fitting import over_known
from mlcore.predictors.law import LawNetwork
from mlcore.predictors.left_out import LeftOut
from mlcore.run import Run

Floats = NDArray[np.float64]
Indices = NDArray[np.int64]

_DELTA = 0.5  # standard deviations where the loss turns from the square to the absolute error
_AT_ONCE = 2048  # rows in one pass


@dataclass
class Learner:
    """What the training loop needs (`mlcore.training.Learner`)."""

    network: LawNetwork
    run: Run
    inputs: Tensor  # (N, F)
    kelvin: Tensor  # (N,)
    targets: Tensor  # (N, P) in standard deviations, NaN where there is no value
    split: Split  # in which every training row has a value
    structure: Indices  # (N,) number of each row's
    left_out: LeftOut
    model: nn.Module = field(init=False)
    chances: Floats = field(init=False)  # of the training rows
    _of_members: Floats = field(init=False)  # (M, training rows)

    def __post_init__(self) -> None:
        taught = self.structure[self.split.train]
        self.model = self.network
        self.chances = chances(taught, self.network.config.evenness)
        self._of_members = self.left_out.chances(self.chances, taught)

    def batch(self, step: int) -> tuple[Tensor, Tensor]:
        """Rows for each member, (M, B), and the values of each property in the batches of all processes, (P,)."""
        random, size = np.random.default_rng([self.run.config.seed, step]), self.run.batch_size
        drawn = np.stack([random.choice(self.split.train, size, p=chances) for chances in self._of_members], axis=1)
        known = self.targets[drawn.ravel()].isfinite().sum(0)
        return torch.from_numpy(self.run.group.share(drawn).T.copy()), known

    def loss(self, batch: tuple[Tensor, Tensor]) -> Tensor:
        """Mean over the members of their Huber losses."""
        rows, known = batch
        found = self.network(self.inputs[rows], self.kelvin[rows]).flatten(0, 1)
        return over_known(huber, found, self.targets[rows].flatten(0, 1), known)

    def validate(self) -> Mapping[str, float]:
        """Huber loss of the ensemble's mean on the validation rows."""
        rows = self.split.valid
        truth = self.targets[rows]
        if not truth.isfinite().any():
            return {}
        return {"loss": float(over_known(huber, self.scores(rows).mean(dim=0), truth))}

    @torch.no_grad()
    def scores(self, rows: Indices) -> Tensor:
        """(M, R, P) of some rows."""
        return scores(self.network, self.inputs[rows], self.kelvin[rows])


def huber(found: Tensor, target: Tensor, reduction: str) -> Tensor:
    """The loss of single values."""
    return huber_loss(found, target, reduction=reduction, delta=_DELTA)


@torch.no_grad()
def scores(network: LawNetwork, inputs: Tensor, kelvin: Tensor) -> Tensor:
    """Members' answers (M, N, P) for inputs (N, F); none for no row."""
    none = torch.empty(network.config.members, 0, network.properties, device=inputs.device)
    return torch.cat([none, *(network(x, t) for x, t in _for_all(network, inputs, kelvin))], dim=1)


@torch.no_grad()
def states(network: LawNetwork, inputs: Tensor, kelvin: Tensor) -> Tensor:
    """(N, M * width) of the same rows: what the readouts of all members are given."""
    none = torch.empty(0, network.config.members * network.config.width, device=inputs.device)
    found = (network.states(x, t).transpose(0, 1).flatten(1) for x, t in _for_all(network, inputs, kelvin))
    return torch.cat([none, *found])


def _for_all(network: LawNetwork, inputs: Tensor, kelvin: Tensor) -> Iterator[tuple[Tensor, Tensor]]:
    """Some rows after others, the same for each member."""
    members = network.config.members
    for start in range(0, len(inputs), _AT_ONCE):
        x, t = (part[start : start + _AT_ONCE] for part in (inputs, kelvin))
        yield x.expand(members, *x.shape), t.expand(members, *t.shape)


def chances(structure: Indices, evenness: float) -> Floats:
    """(R,) with which rows are drawn, for the structure of each."""
    weights = np.bincount(structure)[structure].astype(np.float64) ** -evenness
    shares: Floats = weights / weights.sum()
    return shares
