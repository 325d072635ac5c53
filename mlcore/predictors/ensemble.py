"""Deep ensembles (Lakshminarayanan et al., NeurIPS 2017): several networks answer as one, with their disagreement.

The mixture of the members' normal distributions has the mean of their means, and as its variance the mean of their
variances plus the variance of their means.
"""

from collections.abc import Iterable
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

Floats = NDArray[np.float64]


class Batches(Protocol):
    """Structures from which batches are taken (`mlcore.data.graphs.Graphs`, `mlcore.data.geometries.Geometries`)."""

    def __len__(self) -> int: ...

    def batch(self, rows: npt.ArrayLike, device: torch.device | str = "cpu") -> Any:
        """Some of them, as a network takes them."""


class Ensemble(nn.Module):
    """All members, trained side by side, with what turns their numbers into values.

    A member answers a batch of structures with a mean and a log variance per property, both (G, P), in standard
    deviations of the training values. `at_once` structures are scored in one pass: as many as the caches of a CPU core
    have room for.
    """

    def __init__(self, members: Iterable[nn.Module], properties: int, at_once: int = 256) -> None:
        super().__init__()
        self.at_once = at_once
        self.members = nn.ModuleList(members)
        self.target_mean: Tensor
        self.target_std: Tensor
        self.calibration: Tensor
        for name in ("target_mean", "target_std", "calibration"):
            self.register_buffer(name, torch.ones(properties, dtype=torch.float64))

    def forward(self, graph: Any) -> tuple[Tensor, Tensor]:
        """Mean and variance of the mixture, both (G, P), in standard deviations of the training values."""
        means, logs = (torch.stack(part) for part in zip(*(member(graph) for member in self.members), strict=True))
        return means.mean(0), logs.exp().mean(0) + means.var(0, unbiased=False)

    def answers(self, graphs: Batches, device: torch.device, rows: NDArray[np.int64]) -> tuple[Tensor, Tensor]:
        """What `forward` says of some rows, a few at a time."""
        starts = range(0, len(rows), self.at_once)
        parts = [self(graphs.batch(rows[start : start + self.at_once], device)) for start in starts]
        empty = torch.empty(0, len(self.target_mean), device=device)
        mean, variance = (torch.cat([empty, *(part[i] for part in parts)]) for i in (0, 1))
        return mean, variance

    @torch.no_grad()
    def score(
        self, graphs: Batches, device: torch.device, rows: NDArray[np.int64] | None = None
    ) -> tuple[Floats, Floats]:
        """Mean and calibrated std on the model's axis, both (N, P), of some or all graphs; in eval mode."""
        rows = np.arange(len(graphs)) if rows is None else rows
        mean, variance = (part.cpu().double() for part in self.answers(graphs, device, rows))
        location, unit = self.target_mean.cpu(), self.target_std.cpu()
        return (mean * unit + location).numpy(), (variance.sqrt() * unit * self.calibration.cpu()).numpy()
