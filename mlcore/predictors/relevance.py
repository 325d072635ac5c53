"""How much each number of a representation counts, learned from what molecules left out of a fit say.

A distance between atoms adds up a thousand numbers, of which some tell more about an energy than others. Each gets a
factor of its own, by element of the atom (automatic relevance determination; Neal, Bayesian Learning for Neural
Networks, 1996). The factors follow the gradient of the leave-one-out error (Sundararajan & Keerthi, Neural Computation
13, 1103 (2001)), some hundred molecules at a time, so that a step costs the same whatever the size of the table.

Thousands of factors would fit the noise of some thousand molecules. But numbers tell of distances, and neighbours tell
of nearly the same; so the logarithm of a factor is a sum of smooth functions of the distance, one of them the same for
atoms of all elements, one the same for all functions of the angle.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from mlcore.data import ragged
from mlcore.predictors.configs import FCHLConfig
from mlcore.predictors.kernels import Kernel, squared_distances
from mlcore.predictors.representations import Described, Range, ranges, spans

Floats = NDArray[np.float64]
Factors = Mapping[int, Sequence[Floats]]
"""{element: a factor (D,) for each number of each range}."""

_VARIANCE = 1e-5
"""Share of the variance in numbers that hardly vary: they keep the factor 1."""
_ATOMS = 7000
"""Of one element in a step, about."""
_TILE = 256
"""Atoms compared at once with all others."""
_RIDGE = 1e-7
_RATE = 0.05
_PRIOR = 1.5e-4
"""Pull of each factor towards 1, without which those of numbers that few molecules have grow a hundredfold."""
_SMOOTH = 0.3
"""Å over which a factor may change."""
_FLAT = 1e-3
"""Variance below which a way to change is none."""
_FEWEST = 20
"""Molecules below which leaving one out says little about numbers by the hundred."""


def learn(
    found: Mapping[int, Described],
    targets: Floats,
    config: FCHLConfig,
    kernel: Kernel,
    seed: int,
    device: torch.device,
    tell: Callable[[int, int], None] = lambda done, of: None,
) -> Factors:
    """Factors for the numbers that describe the atoms of N molecules, with targets (N, P), NaN for unknown."""
    factors = {z: [np.ones(part.shape[1]) for part in one.vectors] for z, one in found.items()}
    count = len(targets)
    if not config.relevance_steps or count < _FEWEST:
        return factors
    shared = [_Smooth.of(seen, len(found), device) for seen in ranges(config)]
    elements = [_Element(one, count, shared, device) for one in found.values()]
    ridge = torch.tensor(math.log(_RIDGE), dtype=torch.float64, device=device, requires_grad=True)
    parameters = [each.same for each in shared] + [each for one in elements for each in one.parameters]
    optimizer = torch.optim.Adam([*parameters, ridge], lr=_RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(
        optimizer, _RATE, total_steps=config.relevance_steps + 1, pct_start=0.1
    )
    random, values = np.random.default_rng(seed), torch.from_numpy(targets).to(device)
    for step in range(config.relevance_steps):
        rows = _some(random, [one.counts for one in elements])
        matrix = torch.stack([one.likeness(rows, kernel) for one in elements]).sum(0)
        loss = _left_out(matrix, values[torch.from_numpy(rows).to(device)], ridge.exp())
        if loss is None or not torch.isfinite(loss):
            break
        loss = loss + _PRIOR * torch.cat(parameters).square().sum()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
        schedule.step()
        tell(step + 1, config.relevance_steps)
    for one, kept in zip(elements, factors.values(), strict=True):
        for place, log, factor in zip(one.places, one.logs(), kept, strict=True):
            factor[place] = log.detach().exp().cpu().numpy()
    return factors


@dataclass(frozen=True)
class _Smooth:
    """Smooth functions of the distance for the D numbers of one range."""

    each: Tensor
    """(D, m): m parameters give one for each element or pair of elements and function of the angle."""
    angles: Tensor
    """(D, k): the same for all functions of the angle."""
    same: Tensor
    """(m,): parameters that atoms of all elements have in common."""

    @classmethod
    def of(cls, seen: Range, elements: int, device: torch.device) -> "_Smooth":
        """All parameters 0, with which every factor is 1."""
        whom, angle, distance = seen.numbers(elements)
        each = _columns(np.stack([whom, angle], axis=1), distance).to(device)
        return cls(each, _columns(whom[:, None], distance).to(device), _zeros(each))

    def logs(self, own: Tensor, angles: Tensor) -> Tensor:
        """Logarithms of the factors (D,) for one element's parameters (m,) and (k,)."""
        return (self.each @ (self.same + own) + self.angles @ angles) / math.sqrt(3)


def _columns(kinds: NDArray[np.int64], distance: Floats) -> Tensor:
    """(D, m) for numbers of some kinds (D, any): their product with m independent variables of variance 1 is, kind by
    kind, a Gaussian process over the distance (D,)."""
    kind, parts = np.unique(kinds, axis=0, return_inverse=True)[1].reshape(-1), []
    for places in (np.flatnonzero(kind == number) for number in range(kind.max() + 1)):
        among = np.exp(-0.5 * np.square((distance[places, None] - distance[places]) / _SMOOTH))
        size, directions = np.linalg.eigh(among)
        kept = size > _FLAT
        parts.append(np.zeros((len(kinds), int(kept.sum()))))
        parts[-1][places] = directions[:, kept] * np.sqrt(size[kept])
    return torch.from_numpy(np.hstack(parts))


def _zeros(columns: Tensor) -> Tensor:
    return torch.zeros(columns.shape[1], dtype=torch.float64, device=columns.device, requires_grad=True)


class _Element:
    """The atoms of one element in all molecules, and the factors of their numbers."""

    def __init__(self, found: Described, molecules: int, smooth: Sequence[_Smooth], device: torch.device) -> None:
        self.places = [_varying(vectors) for vectors in found.vectors]
        self.parameters = [_zeros(columns) for one in smooth for columns in (one.each, one.angles)]
        self._smooth = smooth
        self.counts = np.bincount(found.molecule, minlength=molecules)
        self._first = ragged.starts(self.counts)
        self._vectors = [
            torch.from_numpy(vectors[:, place] - vectors[:, place].mean(axis=0)).to(device)
            for vectors, place in zip(found.vectors, self.places, strict=True)
        ]

    def logs(self) -> list[Tensor]:
        """Of the factors of the numbers that vary, (k,) a range."""
        own, angles = self.parameters[::2], self.parameters[1::2]
        return [
            smooth.logs(*ours)[torch.from_numpy(place).to(smooth.each.device)]
            for smooth, place, *ours in zip(self._smooth, self.places, own, angles, strict=True)
        ]

    def likeness(self, rows: NDArray[np.int64], kernel: Kernel) -> Tensor:
        """(B, B): what the atoms of this element add to the kernel among some molecules."""
        counts = self.counts[rows]
        atoms = ragged.places(self._first[rows], counts)
        owners, device = np.repeat(np.arange(len(rows)), counts), self._vectors[0].device
        chosen, molecule = torch.from_numpy(atoms).to(device), torch.from_numpy(owners).to(device)
        total = torch.zeros(len(rows), len(rows), dtype=torch.float64, device=device)
        for vectors, log, weight in zip(self._vectors, self.logs(), kernel.weights, strict=True):
            turned = vectors[chosen] * log.exp()
            total = total + weight * _Summed.apply(turned, molecule, len(rows), kernel)  # type: ignore[no-untyped-call]
        return total


class _Summed(torch.autograd.Function):
    """The kernel of atoms (A, k) summed over pairs of molecules: (B, B).

    Its gradient is written out: autograd would keep matrices of all pairs of atoms, which are made again sooner than
    they are fetched from memory.
    """

    @staticmethod
    def forward(ctx, vectors: Tensor, molecule: Tensor, count: int, kernel: Kernel) -> Tensor:  # type: ignore[no-untyped-def]
        ctx.save_for_backward(vectors, molecule)
        ctx.kernel = kernel
        half = vectors.new_zeros(count, len(vectors))
        for rows in spans(len(vectors), _TILE):
            half.index_add_(0, molecule[rows], kernel.fall(squared_distances(vectors[rows], vectors)))
        return vectors.new_zeros(count, count).index_add_(0, molecule, half.T)

    @staticmethod
    def backward(ctx, upstream: Tensor) -> tuple[Tensor, None, None, None]:  # type: ignore[no-untyped-def]
        vectors, molecule = ctx.saved_tensors
        of_atoms = (upstream + upstream.T)[:, molecule]  # each pair stands twice
        gradient = torch.empty_like(vectors)
        for rows in spans(len(vectors), _TILE):
            pull = ctx.kernel.slope(squared_distances(vectors[rows], vectors)).mul_(of_atoms[molecule[rows]])
            gradient[rows] = 2 * (pull.sum(1)[:, None] * vectors[rows] - pull @ vectors)
        return gradient, None, None, None


def _left_out(matrix: Tensor, targets: Tensor, ridge: Tensor) -> Tensor | None:
    """The logarithm of a mean error of molecules left out one at a time, summed over properties; None without any.

    Errors below the median count as their squares, those above as they are, about: one odd molecule must not rule.
    """
    parts = []
    for column in targets.T:
        known = torch.isfinite(column)
        own = matrix[known][:, known]
        inverse = torch.linalg.inv(own + ridge * own.diagonal().mean() * torch.eye(len(own)).to(own))
        errors = inverse @ column[known] / inverse.diagonal()
        if len(errors) >= _FEWEST // 2 and (usual := errors.detach().abs().median()) > 0:
            parts.append((errors.square() + usual.square()).sqrt().mean().log())
    return torch.stack(parts).sum() if parts else None


def _some(random: np.random.Generator, counts: Sequence[NDArray[np.int64]]) -> NDArray[np.int64]:
    """Molecules drawn at random, ascending: as many as have room, of at most half the table, so that steps differ."""
    order = random.permutation(len(counts[0]))
    largest = np.max([np.cumsum(each[order]) for each in counts], axis=0)
    return np.sort(order[: max(2, min(int((largest <= _ATOMS).sum()), len(order) // 2))])


def _varying(vectors: Floats) -> NDArray[np.int64]:
    """Which numbers (A, D) vary."""
    variance = vectors.var(axis=0)
    order = np.argsort(-variance, kind="stable")
    kept = np.searchsorted(np.cumsum(variance[order]), (1 - _VARIANCE) * variance.sum()) + 1
    return np.sort(order[:kept])
