"""What one training run is given: the same for every architecture."""

from dataclasses import dataclass
from pathlib import Path

import torch

from mlcore import device
from mlcore.bundle import Bundle
from mlcore.config import RunConfig
from mlcore.data import splits
from mlcore.data.splits import Split
from mlcore.data.tables import Table
from mlcore.events import Events
from mlcore.parallel import ALONE, Group


@dataclass(frozen=True)
class Run:
    """Handed to an architecture's train()."""

    config: RunConfig
    table: Table
    events: Events
    checkpoints: Path
    """The file in which training.fit keeps its state; removed when the bundle has been written."""
    init: Bundle | None = None
    """Start from these weights."""
    resume: bool = False
    group: Group = ALONE
    """The processes that train together."""
    tested: frozenset[str] = frozenset()
    """Keys of structures that are tested on, beside those that the configuration keeps for that."""

    @property
    def device(self) -> torch.device:
        """Where to train."""
        return device.select(self.config.device, self.group.gpu)

    @property
    def batch_size(self) -> int:
        """Examples a step, of all processes together."""
        return self.config.training.batch_size * self.group.world

    @property
    def machine(self) -> str:
        """On what it trains, for the card: `cpu, 2 threads`, or `2 processes, each on NVIDIA H200, in bfloat16`."""
        together = f"{self.group.world} processes, each on " if self.group.world > 1 else ""
        rounded = device.number_format(self.config.training.precision, self.device) == torch.bfloat16
        return f"{together}{device.describe(self.device)}{', in bfloat16' if rounded else ''}"

    def split(self) -> Split:
        """The table's rows, split by key as configured."""
        shares = self.config.data.split
        found = splits.by_key(self.table.keys, shares.valid, shares.test, self.config.seed)
        return splits.with_test(found, self.table.keys, self.tested) if self.tested else found
