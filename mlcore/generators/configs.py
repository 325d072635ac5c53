"""Settings of the generators, apart from their code so that listing them needs no torch."""

from dataclasses import dataclass
from typing import Literal

from mlcore.errors import UserError
from mlcore.options import option


@dataclass(frozen=True)
class TextConfig:
    """How a structure becomes a string of tokens; shared by all generators over SMILES."""

    forms: int = option(
        5,
        "random SMILES forms of each structure seen in training; 1: the canonical one",
        minimum=1,
        maximum=100,
        free=True,
    )
    cut: Literal["written", "canonical"] = option(
        "written",
        "the repeat unit that is spelt: as the table cuts it, or primitive and in its canonical cut",
        free=True,
    )
    notation: Literal["smiles", "selfies"] = option("smiles", "smiles, or selfies, in which hardly a text is invalid")
    max_tokens: int = option(
        128, "longest string in tokens; longer ones are left out of training", minimum=8, maximum=4096
    )


@dataclass(frozen=True)
class GPTConfig(TextConfig):
    """A GPT of the minGPT class."""

    layers: int = option(3, "transformer blocks", minimum=1, maximum=48)
    heads: int = option(4, "attention heads in each block", minimum=1, maximum=64)
    width: int = option(96, "size of the residual stream; a multiple of heads", minimum=8, maximum=4096)
    dropout: float = option(0.1, "dropout in training; never in sampling", minimum=0.0, maximum=0.9, free=True)

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise UserError(f"model.width: {self.width} is no multiple of model.heads, {self.heads}")


@dataclass(frozen=True)
class DiffusionConfig(TextConfig):
    """What the diffusion models share."""

    max_tokens: int = option(
        40,
        "places of a text, all of which are denoised; longer texts are left out of training",
        minimum=8,
        maximum=512,
        free=True,
    )
    calls: int = option(
        32, "network calls a sample takes when none are asked for", minimum=1, maximum=10_000, free=True
    )
    sharpness: float = option(
        1.4, "mean distance of two codes over the middle noise level", minimum=0.1, maximum=100.0, free=True
    )
    dropout: float = option(0.0, "dropout in training; never in sampling", minimum=0.0, maximum=0.9, free=True)


@dataclass(frozen=True)
class DiffusionLMConfig(DiffusionConfig):
    """A diffusion-LM: a transformer encoder over noisy token embeddings."""

    layers: int = option(4, "transformer blocks", minimum=1, maximum=48)
    heads: int = option(4, "attention heads in each block", minimum=1, maximum=64)
    width: int = option(96, "size of the residual stream; a multiple of twice the heads", minimum=8, maximum=4096)
    code: int = option(16, "size of a token's embedding, to which the noise is added", minimum=2, maximum=1024)

    def __post_init__(self) -> None:
        if self.width % (2 * self.heads):
            raise UserError(f"model.width: {self.width} is no multiple of twice model.heads, {self.heads}")


@dataclass(frozen=True)
class Diffusion1DConfig(DiffusionConfig):
    """A 1D diffusion: a convolutional U-Net over the text as a signal."""

    width: int = option(64, "channels of the U-Net's first level; a multiple of 8", minimum=8, maximum=1024)
    heads: int = option(4, "attention heads at its last level", minimum=1, maximum=64)
    code: Literal["scalar", "bits", "onehot"] = option(
        "onehot", "what stands for a token: its number, as PolyGen has it, its number in bits, or a channel of its own"
    )

    def __post_init__(self) -> None:
        if self.width % 8 or 2 * self.width % self.heads:
            raise UserError(f"model.width: {self.width} must be a multiple of 8, and twice of it one of model.heads")
