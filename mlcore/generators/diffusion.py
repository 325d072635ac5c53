"""Continuous diffusion over token codes: noise levels, training loss and a fast sampler, for any denoising network.

Every token of the vocabulary has a code, a vector of C numbers with mean square 1, and a text is the (T, C) array of
its codes. Noise of level sigma is added to it; the network tells for each place which token stood there. Its loss is
the cross entropy of the true tokens, and the mean code under its answer is the denoised signal (Dieleman et al. 2022,
arXiv 2211.15089), whatever the codes are: so scalars, bits, one-hot vectors and learned embeddings are compared alike.
Half of the time it is shown its own earlier answer (self-conditioning, Chen et al., ICLR 2023).

Sampling follows dx/dsigma = (x - denoised) / sigma (Karras et al., NeurIPS 2022) down the levels with the second-order
multistep solver DPM-Solver++(2M) of Lu et al. (2022, arXiv 2211.01095): one network call a level.

    B batch, T places, C size of a code, V vocabulary, P properties
"""

import math
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.data.tokens import BEGIN, END, PAD
from mlcore.errors import UserError
from mlcore.generators.configs import DiffusionConfig
from mlcore.generators.grammar import Walk
from mlcore.generators.protocol import PLAIN, Sampling


@dataclass(frozen=True)
class Levels:
    """Noise levels; their logarithm is logistic, cut at both ends, so that most lie where tokens are in doubt."""

    centre: Tensor
    """Level in the middle, (); never a Python number, for which a GPU and compiled code would have to stop."""
    width: float = 0.45
    """Scale of the logistic distribution of ln sigma."""
    reach: float = 6.0
    """The highest level is `centre * reach`, the lowest `centre / reach`."""

    def at(self, place: Tensor) -> Tensor:
        """The level at each quantile `place` from 0, the lowest, to 1, the highest."""
        edge = 1 / (1 + math.exp(-math.log(self.reach) / self.width))
        inside = (1 - edge) + place * (2 * edge - 1)
        return self.centre * (inside.logit() * self.width).exp()

    def descent(self, calls: int, device: torch.device) -> Tensor:
        """`calls` levels from the highest down, and 0 after them: (calls + 1,)."""
        down = self.at(torch.linspace(1, 0, calls, device=device))
        return torch.cat([down, down.new_zeros(1)])


class DiffusionNetwork(nn.Module):
    """A mlcore.generators.protocol.SequenceNetwork; subclasses bring codes and the network that denoises."""

    config: DiffusionConfig

    def codes(self) -> Tensor:
        """The code of every token, (V, C)."""
        raise NotImplementedError

    def denoise(self, noisy: Tensor, level: Tensor, prompts: Tensor, estimate: Tensor) -> Tensor:
        """Logits (B, T, V) of the tokens under `noisy` (B, T, C), scaled to mean square 1.

        Args:
            level: ln sigma, (B,).
            prompts: (B, P), NaN for no wish.
            estimate: an earlier denoised signal, (B, T, C); zeros where there is none.
        """
        raise NotImplementedError

    def levels(self, codes: Tensor) -> Levels:
        """Centred where noise takes two codes for each other."""
        codes = codes.detach()
        squares = codes.square().sum(dim=1)
        apart = (squares[:, None] + squares - 2 * codes @ codes.T).clamp(min=0).sqrt()  # (V, V)
        count = len(codes)
        return Levels(apart.sum() / (count * (count - 1)) / self.config.sharpness)

    def predict(self, noisy: Tensor, sigma: Tensor, prompts: Tensor, estimate: Tensor) -> Tensor:
        """Logits (B, T, V) from the signal with noise of `sigma` (B,)."""
        scale = (1 + sigma.square()).rsqrt()[:, None, None]
        return self.denoise(noisy * scale, sigma.log(), prompts, estimate)

    def counted(self, tokens: Tensor) -> Tensor:
        """How many texts the loss of `tokens` is the mean of: all have as many places."""
        return torch.tensor(len(tokens))

    def loss(self, tokens: Tensor, prompts: Tensor) -> Tensor:
        """Mean -ln p of a place, padding included, for `tokens` (B, t) at random levels."""
        tokens = functional.pad(tokens, (0, self.config.max_tokens - tokens.shape[1]), value=PAD)
        codes, count = self.codes(), len(tokens)
        place = (torch.arange(count, device=tokens.device) + torch.rand(count, device=tokens.device)) / count
        sigma = self.levels(codes).at(place)  # shuffled rows, levels in even steps: less variance
        signal = codes[tokens]
        noisy = signal + sigma[:, None, None] * torch.randn_like(signal)
        estimate = torch.zeros_like(signal)
        if torch.rand(()) < 0.5:
            with torch.no_grad():
                estimate = self.predict(noisy, sigma, prompts, estimate).softmax(dim=2) @ codes
        logits = self.predict(noisy, sigma, prompts, estimate)
        return functional.cross_entropy(logits.transpose(1, 2), tokens)

    @torch.no_grad()
    def sample(
        self, prompts: Tensor, random: torch.Generator, sampling: Sampling = PLAIN, walk: Walk | None = None
    ) -> tuple[Tensor, Tensor | None]:
        """Tokens (B, T), padded after END; the network has no likelihood and cannot follow a `walk`."""
        if sampling.grammar:
            raise UserError("grammar: a diffusion model settles all tokens at once, so that none can be forbidden")
        codes = self.codes()
        sigmas = self.levels(codes).descent(sampling.calls or self.config.calls, prompts.device)
        shape = len(prompts), self.config.max_tokens, codes.shape[1]
        noisy = sigmas[0] * torch.empty(shape, device=prompts.device).normal_(generator=random)
        estimate = former = torch.zeros_like(noisy)
        logits = torch.empty(0)
        for step, (sigma, lower) in enumerate(pairwise(sigmas)):
            logits = self._answer(noisy, sigma, prompts, estimate, sampling)
            estimate = logits.softmax(dim=2) @ codes
            if lower == 0:
                break
            towards = estimate
            if step:  # where the answer was going, half a step ahead
                ahead = (sigma / lower).log() / (sigmas[step - 1] / sigma).log() / 2
                towards = estimate + ahead * (estimate - former)
            noisy = towards + lower / sigma * (noisy - towards)
            former = estimate
        return _ended(logits.argmax(dim=2)), None

    def _answer(self, noisy: Tensor, sigma: Tensor, prompts: Tensor, estimate: Tensor, sampling: Sampling) -> Tensor:
        """Logits (B, T, V), with guidance and temperature."""
        guidance, level = sampling.guidance, sigma.expand(len(noisy))
        if guidance in (None, 1) or bool(prompts.isnan().all()):
            logits = self.predict(noisy, level, prompts, estimate)
        else:
            both = torch.cat([prompts, torch.full_like(prompts, torch.nan)])
            twice = [torch.cat([x, x]) for x in (noisy, level, estimate)]
            prompted, free = self.predict(twice[0], twice[1], both, twice[2]).chunk(2)
            logits = free + guidance * (prompted - free)
        logits = logits / (sampling.temperature or 1.0)
        if 0 < sampling.top_k < logits.shape[2]:
            least = logits.topk(sampling.top_k, dim=2).values[..., -1:]
            logits = logits.masked_fill(logits < least, -torch.inf)
        return logits


class LevelEncoder(nn.Module):
    """ln sigma as a vector: sines and cosines, then a perceptron."""

    rates: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("rates", torch.logspace(-1, 1, 32), persistent=False)
        self.perceptron = nn.Sequential(nn.Linear(64, width), nn.SiLU(), nn.Linear(width, width))

    def forward(self, level: Tensor) -> Tensor:
        angles = level[:, None] * self.rates  # (B, 32)
        vector: Tensor = self.perceptron(torch.cat([angles.sin(), angles.cos()], dim=1))
        return vector


def unlikely(logits: Tensor) -> Tensor:
    """The logits with BEGIN, which stands in no text, out of reach."""
    mask = torch.zeros(logits.shape[-1], device=logits.device)
    mask[BEGIN] = -1e4  # finite, so that guidance makes no NaN of it
    return logits + mask


def _ended(tokens: Tensor) -> Tensor:
    """`tokens` (B, T) with padding after the first END."""
    after = (tokens == END).cumsum(dim=1) - (tokens == END).long() > 0
    return tokens.masked_fill(after, PAD)
