"""What every generator can do, and what every network over token sequences must offer to become one."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from mlcore.generators.grammar import Walk

Condition = Mapping[str, str | float]
"""What is asked for, by property: a class (low, high) or a value in the property's unit. Missing: no wish."""


@dataclass(frozen=True)
class Sample:
    """One string as it came from the network, valid or not."""

    text: str
    log_likelihood: float | None
    """Natural logarithm of its probability under the network, given the prompt it was drawn with; None where a network
    has none to tell."""
    share: float | None = None
    """With a grammar: product over its tokens of the probability that the grammar left to choose from. The mean over
    strings estimates which share of unmasked strings keeps to the grammar."""


@dataclass(frozen=True)
class Sampling:
    """How strings are drawn."""

    temperature: float | None = None
    """Below 1: more likely strings; None: the model's own."""
    top_k: int = 0
    """Draw from so many likeliest tokens only; 0: from all."""
    guidance: float | None = None
    """Above 1: exaggerates what the condition changes; None: the model's own."""
    calls: int | None = None
    """Network calls that a diffusion model spends on a batch; None: the model's own."""
    grammar: bool = False
    """Never draw a token that no longer leads to a valid string; see mlcore.generators.grammar."""


PLAIN = Sampling(temperature=1.0, guidance=1.0)
"""What the network has learned, as it is."""


class Generator(Protocol):
    """Proposes structures."""

    def sample(
        self,
        n: int,
        seed: int,
        condition: Condition | None = None,
        sampling: Sampling | None = None,
        start: int = 0,
    ) -> list[Sample]:
        """Strings number `start` to `start + n` of the endless stream that seed and settings define."""

    def log_likelihood(self, texts: Sequence[str], condition: Condition | None = None) -> list[float]:
        """ln p(text | condition) of each text; a class is taken at its median value.

        Raises UserError on unknown tokens, and where the network has no likelihood.
        """


class SequenceNetwork(Protocol):
    """A network over token sequences; mlcore.generators.language makes a Generator of it."""

    def counted(self, tokens: Tensor) -> Tensor:
        """How many equal parts the loss of `tokens` is the mean of; several processes weigh their losses by it."""

    def loss(self, tokens: Tensor, prompts: Tensor) -> Tensor:
        """Mean training loss of a token of `tokens` (B, T), padded, given `prompts` (B, P) with NaN for no wish."""

    def sample(
        self, prompts: Tensor, random: torch.Generator, sampling: Sampling, walk: Walk | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Tokens (B, T) and log-likelihoods (B,), one sequence per row of `prompts`; the network is in eval mode.

        Temperature and guidance of `sampling` are numbers; where it asks for a grammar, `walk` follows the B texts, and
        a network that does not draw token by token raises UserError. One that has no likelihood gives None.
        """


class LikelihoodNetwork(SequenceNetwork, Protocol):
    """One that knows how likely a text is."""

    def log_likelihood(self, tokens: Tensor, prompts: Tensor) -> Tensor:
        """ln p of each row of `tokens`, (B,)."""
