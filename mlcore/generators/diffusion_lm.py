"""Diffusion-LM: all places of a text are denoised together, in the space of learned token embeddings.

After Li et al. (NeurIPS 2022, arXiv 2205.14217), as PolyGen uses it, with the loss and the sampler of
mlcore.generators.diffusion. The network is a transformer encoder whose norms are scaled and shifted by the noise level
and the prompts (Peebles and Xie, ICCV 2023); it reads five places at once and turns queries and keys by their place
(Su et al. 2021, arXiv 2104.09864), because what a token means depends on those around it more than on its number.

    B batch, T places, C code, W width, nh heads, hs = W / nh head size, V vocabulary
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.bundle import Bundle, Trained
from mlcore.generators import fitting
from mlcore.generators.conditions import PromptEncoder
from mlcore.generators.configs import DiffusionLMConfig
from mlcore.generators.diffusion import DiffusionNetwork, LevelEncoder, unlikely
from mlcore.generators.language import LanguageGenerator
from mlcore.run import Run


class Attention(nn.Module):
    """Multi-head self-attention, every place to every place."""

    def __init__(self, config: DiffusionLMConfig) -> None:
        super().__init__()
        self.heads, self.dropout = config.heads, config.dropout
        self.qkv = nn.Linear(config.width, 3 * config.width)
        self.out = nn.Linear(config.width, config.width)

    def forward(self, x: Tensor) -> Tensor:
        batch, length, width = x.shape
        q, k, v = (
            part.view(batch, length, self.heads, width // self.heads).transpose(1, 2)  # (B, nh, T, hs)
            for part in self.qkv(x).split(width, dim=2)
        )
        dropout = self.dropout if self.training else 0.0
        y = functional.scaled_dot_product_attention(turned(q), turned(k), v, dropout_p=dropout)  # (B, nh, T, hs)
        mixed: Tensor = self.out(y.transpose(1, 2).reshape(batch, length, width))
        return mixed


class Block(nn.Module):
    """Attention, then a perceptron, each on a normed copy that the condition scales and shifts, and added back."""

    def __init__(self, config: DiffusionLMConfig) -> None:
        super().__init__()
        width = config.width
        self.norm1, self.norm2 = (nn.LayerNorm(width, elementwise_affine=False) for _ in range(2))
        self.attention = Attention(config)
        self.perceptron = nn.Sequential(nn.Linear(width, 4 * width), nn.GELU(), nn.Linear(4 * width, width))
        self.modulation = nn.Linear(width, 6 * width)
        self.dropout = nn.Dropout(config.dropout)
        nn.init.zeros_(self.modulation.weight)  # a block begins as the identity
        nn.init.zeros_(self.modulation.bias)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        scale1, shift1, gate1, scale2, shift2, gate2 = self.modulation(condition)[:, None].chunk(6, dim=2)  # (B, 1, W)
        x = x + gate1 * self.dropout(self.attention(self.norm1(x) * (1 + scale1) + shift1))  # (B, T, W)
        fed: Tensor = x + gate2 * self.dropout(self.perceptron(self.norm2(x) * (1 + scale2) + shift2))
        return fed


class DiffusionLM(DiffusionNetwork):
    """The network; a mlcore.generators.protocol.SequenceNetwork."""

    config: DiffusionLMConfig

    def __init__(self, config: DiffusionLMConfig, vocabulary: int, properties: Sequence[str]) -> None:
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(vocabulary, config.code)
        self.read = nn.Conv1d(2 * config.code, config.width, 5, padding=2)
        self.level = LevelEncoder(config.width)
        self.prompt = PromptEncoder(properties, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.LayerNorm(config.width)
        self.head = nn.Linear(config.width, vocabulary)

    def codes(self) -> Tensor:
        """Embeddings with mean square 1, (V, C): else the network would drown the noise in their size."""
        return functional.layer_norm(self.embedding.weight, (self.config.code,))

    def denoise(self, noisy: Tensor, level: Tensor, prompts: Tensor, estimate: Tensor) -> Tensor:
        """See DiffusionNetwork.denoise."""
        condition = functional.silu(self.level(level) + sum(self.prompt(prompts)))  # (B, W)
        x = self.read(torch.cat([noisy, estimate], dim=2).transpose(1, 2)).transpose(1, 2)  # (B, T, W)
        x = x + places(x.shape[1], x.shape[2], x.device)
        for block in self.blocks:
            x = block(x, condition)
        return unlikely(self.head(self.norm(x)))


def turned(x: Tensor) -> Tensor:
    """(B, nh, T, hs), each pair of numbers turned by an angle that grows with the place: products tell distances."""
    half = x.shape[3] // 2
    wave = places(x.shape[2], x.shape[3], x.device)
    sine, cosine = wave[:, :half], wave[:, half:]
    first, second = x[..., :half], x[..., half:]
    return torch.cat([first * cosine - second * sine, first * sine + second * cosine], dim=3)


def places(length: int, width: int, device: torch.device) -> Tensor:
    """Sines and cosines of each place, (T, W) (Vaswani et al., NeurIPS 2017); no weights, so any length will do."""
    rates = torch.logspace(0, -3, width // 2, device=device)
    angles = torch.arange(length, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def train(run: Run) -> Trained:
    """Trains a diffusion-LM as the run asks."""
    return fitting.train(run, DiffusionLM)


def load(bundle: Bundle, device: torch.device) -> LanguageGenerator:
    """The generator in a bundle."""
    return LanguageGenerator.from_bundle(bundle, DiffusionLM, device)
