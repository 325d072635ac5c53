"""Faster arithmetic where the machine has it: bfloat16 and compiled code.

Neither knows anything of an architecture, and neither changes what is kept: weights, optimizer and bundles stay float32
under the names they had. What a machine cannot do is done the plain way, with a warning that says so.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import torch
from torch import Tensor
from torch._dynamo.exc import TorchDynamoException

from mlcore import device as devices
from mlcore.config import TrainingConfig
from mlcore.events import Events

Loss = Callable[[Any], Tensor]

WORTH_COMPILING = 20_000
"""Steps from which on `auto` compiles on a GPU. Translating a GPT took more than a minute on an H200 with few cores, in
which the network as it is makes thousands of steps."""


class Acceleration:
    """How the loop computes on one device."""

    def __init__(self, config: TrainingConfig, device: torch.device, events: Events) -> None:
        self.device, self.events = device, events
        self.number_format = devices.number_format(config.precision, device)
        long = device.type == "cuda" and config.steps >= WORTH_COMPILING
        self.compiles = config.compile == "on" or (config.compile == "auto" and long)
        if config.precision == "bfloat16" and self.number_format != torch.bfloat16:
            events.log(
                "warning",
                f"training.precision: {devices.describe(device)} has no bfloat16; it computes in float32 instead",
            )

    def autocast(self) -> AbstractContextManager[Any]:
        """Around everything that runs the network, in training and in validation (not around the backward pass)."""
        if self.number_format == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.number_format)

    def compiled(self, loss: Loss) -> Loss:
        """The same loss as machine code of its own, or as it is where it is not asked for or cannot be made."""
        return _Compiled(loss, self.events) if self.compiles else loss


class _Compiled:
    """A loss that `torch.compile` translates when it is first called.

    The function is wrapped, not the module, so that no weight changes its name.
    """

    def __init__(self, loss: Loss, events: Events) -> None:
        self.plain, self.events = loss, events
        self.fast: Loss = torch.compile(loss)

    def __call__(self, batch: Any) -> Tensor:
        try:
            return self.fast(batch)
        except TorchDynamoException as error:
            said = [line.strip() for line in str(error).splitlines() if line.strip()] or [type(error).__name__]
            reason = " ".join(said[:2]) if said[0].endswith(":") else said[0]
            self.events.log(
                "warning", f"training.compile: the network could not be compiled here and runs as it is ({reason})"
            )
            self.fast = self.plain
            return self.plain(batch)
