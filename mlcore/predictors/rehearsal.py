"""Learning a few new values without forgetting the many old ones.

A network fine-tuned on a handful of labels loses what it knew. So it is held to its own earlier answers on a sample of
the structures that it was first trained on: learning without forgetting (Li and Hoiem, ECCV 2016, arXiv 1606.09282) by
pseudo-rehearsal (Robins, Connection Science 7, 123, 1995). docs/decisions/few-labels.md has the figures.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from rdkit import Chem
from torch import Tensor, nn
from torch_geometric.data import Data

from mlcore.data.graphs import Graphs, featurise
from mlcore.run import Run
from mlcore.training import batch_rows

_VARIANCE_SHARE = 0.25  # the spread matters less than the value, and its logarithm varies more


@dataclass(frozen=True)
class Recall:
    """A batch of structures (B) with what one member said of them before."""

    graph: Data
    mean: Tensor  # (B, P)
    log_variance: Tensor  # (B, P)
    share: float
    """Of the structures that all processes together repeat."""


@dataclass(frozen=True)
class Rehearsal:
    """What every member of an ensemble said, before the fine-tuning, of E structures."""

    graphs: Graphs
    means: Tensor  # (M, E, P) in standard deviations of the training values
    log_variances: Tensor  # (M, E, P)
    weight: float
    """Of the squared deviation from the earlier answers, relative to the loss on the new labels."""

    @classmethod
    @torch.no_grad()
    def of(cls, members: nn.ModuleList, keys: Sequence[str], weight: float, device: torch.device) -> "Rehearsal":
        """The answers of members (on `device`, in eval mode) for structures given by their keys."""
        graphs = featurise([Chem.MolFromSmiles(key) for key in keys])
        whole = graphs.batch(np.arange(len(keys)), device)
        means, log_variances = zip(*(member(whole) for member in members), strict=True)
        return cls(graphs, torch.stack(means), torch.stack(log_variances), weight)

    def batch(self, member: int, step: int, size: int, seed: int, run: Run) -> Recall:
        """This process's part of the structures that a member repeats in a step."""
        whole = batch_rows(step, len(self.graphs), size, seed)
        rows = run.group.share(whole)
        graph = self.graphs.batch(rows, run.device)
        return Recall(graph, self.means[member, rows], self.log_variances[member, rows], len(rows) / len(whole))

    def loss(self, network: nn.Module, recall: Recall) -> Tensor:
        """How far one member has moved away from what it said, weighted."""
        mean, log_variance = network(recall.graph)
        value = (mean - recall.mean).square().mean()
        spread = (log_variance - recall.log_variance).square().mean()
        return self.weight * recall.share * (value + _VARIANCE_SHARE * spread)
