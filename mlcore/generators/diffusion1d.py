"""1D diffusion: a text as a signal of few channels, denoised by a convolutional U-Net.

After PolyGen's 1Ddiffusion (Yang et al. 2024), which takes the numbers of the tokens for one continuous channel and
so puts every token between two others that it has nothing to do with. Here a token may also be spelt in bits (Chen et
al., ICLR 2023) or as a one-hot vector; loss and sampler are those of mlcore.generators.diffusion.

    B batch, T places, C code, W width, V vocabulary
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional

from mlcore.bundle import Bundle, Trained
from mlcore.generators import fitting
from mlcore.generators.conditions import PromptEncoder
from mlcore.generators.configs import Diffusion1DConfig
from mlcore.generators.diffusion import DiffusionNetwork, LevelEncoder, unlikely
from mlcore.generators.language import LanguageGenerator
from mlcore.run import Run

_GROUPS = 8


class Residual(nn.Module):
    """Two convolutions over three places, the condition between them, added to their input."""

    def __init__(self, width_in: int, width: int, condition: int, dropout: float) -> None:
        super().__init__()
        self.norm1, self.norm2 = nn.GroupNorm(_GROUPS, width_in), nn.GroupNorm(_GROUPS, width)
        self.convolution1 = nn.Conv1d(width_in, width, 3, padding=1)
        self.convolution2 = nn.Conv1d(width, width, 3, padding=1)
        self.modulation = nn.Linear(condition, 2 * width)
        self.skip = nn.Conv1d(width_in, width, 1) if width_in != width else nn.Identity()
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor, condition: Tensor) -> Tensor:
        y = self.convolution1(functional.silu(self.norm1(x)))  # (B, W, T)
        scale, shift = self.modulation(condition)[:, :, None].chunk(2, dim=1)  # (B, W, 1)
        y = self.dropout(functional.silu(self.norm2(y) * (1 + scale) + shift))
        added: Tensor = self.skip(x) + self.convolution2(y)
        return added


class Attention(nn.Module):
    """Self-attention over all places, added to its input: brackets that belong together may be far apart."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.norm, self.heads = nn.GroupNorm(_GROUPS, width), heads
        self.qkv, self.out = nn.Conv1d(width, 3 * width, 1), nn.Conv1d(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        batch, width, length = x.shape
        q, k, v = (
            part.reshape(batch, self.heads, width // self.heads, length).transpose(2, 3)  # (B, nh, T, hs)
            for part in self.qkv(self.norm(x)).chunk(3, dim=1)
        )
        y = functional.scaled_dot_product_attention(q, k, v).transpose(2, 3).reshape(batch, width, length)
        return x + self.out(y)


class Diffusion1D(DiffusionNetwork):
    """The network; a mlcore.generators.protocol.SequenceNetwork."""

    config: Diffusion1DConfig
    table: Tensor

    def __init__(self, config: Diffusion1DConfig, vocabulary: int, properties: Sequence[str]) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("table", _codes(config.code, vocabulary), persistent=False)
        channels, width, deep = self.table.shape[1], config.width, 2 * config.width
        condition = 2 * width

        def residual(width_in: int, width_out: int) -> Residual:
            return Residual(width_in, width_out, condition, config.dropout)

        self.level = LevelEncoder(condition)
        self.prompt = PromptEncoder(properties, condition)
        self.read = nn.Conv1d(2 * channels, width, 3, padding=1)
        self.down1, self.down2 = residual(width, width), residual(width, deep)
        self.halve1, self.halve2 = (nn.Conv1d(w, w, 4, stride=2, padding=1) for w in (width, deep))
        self.deep1, self.attention, self.deep2 = (
            residual(deep, deep),
            Attention(deep, config.heads),
            residual(deep, deep),
        )
        self.up2, self.up1 = residual(2 * deep, deep), residual(deep + width, width)
        self.write = nn.Conv1d(width, vocabulary, 3, padding=1)

    def codes(self) -> Tensor:
        """The fixed code of every token, (V, C)."""
        return self.table

    def denoise(self, noisy: Tensor, level: Tensor, prompts: Tensor, estimate: Tensor) -> Tensor:
        """See DiffusionNetwork.denoise."""
        condition = functional.silu(self.level(level) + sum(self.prompt(prompts)))  # (B, 2 W)
        x = self.read(torch.cat([noisy, estimate], dim=2).transpose(1, 2))  # (B, W, T)
        fine = self.down1(x, condition)  # (B, W, T)
        middle = self.down2(self.halve1(fine), condition)  # (B, 2 W, T / 2)
        x = self.deep1(self.halve2(middle), condition)  # (B, 2 W, T / 4)
        x = self.deep2(self.attention(x), condition)
        x = self.up2(torch.cat([_stretched(x, middle), middle], dim=1), condition)  # (B, 2 W, T / 2)
        x = self.up1(torch.cat([_stretched(x, fine), fine], dim=1), condition)  # (B, W, T)
        return unlikely(self.write(functional.silu(x)).transpose(1, 2))


def _stretched(x: Tensor, like: Tensor) -> Tensor:
    return functional.interpolate(x, size=like.shape[2], mode="nearest")


def _codes(kind: str, vocabulary: int) -> Tensor:
    """(V, C) with mean square 1: the numbers as C = 1 even steps, as C bits of -1 or 1, or as C = V one-hot places."""
    numbers = torch.arange(vocabulary)
    if kind == "scalar":
        steps = numbers[:, None] - (vocabulary - 1) / 2
        return steps / steps.square().mean().sqrt()
    if kind == "bits":
        return 2.0 * (numbers[:, None] >> torch.arange((vocabulary - 1).bit_length()) & 1) - 1
    return torch.eye(vocabulary) * vocabulary**0.5


def train(run: Run) -> Trained:
    """Trains a 1D diffusion as the run asks."""
    return fitting.train(run, Diffusion1D)


def load(bundle: Bundle, device: torch.device) -> LanguageGenerator:
    """The generator in a bundle."""
    return LanguageGenerator.from_bundle(bundle, Diffusion1D, device)
