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
