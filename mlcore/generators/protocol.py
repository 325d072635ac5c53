"""What every generator can do, and what every network over token sequences must offer to become one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

Condition = Mapping[str, str | float]
"""What is asked for, by property: a class (low, high) or a value in the property's unit. Missing: no wish."""


@dataclass(frozen=True)
class Sample:
    """One string as it came from the network, valid or not."""

    text: str
    log_likelihood: float
    """Natural logarithm of its probability under the network, given the prompt it was drawn with."""


class Generator(Protocol):
    """Proposes structures."""

    def sample(
        self,
        n: int,
        seed: int,
        condition: Condition | None = None,
        temperature: float | None = None,
        top_k: int = 0,
        guidance: float | None = None,
        start: int = 0,
    ) -> list[Sample]:
        """Strings number `start` to `start + n` of the endless stream that seed and settings define.

        `temperature` and `guidance` None are the model's own; `top_k` 0 keeps all tokens; `guidance` above 1
        exaggerates what the condition changes.
        """

    def log_likelihood(self, texts: Sequence[str], condition: Condition | None = None) -> list[float]:
        """ln p(text | condition) of each text; a class is taken at its median value. UserError on unknown tokens."""


class SequenceNetwork(Protocol):
    """A network over token sequences; mlcore.generators.language makes a Generator of it."""

    def loss(self, tokens: Tensor, prompts: Tensor) -> Tensor:
        """Mean training loss of a token of `tokens` (B, T), padded, given `prompts` (B, P) with NaN for no wish."""

    def sample(
        self, prompts: Tensor, random: torch.Generator, temperature: float, top_k: int, guidance: float
    ) -> tuple[Tensor, Tensor]:
        """Tokens (B, T) and log-likelihoods (B,), one sequence per row of `prompts`; the network is in eval mode."""

    def log_likelihood(self, tokens: Tensor, prompts: Tensor) -> Tensor:
        """ln p of each row of `tokens`, (B,)."""
