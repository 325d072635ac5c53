"""A generator of strings, made of any network over token sequences."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from mlcore.bundle import Bundle
from mlcore.chem.identity import Kind
from mlcore.config import ConditionConfig
from mlcore.data import notation
from mlcore.data.sequences import pad, plain_ends, spellings
from mlcore.data.tables import Floats
from mlcore.data.tokens import Tokenizer
from mlcore.errors import UserError
from mlcore.generators import conditions
from mlcore.generators.conditions import Axis
from mlcore.generators.grammar import Grammar
from mlcore.generators.protocol import Condition, Sample, Sampling

CHUNK = 512
"""Strings drawn together. Fixed, so that a string depends on its number and not on how many were asked for."""

Build = Callable[[Any, int, Sequence[str]], nn.Module]
"""Makes an untrained network from its config, the size of the vocabulary and the names of the properties."""


class LanguageGenerator:
    """A mlcore.generators.protocol.Generator over a SequenceNetwork."""

    def __init__(
        self,
        network: nn.Module,
        tokenizer: Tokenizer,
        axes: Sequence[Axis],
        device: torch.device,
        defaults: ConditionConfig | None = None,
        kind: Kind = "polymer",
    ) -> None:
        self.network: Any = network.to(device).eval()
        self.tokenizer, self.axes, self.device = tokenizer, list(axes), device
        self.defaults, self.kind = defaults or ConditionConfig(), kind

    @classmethod
    def from_bundle(cls, bundle: Bundle, build: Build, device: torch.device) -> "LanguageGenerator":
        """The generator that was saved; UserError where the weights do not fit."""
        axes = conditions.axes_from(bundle.manifest.properties)
        tokenizer = Tokenizer(bundle.vocabulary)
        network = build(bundle.config.model, len(tokenizer.vocabulary), [axis.name for axis in axes])
        bundle.fill(network)
        return cls(network, tokenizer, axes, device, bundle.config.condition, bundle.config.data.kind)

    def sample(
        self,
        n: int,
        seed: int,
        condition: Condition | None = None,
        sampling: Sampling | None = None,
        start: int = 0,
    ) -> list[Sample]:
        """See Generator.sample. On the CPU the same arguments give the same strings."""
        settings = self._settled(sampling or Sampling())
        samples: list[Sample] = []
        first, last = start // CHUNK, (start + n - 1) // CHUNK
        for number in range(first, last + 1):
            samples += self._chunk(number, seed, condition, settings)
        return samples[start - first * CHUNK :][:n]

    def log_likelihood(self, texts: Sequence[str], condition: Condition | None = None) -> list[float]:
        """See Generator.log_likelihood."""
        if not hasattr(self.network, "log_likelihood"):
            raise UserError("this kind of model draws texts without knowing how likely they are")
        asked = conditions.prompts(self.axes, condition, len(texts), None)
        return [float(value) for part in self._score(texts, asked) for value in part]

    def _settled(self, sampling: Sampling) -> Sampling:
        """With the model's own temperature and guidance where none are asked for."""
        temperature = self.defaults.temperature if sampling.temperature is None else sampling.temperature
        guidance = self.defaults.guidance if sampling.guidance is None else sampling.guidance
        if temperature <= 0:
            raise UserError(f"temperature {temperature:g}: must be above 0")
        if sampling.calls is not None and not hasattr(self.network.config, "calls"):
            raise UserError("calls: this model draws token by token; only diffusion models take a number of calls")
        return replace(sampling, temperature=temperature, guidance=guidance)

    @cached_property
    def _grammar(self) -> Grammar:
        if self.network.config.notation != "smiles":
            raise UserError("grammar: this model spells SELFIES, which keep to valences by themselves")
        return Grammar(self.tokenizer.vocabulary, self.kind, self.device)

    def _chunk(self, number: int, seed: int, condition: Condition | None, sampling: Sampling) -> Iterator[Sample]:
        random = np.random.default_rng([seed, number])
        asked = conditions.prompts(self.axes, condition, CHUNK, random)
        stream = torch.Generator(self.device).manual_seed(int(random.integers(2**62)))
        self.network.eval()  # dropout must never act on samples
        walk = self._grammar.walk(CHUNK, self.network.config.max_tokens) if sampling.grammar else None
        tokens, likelihoods = self.network.sample(self._tensor(asked), stream, sampling, walk)
        nothing = [None] * len(tokens)
        scores = nothing if likelihoods is None else likelihoods.tolist()
        shares = walk.share.tolist() if walk else nothing
        return map(Sample, map(self._decoded, tokens.tolist()), scores, shares)

    def _score(self, texts: Sequence[str], asked: Floats) -> Iterator[Tensor]:
        self.network.eval()
        for begin in range(0, len(texts), CHUNK):
            rows = slice(begin, begin + CHUNK)
            tokens = pad([self._encoded(text) for text in texts[rows]])
            longest = self.network.config.max_tokens
            if tokens.shape[1] > longest:
                raise UserError(f"a text of {tokens.shape[1]} tokens is longer than the model's {longest}")
            yield self.network.log_likelihood(tokens.to(self.device), self._tensor(asked[rows]))

    def _decoded(self, numbers: list[int]) -> str:
        return notation.read(self.tokenizer.decode(numbers), self.network.config.notation, self.kind)

    def _encoded(self, text: str) -> list[int]:
        """Token numbers of a structure as it is written; SELFIES of a polymer begin at an end all the same."""
        form, text = self.network.config.notation, plain_ends(text)
        rooted = form == "smiles" or self.kind == "molecule" or text.startswith("*")
        spelt = notation.spell(text if rooted else spellings(text, 1, np.random.default_rng(0))[0], form)
        if spelt is None:
            raise UserError(f"{text[:80]!r} cannot be spelt in SELFIES")
        return self.tokenizer.encode(spelt)

    def _tensor(self, asked: Floats) -> Tensor:
        return torch.tensor(asked, dtype=torch.float32, device=self.device)
