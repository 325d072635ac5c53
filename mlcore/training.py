"""The training loop. It knows batches, losses and validation through Learner, and nothing of any architecture."""

import hashlib
import json
import math
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import safetensors.torch
import torch
from numpy.typing import NDArray
from safetensors import SafetensorError, safe_open
from torch import Tensor, nn

from mlcore.acceleration import Acceleration
from mlcore.config import TrainingConfig
from mlcore.errors import Stopped, UserError
from mlcore.run import Run


class Learner(Protocol):
    """What an architecture brings to the loop."""

    model: nn.Module
    """The network, on its device."""

    def batch(self, step: int) -> Any:
        """The training batch of this step; a function of the step alone, so that a resumed run sees the same.

        Of several processes each takes its `Group.share` of one and the same batch of `Run.batch_size` rows.
        """

    def loss(self, batch: Any) -> Tensor:
        """The scalar to minimise; the model is in training mode. The losses of several processes are added up."""

    def validate(self) -> Mapping[str, float]:
        """Measures on the VALIDATION rows, `loss` among them, in eval mode without gradients; empty without rows."""


@dataclass
class Progress:
    """The loop's own state beside weights and optimizer; plain numbers, kept in the checkpoint's header."""

    step: int = 0
    best_step: int = 0
    best_loss: float = math.inf
    stale: int = 0
    """Validations since the best one."""
    best_metrics: dict[str, float] = field(default_factory=dict)
    running: float = 0.0
    """Sum of training losses since the last report."""
    counted: int = 0


def fit(learner: Learner, run: Run) -> Progress:
    """Trains `learner.model` in place and leaves the weights with the least validation loss in it, in eval mode.

    AdamW (Loshchilov and Hutter 2019) with linear warm-up, cosine decay, gradient clipping and, if asked for, an
    exponential moving average of the weights, which is then what is validated and kept. `training.precision` and
    `training.compile` change how the network is computed, not what is kept (`mlcore.acceleration`). With `run.resume`
    it goes on from the checkpoint and, on the CPU, gives the same curve bit for bit. Raises UserError when the loss is
    no longer finite, Stopped on SIGTERM and Ctrl-C, in all processes at the same step where there are several.
    """
    loop = _Loop(learner, run)
    if run.resume:
        loop.restore()
    loop.meet()
    with _signals() as received:
        while loop.progress.step < loop.config.steps and not loop.is_stale():
            loop.advance()
            if loop.group.any(bool(received)):
                loop.save_checkpoint()
                raise Stopped(next(iter(received), signal.SIGTERM), loop.progress.step)
    loop.finish()
    return loop.progress


def learning_rate(step: int, config: TrainingConfig) -> float:
    """The rate of a step (from 0): linear warm-up, then half a cosine down to `final_learning_rate` of the peak."""
    if step < config.warmup_steps:
        return config.learning_rate * (step + 1) / config.warmup_steps
    span = max(1, config.steps - config.warmup_steps)
    cosine = 0.5 * (1 + math.cos(math.pi * (step - config.warmup_steps) / span))
    return config.learning_rate * (config.final_learning_rate + (1 - config.final_learning_rate) * cosine)


def batch_rows(step: int, n: int, batch_size: int, seed: int) -> NDArray[np.int64]:
    """Which of `n` rows make up the batch of a step: epochs of rows, shuffled by (seed, epoch) alone."""
    if not n:
        raise UserError("there is no row to train on")
    size = min(batch_size, n)
    epoch, place = divmod(step, n // size)
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return order[place * size : (place + 1) * size]


class _Loop:
    def __init__(self, learner: Learner, run: Run) -> None:
        self.learner, self.config, self.events = learner, run.config.training, run.events
        self.acceleration = Acceleration(self.config, run.device, run.events)
        self.loss = self.acceleration.compiled(learner.loss)
        self.path, self.group, self.seed = run.checkpoints, run.group, run.config.seed
        self.identity = _identity(run)
        self.group.synchronise(learner.model)
        self.progress = Progress()
        self.weights = [weight for weight in learner.model.parameters() if weight.requires_grad]
        self.optimizer = _optimizer(self.weights, self.config)
        self.average = _copy(learner.model) if self.config.ema else None
        self.best: dict[str, Tensor] = {}

    def is_stale(self) -> bool:
        return 0 < self.config.patience <= self.progress.stale

    def advance(self) -> None:
        """One optimizer step and whatever is due after it."""
        state, config = self.progress, self.config
        for group in self.optimizer.param_groups:
            group["lr"] = learning_rate(state.step, config)
        self.learner.model.train()
        self.group.seed(self.seed, state.step)
        batch = self.learner.batch(state.step)
        with self.acceleration.autocast():
            loss = self.loss(batch)
        self.optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]
        loss = self.group.add_up(self.weights, loss)
        if config.clip:
            nn.utils.clip_grad_norm_(self.weights, config.clip)
        self.optimizer.step()
        self._update_average()
        state.step += 1
        state.running += self._finite(loss.item())
        state.counted += 1
        self._report()
        if state.step % config.valid_every == 0 or state.step == config.steps:
            self.validate()
        if state.step % config.checkpoint_every == 0:
            self.save_checkpoint()

    def meet(self) -> None:
        """Lets all processes begin with the same weights, or end where they were given different things."""
        self.group.check_same(self.identity, self.progress.step)
        self.group.align(self.learner.model.state_dict().values())

    def validate(self) -> None:
        """Measures the weights in one process and tells the others whether it goes on."""
        if self.group.leads:
            self._measure()
        self.progress.stale = self.group.told(self.progress.stale)

    def _measure(self) -> None:
        """Measures the (averaged) weights on the validation rows and remembers the best."""
        state, model = self.progress, self.learner.model
        current = _copy(model)
        model.load_state_dict(self.average or current)
        model.eval()
        with torch.no_grad(), self.acceleration.autocast():
            metrics = dict(self.learner.validate())
        model.load_state_dict(current)
        for name, value in metrics.items():
            self.events.metric(name, value, state.step, "valid")
        if not metrics:
            return
        state.stale += 1
        if self._finite(metrics["loss"]) < state.best_loss:
            state.best_loss, state.best_step, state.stale = metrics["loss"], state.step, 0
            state.best_metrics = metrics
            self.best = self.average_copy()

    def finish(self) -> None:
        """Leaves the best weights in the model, or the last ones where there was nothing to validate on.

        They are rounded here where the bundle keeps fewer digits, so that all figures are those of what is kept.
        """
        weights = self.best or self.average_copy()
        if self.config.stored == "float16":
            weights = {name: _rounded(name, tensor) for name, tensor in weights.items()}
        self.learner.model.load_state_dict(weights)
        self.group.align(self.learner.model.state_dict().values())
        self.learner.model.eval()

    def average_copy(self) -> dict[str, Tensor]:
        return {name: t.clone() for name, t in self.average.items()} if self.average else _copy(self.learner.model)

    def save_checkpoint(self) -> None:
        """One file, whole or not at all: weights, optimizer, random state as tensors, the rest as JSON."""
        if self.group.leads:
            self._write_checkpoint()
        self.group.told(self.progress.step)  # nobody ends before it is written

    def _write_checkpoint(self) -> None:
        tensors = (
            _named("model", _copy(self.learner.model))
            | _named("best", self.best)
            | _named("average", self.average or {})
        )
        for number, moments in self.optimizer.state_dict()["state"].items():
            tensors |= _named(f"optimizer.{number}", moments)
        tensors["random.cpu"] = torch.get_rng_state()
        if torch.cuda.is_available():
            tensors["random.cuda"] = torch.cuda.get_rng_state()
        header = {"progress": json.dumps(asdict(self.progress)), "identity": self.identity}
        _write_atomically(
            self.path, safetensors.torch.save({k: t.contiguous().cpu() for k, t in tensors.items()}, header)
        )
        self.events.checkpoint(self.progress.step, str(self.path))

    def restore(self) -> None:
        """Takes the loop back to where the checkpoint left it; without one it starts at the beginning."""
        if not self.path.exists():
            self.events.log("info", f"no checkpoint at {self.path}: starting at the beginning")
            return
        header, tensors = _read_checkpoint(self.path)
        if header.get("identity") != self.identity:
            raise UserError(f"{self.path} belongs to another configuration or data; remove it or run without --resume")
        self.learner.model.load_state_dict(_under("model", tensors))
        self.best = _under("best", tensors)
        self.average = _under("average", tensors) or self.average
        state = self.optimizer.state_dict()
        for number in state["param_groups"][0]["params"] + state["param_groups"][1]["params"]:
            if moments := _under(f"optimizer.{number}", tensors):
                state["state"][number] = moments
        self.optimizer.load_state_dict(state)
        torch.set_rng_state(tensors["random.cpu"])
        if torch.cuda.is_available() and "random.cuda" in tensors:
            torch.cuda.set_rng_state(tensors["random.cuda"])
        self.progress = Progress(**json.loads(header["progress"]))
        self.events.log("info", f"resumed at step {self.progress.step} of {self.config.steps}")

    def _update_average(self) -> None:
        if self.average is None:
            return
        for name, weight in self.learner.model.state_dict().items():
            if weight.is_floating_point():
                self.average[name].lerp_(weight, 1 - self.config.ema)
            else:
                self.average[name].copy_(weight)

    def _report(self) -> None:
        state = self.progress
        if state.step % self.config.report_every == 0 or state.step == self.config.steps:
            self.events.metric("loss", state.running / state.counted, state.step, "train")
            self.events.progress(state.step, self.config.steps, "training")
            state.running, state.counted = 0.0, 0

    def _finite(self, loss: float) -> float:
        if not math.isfinite(loss):
            raise UserError(f"the loss became {loss} at step {self.progress.step}; lower training.learning_rate")
        return loss


def _optimizer(weights: list[nn.Parameter], config: TrainingConfig) -> torch.optim.Optimizer:
    """AdamW that decays matrices only: biases and gains have no reason to be small."""
    groups = [
        {"params": [p for p in weights if p.ndim >= 2], "weight_decay": config.weight_decay},
        {"params": [p for p in weights if p.ndim < 2], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=config.learning_rate, betas=(config.beta1, config.beta2))


@contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects SIGTERM and SIGINT, so that the loop ends between two steps and not inside one."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received
        return
    kinds = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(kind, lambda number, _frame: received.append(number)) for kind in kinds]
    try:
        yield received
    finally:
        for kind, handler in zip(kinds, before, strict=True):
            signal.signal(kind, handler)


def _identity(run: Run) -> str:
    """A digest of everything that decides the curve."""
    parent = run.init.digest if run.init else None
    content = json.dumps([run.config.as_json(), run.table.digest, parent, run.group.world], sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


def _rounded(name: str, tensor: Tensor) -> Tensor:
    """To half precision, in single precision; everything else stays.

    Raises:
        UserError: a weight is beyond what half precision holds.
    """
    if tensor.dtype != torch.float32:
        return tensor
    rounded = tensor.half().float()
    if not torch.isfinite(rounded).all():
        raise UserError(f"training.stored: {name} has weights beyond 65,504, which float16 cannot hold; use float32")
    return rounded


def _copy(model: nn.Module) -> dict[str, Tensor]:
    return {name: tensor.detach().clone() for name, tensor in model.state_dict().items()}


def _named(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {f"{prefix}/{name}": tensor for name, tensor in tensors.items()}


def _under(prefix: str, tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {name.removeprefix(f"{prefix}/"): t for name, t in tensors.items() if name.startswith(f"{prefix}/")}


def _read_checkpoint(path: Path) -> tuple[dict[str, str], dict[str, Tensor]]:
    try:
        with safe_open(path, framework="pt") as file:
            return file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, OSError) as error:
        raise UserError(f"checkpoint {path} cannot be read ({error}); remove it or run without --resume") from error


def _write_atomically(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.part")
    with temporary.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    temporary.replace(path)
