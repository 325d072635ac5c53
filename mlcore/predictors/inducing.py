"""A few training atoms that stand for all: a kernel model that costs a fraction and loses little.

Atoms are drawn by randomly pivoted Cholesky (Chen, Epperly, Tropp & Webber, arXiv:2207.06503): each time with a chance
in proportion to what those drawn before do not explain of an atom. With them the kernel K among molecules becomes
Q = K_nu K_uu^-1 K_un (subset of regressors, Rasmussen & Williams 2006, section 8.3), and what is left is ridge
regression with Q.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from mlcore.predictors.kernels import Kernel
from mlcore.predictors.representations import Atoms, spans

_POOL = 5
"""Atoms among which one is drawn, at most, so that memory does not grow with the table."""
_AT_ONCE = 100
_BLOCK = 256
_JITTER = 1e-9
"""Added to likenesses of an atom with itself: what double precision needs."""


@dataclass(frozen=True)
class Inducing:
    """The atoms that stand for all, and molecules as they see them."""

    atoms: Mapping[int, Atoms]
    """Of each element; half precision, as a bundle keeps them."""
    factors: Mapping[int, Tensor]
    """{element: (u, u)}: Cholesky factor of their likenesses."""
    seen: Mapping[int, Tensor]
    """{element: (u, N)} float64, with Q = the sum of seenᵀ seen."""

    @property
    def matrix(self) -> Tensor:
        """Q, (N, N)."""
        parts = list(self.seen.values())
        return sum((part.T @ part for part in parts[1:]), parts[0].T @ parts[0])

    def weights(self, molecules: Tensor) -> dict[int, Tensor]:
        """{element: (u, P)} of the atoms, from weights (N, P) of the molecules."""
        return {
            z: torch.linalg.solve_triangular(self.factors[z].T, part @ molecules, upper=True)
            for z, part in self.seen.items()
        }


def choose(atoms: Mapping[int, Atoms], count: int, kernel: Kernel, most: int, seed: int) -> Inducing:
    """At most `most` atoms of all in `count` molecules; fewer where atoms are alike."""
    drawn = _draw(atoms, kernel, most, torch.Generator().manual_seed(seed))
    kept = {z: _at(atoms[z], rows, torch.float16) for z, rows in drawn.items()}
    factors, seen = {}, {}
    for z, part in kept.items():
        among = kernel(part.double, part.double)
        factors[z] = torch.linalg.cholesky(among + _JITTER * torch.eye(len(among), dtype=among.dtype))
        sums = torch.zeros(count, len(among), dtype=torch.float64)
        for rows in spans(len(atoms[z].molecule), _BLOCK):
            sums.index_add_(0, atoms[z].molecule[rows], kernel([v[rows] for v in atoms[z].double], part.double))
        seen[z] = torch.linalg.solve_triangular(factors[z], sums.T, upper=False)
    return Inducing(kept, factors, seen)


def _draw(atoms: Mapping[int, Atoms], kernel: Kernel, most: int, random: torch.Generator) -> dict[int, Tensor]:
    """{element: rows} of the atoms drawn."""
    share = min(1.0, _POOL * most / sum(len(part.molecule) for part in atoms.values()))
    elements = []
    for z, part in atoms.items():
        order = torch.randperm(len(part.molecule), generator=random)
        rows = order[: max(1, round(share * len(order)))]
        elements.append(_Pool(z, rows, _at(part, rows, torch.float32), kernel, most))
    total = 0
    while total < most:
        left = torch.cat([pool.left for pool in elements])
        if float(left.max()) < _JITTER:
            break
        picked = torch.multinomial(left.clamp(min=1e-300), min(_AT_ONCE, most - total, len(left)), generator=random)
        for pool in elements:
            mine = picked[(picked >= 0) & (picked < len(pool.left))]
            picked = picked - len(pool.left)
            total += pool.take(mine, random)
    return {one.number: one.rows[torch.cat(one.taken)] for one in elements if one.taken}


class _Pool:
    """The atoms of one element that may be drawn."""

    def __init__(self, number: int, rows: Tensor, atoms: Atoms, kernel: Kernel, most: int) -> None:
        self.number, self.rows, self._kernel, self._vectors = number, rows, kernel, atoms.double
        self.left = torch.ones(len(rows), dtype=torch.float64)
        """What those taken do not explain of each atom's likeness with itself."""
        self.taken: list[Tensor] = []
        self._explained = torch.zeros(len(rows), min(most, len(rows)), dtype=torch.float64)
        self._count = 0

    def take(self, rows: Tensor, random: torch.Generator) -> int:
        """Takes those of some atoms that the ones before them leave with the chance they were drawn for."""
        if not len(rows):
            return 0
        done = self._explained[:, : self._count]
        columns = self._kernel(self._vectors, [part[rows] for part in self._vectors]) - done @ done[rows].T
        kept, factor = _accept(columns[rows], random)
        if not len(kept):
            return 0
        new = torch.linalg.solve_triangular(factor, columns[:, kept].T, upper=False).T
        self._explained[:, self._count : self._count + len(kept)] = new
        self._count += len(kept)
        self.left = (self.left - new.square().sum(1)).clamp_(min=0)
        self.left[rows[kept]] = 0
        self.taken.append(rows[kept])
        return len(kept)


def _accept(block: Tensor, random: torch.Generator) -> tuple[Tensor, Tensor]:
    """Which of some atoms to take, by what is left of them (b, b), and the Cholesky factor of these."""
    left = block.diagonal().clone()
    asked = torch.rand(len(left), generator=random, dtype=torch.float64) * left
    factor, kept = torch.zeros_like(block), list[int]()
    for row in range(len(left)):
        if left[row] > _JITTER and left[row] >= asked[row]:
            done = factor[:, : len(kept)]
            column = (block[:, row] - done @ done[row]) / left[row].sqrt()
            factor[:, len(kept)] = column
            left -= column.square()
            kept.append(row)
    return torch.tensor(kept, dtype=torch.int64), factor[kept][:, : len(kept)]


def _at(part: Atoms, rows: Tensor, kind: torch.dtype) -> Atoms:
    return Atoms(tuple(vectors[rows].to(kind) for vectors in part.vectors), part.molecule[rows])
