"""Deep ensembles (Lakshminarayanan et al., NeurIPS 2017): several networks answer as one, with their disagreement.

The mixture of the members' normal distributions has the mean of their means, and as its variance the mean of their
variances plus the variance of their means.
"""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, Protocol, cast

import numpy as np
import numpy.typing as npt
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from mlcore.predictors.latent import SAMPLE, UNKNOWN, Latent

Floats = NDArray[np.float64]


class Batches(Protocol):
    """Structures from which batches are taken (`mlcore.data.graphs.Graphs`, `mlcore.data.geometries.Geometries`)."""

    def __len__(self) -> int: ...

    def batch(self, rows: npt.ArrayLike, device: torch.device | str = "cpu") -> Any:
        """Some of them, as a network takes them."""


class Member(nn.Module):
    """One network, in two halves: what it makes of structures, and what it reads out of that."""

    def forward(self, graph: Any) -> tuple[Tensor, Tensor]:
        """A mean and a log variance per property, both (G, P), in standard deviations of the training values."""
        return self.readout(self.states(graph), graph)

    def states(self, graph: Any) -> Tensor:
        """(V, F): numbers of each of G structures, or of each of their atoms."""
        raise NotImplementedError

    def owners(self, graph: Any) -> Tensor:
        """(V,): the structure that each state is of."""
        raise NotImplementedError

    def readout(self, states: Tensor, graph: Any) -> tuple[Tensor, Tensor]:
        """The answer of `forward`. The variance must learn from a copy of the states, so as not to spoil the mean."""
        raise NotImplementedError


class Scores(NamedTuple):
    """What an ensemble says of N structures, on the model's axis."""

    mean: Floats
    """(N, P)"""
    std: Floats
    """(N, P), calibrated."""
    distance: Floats
    """(N,): how far from the training, see `Latent.distances`."""


class Ensemble(nn.Module):
    """All members, trained side by side, with what turns their numbers into values.

    `at_once` structures are scored in one pass: as many as the caches of a CPU core have room for.
    """

    def __init__(self, members: Iterable[Member], properties: int, at_once: int = 256) -> None:
        super().__init__()
        self.at_once = at_once
        self.members = nn.ModuleList(members)
        self.target_mean: Tensor
        self.target_std: Tensor
        self.calibration: Tensor
        for name in ("target_mean", "target_std", "calibration"):
            self.register_buffer(name, torch.ones(properties, dtype=torch.float64))

    def each(self) -> Iterator[Member]:
        """The members one by one."""
        for member in self.members:
            yield cast(Member, member)

    def forward(self, graph: Any, latent: Latent = UNKNOWN) -> tuple[Tensor, Tensor, Tensor]:
        """Mean and variance of the mixture, both (G, P), in standard deviations of the training values.

        Last come the distances from the training, (G,).
        """
        states = self._states(graph)
        read = [member.readout(seen, graph) for member, seen in zip(self.each(), states, strict=True)]
        means, logs = (torch.stack(part) for part in zip(*read, strict=True))
        distance = latent.distances(torch.cat(states, dim=1), self._owners(graph), len(means[0]))
        return means.mean(0), logs.exp().mean(0) + means.var(0, unbiased=False), distance

    def answers(
        self, graphs: Batches, device: torch.device, rows: NDArray[np.int64], latent: Latent = UNKNOWN
    ) -> tuple[Tensor, Tensor, Tensor]:
        """What `forward` says of some rows, a few at a time."""
        properties = len(self.target_mean)
        none = (torch.empty(0, properties), torch.empty(0, properties), torch.empty(0))
        parts = [none, *(self(graph, latent) for graph in self._batches(graphs, device, rows))]
        mean, variance, distance = (
            torch.cat([part.to(device) for part in column]) for column in zip(*parts, strict=True)
        )
        return mean, variance, distance

    @torch.no_grad()
    def score(
        self,
        graphs: Batches,
        device: torch.device,
        rows: NDArray[np.int64] | None = None,
        latent: Latent = UNKNOWN,
    ) -> Scores:
        """Scores of some or all graphs; in eval mode."""
        rows = np.arange(len(graphs)) if rows is None else rows
        found = self.answers(graphs, device, rows, latent.to(device))
        mean, variance, distance = (part.cpu().double() for part in found)
        location, unit = self.target_mean.cpu(), self.target_std.cpu()
        std = variance.sqrt() * unit * self.calibration.cpu()
        return Scores((mean * unit + location).numpy(), std.numpy(), distance.numpy())

    def distances(self, graphs: Batches, device: torch.device, rows: NDArray[np.int64], latent: Latent) -> Floats:
        """(N,) of all graphs, as `score` tells them of some rows; 0 for the others, which nobody asks about."""
        found = np.zeros(len(graphs))
        found[rows] = self.score(graphs, device, rows, latent).distance
        return found

    @torch.no_grad()
    def latent(
        self, graphs: Batches, device: torch.device, rows: NDArray[np.int64], landmarks: int, seed: int
    ) -> Latent:
        """What the ensemble, in eval mode, has seen in the rows that it learned from."""
        drawn = np.random.default_rng(seed).permutation(rows)[:SAMPLE]
        states, owners, first = [], [], 0
        for graph in self._batches(graphs, device, drawn):
            states.append(torch.cat(self._states(graph), dim=1))
            owners.append(self._owners(graph) + first)
            first += graph.num_graphs
        return Latent.fit(torch.cat(states), torch.cat(owners), landmarks, seed)

    def _batches(self, graphs: Batches, device: torch.device, rows: NDArray[np.int64]) -> Iterator[Any]:
        for start in range(0, len(rows), self.at_once):
            yield graphs.batch(rows[start : start + self.at_once], device)

    def _states(self, graph: Any) -> list[Tensor]:
        return [member.states(graph) for member in self.each()]

    def _owners(self, graph: Any) -> Tensor:
        """All members have states of the same things."""
        return next(self.each()).owners(graph)
