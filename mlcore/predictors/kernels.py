"""Kernels between molecules: sums over pairs of their atoms of the same element (Faber et al., J. Chem. Phys. 148,
241717 (2018)).

A sum over pairs makes the energy a sum over atoms, so what was learned on small molecules holds for larger ones.
Squared distances of all pairs come from one matrix product a block, in double precision.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

from mlcore.predictors.representations import Atoms

_BLOCK = 128
"""Molecules a side of a block: some ten MB for a block of hydrogens."""


@dataclass(frozen=True)
class Kernel:
    """Likeness of atoms: a weighted sum over the ranges in which they are described, 1 between equal atoms."""

    kind: Literal["matern", "gaussian"]
    length: float
    """The distance over which likeness falls."""
    weights: Sequence[float]
    """Of each range; their sum is 1."""

    def __call__(self, left: Sequence[Tensor], right: Sequence[Tensor]) -> Tensor:
        """(A, B), of atoms (A, k) and (B, k) in each range."""
        total: Tensor | None = None
        for a, b, weight in zip(left, right, self.weights, strict=True):
            likeness = self.fall(squared_distances(a, b)).mul_(weight)
            total = likeness if total is None else total.add_(likeness)
        if total is None:
            raise ValueError("atoms are described in no range")
        return total

    def fall(self, squared: Tensor) -> Tensor:
        """Likeness in one range, of squared distances, which are overwritten.

        matern: (1 + r + r² / 3) exp(-r) with r = sqrt(5) d / length, that is nu = 5/2 (Rasmussen & Williams, Gaussian
        Processes for Machine Learning, 2006, eq. 4.17); gaussian: exp(-d² / (2 length²)).
        """
        if self.kind == "gaussian":
            return squared.mul_(-0.5 / self.length**2).exp_()
        r = squared.mul_(5 / self.length**2).sqrt_()
        decay = torch.neg(r).exp_()
        return r.addcmul_(r, r, value=1 / 3).add_(1).mul_(decay)

    def slope(self, squared: Tensor) -> Tensor:
        """How likeness in one range changes with squared distances, which are overwritten."""
        if self.kind == "gaussian":
            return self.fall(squared).mul_(-0.5 / self.length**2)
        r = squared.mul_(5 / self.length**2).sqrt_()
        decay = torch.neg(r).exp_()
        return r.add_(1).mul_(decay).mul_(-5 / (6 * self.length**2))  # finite at distance 0, unlike that of r


def squared_distances(left: Tensor, right: Tensor) -> Tensor:
    """(A, k), (B, k) -> (A, B)."""
    norms = (left * left).sum(1)[:, None] + (right * right).sum(1)[None, :]
    return norms.addmm_(left, right.T, alpha=-2).clamp_(min=0)


def between(left: Mapping[int, Atoms], right: Mapping[int, Atoms], kernel: Kernel, rows: int, columns: int) -> Tensor:
    """(rows, columns) float64: the kernel between so many molecules on either side, in one piece."""
    whole = torch.zeros(rows, columns, dtype=torch.float64)
    for z in left.keys() & right.keys():
        a, b = left[z], right[z]
        pairs = kernel(a.double, b.double)
        summed = torch.zeros(rows, pairs.shape[1], dtype=torch.float64).index_add_(0, a.molecule, pairs)
        whole.T.index_add_(0, b.molecule, summed.T)
    return whole


def among(
    atoms: Mapping[int, Atoms],
    count: int,
    kernel: Kernel,
    tell: Callable[[int, int], None] = lambda done, of: None,
    block: int = _BLOCK,
) -> Tensor:
    """(count, count) float64: the kernel among `count` molecules, made of blocks of them.

    Beside the result only blocks are held: ten thousand molecules need 0.8 GB, not the 50 GB of their pairs of atoms.
    """
    whole = torch.empty(count, count, dtype=torch.float64)
    starts = range(0, count, block)
    pieces = [{z: part.of(start, start + block) for z, part in atoms.items()} for start in starts]
    for i, first in enumerate(starts):
        for j, second in enumerate(starts[: i + 1]):
            sides = min(block, count - first), min(block, count - second)
            values = between(pieces[i], pieces[j], kernel, *sides)
            whole[first : first + block, second : second + block] = values
            whole[second : second + block, first : first + block] = values.T
        tell(min(first + block, count), count)
    return whole
