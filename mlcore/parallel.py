"""One training in several processes that torchrun started, each with its share of every batch.

The processes walk in step. Each draws the whole batch, which is a function of the step alone, keeps every `world`-th
row, and computes its share of the whole batch's loss, so that the sum of the gradients is the gradient of the whole
batch, whatever a loss is averaged over. Batch normalisation sees the whole batch too. Dropout is each process's own.
"""

import hashlib
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, TypeVar

import numpy as np
import torch
from torch import Tensor, distributed, nn
from torch.distributed.rendezvous import rendezvous

from mlcore import processes
from mlcore.errors import UserError

PATIENCE = timedelta(hours=1)
"""How long a process waits for the others, such as for the validation; one that has died is noticed at once."""

Rows = TypeVar("Rows", Tensor, np.ndarray[Any, Any])


@dataclass(frozen=True)
class Group:
    """This process among those that train one model together; by default it is alone."""

    rank: int = 0
    world: int = 1
    """How many processes there are."""
    local: int = 0
    """Number of this process on its machine."""

    @property
    def gpu(self) -> int | None:
        """The GPU of this process; None where it is alone and takes the first."""
        return self.local if self.world > 1 else None

    @property
    def leads(self) -> bool:
        """Whether this is the one process that validates, reports and writes."""
        return self.rank == 0

    def share(self, rows: Rows) -> Rows:
        """The rows of a whole batch that belong to this process; UserError where some process would have none."""
        if len(rows) < self.world:
            raise UserError(f"a batch of {len(rows)} rows cannot be shared by {self.world} processes; start fewer")
        return rows[self.rank :: self.world]

    def seed(self, seed: int, step: int) -> None:
        """Draws of a step, such as dropout, that no other process makes; alone, the one stream just goes on."""
        if self.world > 1:
            torch.manual_seed(int(np.random.default_rng([seed, step, self.rank]).integers(2**62)))

    def add_up(self, weights: Sequence[nn.Parameter], loss: Tensor) -> Tensor:
        """Sums the gradients over the processes, in place and in one message; returns the sum of the losses."""
        if self.world == 1:
            return loss
        gradients = [torch.zeros_like(w) if w.grad is None else w.grad for w in weights]
        used = torch.tensor([float(w.grad is not None) for w in weights], device=loss.device)
        flat = torch.cat([*(gradient.flatten() for gradient in gradients), used, loss.detach().float()[None]])
        _sum(flat)
        *parts, used, whole = torch.split(flat, [*(w.numel() for w in weights), len(weights), 1])
        for weight, part, count in zip(weights, parts, used.tolist(), strict=True):
            weight.grad = part.view_as(weight) if count else None
        return whole[0]

    def align(self, tensors: Iterable[Tensor]) -> None:
        """Overwrites tensors with those of the process that leads."""
        for tensor in tensors:
            self._hear(tensor)

    def told(self, number: int) -> int:
        """The number that the process which leads has; the others wait for it."""
        box = torch.tensor([number])
        self._hear(box)
        return int(box)

    def any(self, flag: bool) -> bool:
        """Whether it is true for some process."""
        if self.world == 1:
            return flag
        box = torch.tensor([int(flag)])
        _sum(box)
        return bool(box)

    def check_same(self, *facts: object) -> None:
        """UserError where this process was given something else than the one that leads."""
        mine = int(hashlib.sha256(repr(facts).encode()).hexdigest()[:15], 16)
        if self.told(mine) != mine:
            raise UserError(
                f"process {self.rank} was given another configuration, table or checkpoint than process 0; "
                "all need the same files"
            )

    def synchronise(self, model: nn.Module) -> None:
        """Lets batch normalisation take its statistics from the whole batch; names and weights stay."""
        if self.world == 1:
            return
        for module in list(model.modules()):
            for name, child in module.named_children():
                if isinstance(child, nn.BatchNorm1d):
                    setattr(module, name, WholeBatchNorm.of(child))

    def _hear(self, tensor: Tensor) -> None:
        if self.world > 1:
            with _others_alive():
                distributed.broadcast(tensor, 0)


ALONE = Group()


class WholeBatchNorm(nn.BatchNorm1d):
    """Batch normalisation (Ioffe and Szegedy 2015) over the rows of all processes, for (N, C) or (N, C, L).

    torch's SyncBatchNorm does the same, but on GPUs only.
    """

    @classmethod
    def of(cls, norm: nn.BatchNorm1d) -> "WholeBatchNorm":
        """One with the very weights and buffers of `norm`."""
        whole = cls.__new__(cls)
        whole.__dict__ = norm.__dict__
        return whole

    @torch.compiler.disable  # type: ignore[untyped-decorator]
    def forward(self, x: Tensor) -> Tensor:
        """Normalised by batch statistics in training, by the running ones otherwise."""
        if not self.training:
            return super().forward(x)
        others = [0, *range(2, x.ndim)]
        exact = x.double()  # the variance is a difference of two large sums
        count = torch.full((1,), x.numel() // x.shape[1], dtype=torch.float64, device=x.device)
        sums: Tensor = _Sum.apply(torch.cat([exact.sum(others), exact.square().sum(others), count]))  # type: ignore[no-untyped-call]
        total, square, n = torch.split(sums, [x.shape[1], x.shape[1], 1])
        mean, variance = total / n, (square / n - (total / n).square()).clamp(min=0)
        self._remember(mean.detach(), (variance * n / (n - 1).clamp(min=1)).detach())
        shape = [1, -1, *[1] * (x.ndim - 2)]
        centred = x - mean.to(x.dtype).view(shape)
        scale = self.weight * (variance + self.eps).rsqrt().to(x.dtype)
        return centred * scale.view(shape) + self.bias.view(shape)

    def _remember(self, mean: Tensor, variance: Tensor) -> None:
        for running, new in ((self.running_mean, mean), (self.running_var, variance)):
            if running is not None and self.momentum is not None:
                running.lerp_(new.to(running.dtype), self.momentum)
        if self.num_batches_tracked is not None:
            self.num_batches_tracked += 1


class _Sum(torch.autograd.Function):
    """The sum of a tensor over the processes; every process's loss depends on it, so their gradients add up too."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        x = x.clone()
        _sum(x)
        return x

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        gradient = gradient.clone()
        _sum(gradient)
        return gradient


@contextmanager
def joined() -> Iterator[Group]:
    """The group that torchrun started this process in, or a group of one.

    Of several processes that fail, because of one another or alike, the first tells its error and the others end
    without a word, with the same status.
    """
    if not distributed.is_torchelastic_launched() or os.environ["WORLD_SIZE"] == "1":
        yield ALONE
        return
    processes.end_with_parent(signal.SIGKILL)
    store, rank, world = next(rendezvous("env://", timeout=PATIENCE))
    kinds = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() else "gloo"
    distributed.init_process_group(kinds, store=store, rank=rank, world_size=world, timeout=PATIENCE)
    try:
        yield Group(rank, world, int(os.environ["LOCAL_RANK"]))
    except UserError as error:
        signal.signal(signal.SIGTERM, signal.SIG_IGN)  # torchrun's, when another one has ended; this one is about to
        if store.add("errors told", 1) > 1:
            raise SystemExit(2) from error
        raise
    distributed.destroy_process_group()


def _sum(tensor: Tensor) -> None:
    with _others_alive():
        distributed.all_reduce(tensor)


@contextmanager
def _others_alive() -> Iterator[None]:
    try:
        yield
    except torch.OutOfMemoryError:
        raise
    except RuntimeError as error:  # a connection was closed
        raise UserError(
            "another process of this training has died; run the same command with --resume to go on from the checkpoint"
        ) from error
