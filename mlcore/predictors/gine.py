"""A graph isomorphism network with bond features (GINE; Hu et al., ICLR 2020, arXiv 1905.12265) with residual steps.

A atoms, B directed bonds, G graphs, P properties
"""

import math
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_linear_bn_eval
from torch_geometric.data import Data
from torch_geometric.nn import GINEConv
from torch_geometric.utils import scatter

from mlcore.data.graphs import ATOM_CATEGORIES, BOND_CATEGORIES
from mlcore.predictors.configs import PolymerGNNConfig
from mlcore.predictors.ensemble import Member


class Categories(nn.Module):
    """Sum of one learned vector per category: (N, features) codes -> (N, width)."""

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__()
        self.first: Tensor
        self.register_buffer("first", torch.tensor([0, *sizes[:-1]]).cumsum(0), persistent=False)
        self.vectors = nn.EmbeddingBag(sum(sizes), width, mode="sum")
        nn.init.normal_(self.vectors.weight, std=len(sizes) ** -0.5)

    def forward(self, codes: Tensor) -> Tensor:
        """One vector per row of codes."""
        summed: Tensor = self.vectors(codes + self.first)
        return summed


class Combinations(Categories):
    """The same for features with few categories: each combination is summed once, and looked up."""

    def __init__(self, sizes: Sequence[int], width: int) -> None:
        super().__init__(sizes, width)
        self.kinds: Tensor
        self.strides: Tensor
        every = torch.cartesian_prod(*(torch.arange(size) for size in sizes))  # the last feature changes fastest
        self.register_buffer("kinds", every, persistent=False)
        self.register_buffer("strides", torch.tensor([math.prod(sizes[n + 1 :]) for n in range(len(sizes))]), False)

    def forward(self, codes: Tensor) -> Tensor:
        """One vector per row of codes."""
        return super().forward(self.kinds).index_select(0, (codes * self.strides).sum(1))


class Gather(GINEConv):  # type: ignore[misc]
    """The library's without its epsilon, in as few passes over memory as it takes, which is where its time goes."""

    def forward(self, x: Tensor, edge_index: Tensor, edge_attr: Tensor) -> Tensor:
        """x (A, width), edge_index (2, B), edge_attr (B, width) -> (A, width)."""
        source, target = edge_index
        messages = x.index_select(0, source).add_(edge_attr).relu_()
        gathered: Tensor = self.nn(x.scatter_add(0, target[:, None].expand_as(messages), messages))
        return gathered


class Layer(nn.Module):
    """One message-passing step: h_i + f(h_i + sum over neighbours j of relu(h_j + bond_ij))."""

    def __init__(self, config: PolymerGNNConfig) -> None:
        super().__init__()
        width = config.width
        self.bonds = Combinations(list(BOND_CATEGORIES.values()), width)
        self.gather = Gather(
            nn.Sequential(
                nn.Linear(width, 2 * width), nn.BatchNorm1d(2 * width), nn.SiLU(), nn.Linear(2 * width, width)
            )
        )
        self.finish = nn.Sequential(nn.BatchNorm1d(width), nn.SiLU(), nn.Dropout(config.dropout))

    def forward(self, h: Tensor, graph: Data) -> Tensor:
        """h (A, width) -> (A, width)."""
        gathered: Tensor = self.finish(self.gather(h, graph.edge_index, self.bonds(graph.edge_attr)))
        return gathered.add_(h)

    def fuse(self) -> None:
        """Makes the normalisations part of the linear maps before them, for scoring alone: half as much to do."""
        steps, finish = self.gather.nn, self.finish
        steps[0], steps[1] = fuse_linear_bn_eval(steps[0], steps[1]), nn.Identity()
        steps[2] = finish[1] = nn.SiLU(inplace=True)
        steps[3], finish[0] = fuse_linear_bn_eval(steps[3], finish[0]), nn.Identity()  # type: ignore[arg-type]


class GINE(Member):
    """One network of an ensemble; its states are of whole structures."""

    def __init__(self, config: PolymerGNNConfig, properties: int) -> None:
        super().__init__()
        self.atoms = Categories(list(ATOM_CATEGORIES.values()), config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.layers))
        self.mean = _head(config, properties)
        self.log_variance = _head(config, properties)

    def states(self, graph: Data) -> Tensor:
        """(G, 2 * width): mean and spread of the atoms' numbers."""
        h = self.atoms(graph.x)  # (A, width)
        for layer in self.layers:
            h = layer(h, graph)
        centre = scatter(h, graph.batch, 0, graph.num_graphs, reduce="mean")  # (G, width)
        spread = scatter((h - centre[graph.batch]).square(), graph.batch, 0, graph.num_graphs, reduce="mean")
        return torch.cat([centre, (spread + 1e-5).sqrt()], dim=1)

    def owners(self, graph: Data) -> Tensor:
        """(G,): the structure of each state."""
        return torch.arange(graph.num_graphs, device=graph.x.device)

    def readout(self, states: Tensor, graph: Data) -> tuple[Tensor, Tensor]:
        """Both (G, P)."""
        return self.mean(states), self.log_variance(states.detach()).clamp(-8, 4)

    def fuse(self) -> None:
        """Makes all normalisations part of the linear maps before them, for scoring alone."""
        for layer in self.layers:
            cast(Layer, layer).fuse()


def _head(config: PolymerGNNConfig, properties: int) -> nn.Sequential:
    width, dropout = 2 * config.width, config.dropout
    return nn.Sequential(
        nn.Dropout(dropout), nn.Linear(width, width), nn.SiLU(), nn.Dropout(dropout), nn.Linear(width, properties)
    )
