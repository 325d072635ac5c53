"""Settings of the predictors; no torch here, so that the catalog can be listed quickly."""

from dataclasses import dataclass
from typing import Literal

from mlcore.options import option


@dataclass(frozen=True)
class PolymerGNNConfig:
    """A small deep ensemble of message-passing networks."""

    members: int = option(4, "networks in the ensemble; their spread is part of the uncertainty", minimum=1, maximum=32)
    width: int = option(64, "numbers per atom", minimum=4, maximum=1024)
    layers: int = option(6, "message-passing steps: how many bonds far an atom sees", minimum=1, maximum=32)
    dropout: float = option(0.1, "share of numbers hidden in training", minimum=0.0, maximum=0.9, free=True)
    landmarks: int = option(
        512, "training structures kept to judge what is in the domain", minimum=2, maximum=4096, free=True
    )
    examples: int = option(
        512,
        "training structures kept for a later fine-tuning; 0: none leave the data",
        minimum=0,
        maximum=4096,
        free=True,
    )
    rehearsal: int = option(
        50, "when fine-tuned: as many labels as the earlier answers weigh; 0: forget freely", minimum=0, free=True
    )


@dataclass(frozen=True)
class TreesConfig:
    """Gradient-boosted trees on counts; `training.steps` are the rounds, `training.learning_rate` what each adds."""

    leaves: int = option(15, "leaves of a tree at most", minimum=2, maximum=64)
    least_in_leaf: int = option(20, "training structures in a leaf at least", minimum=1, maximum=10_000)
    l2: float = option(1.0, "pull of the leaves towards zero", minimum=0.0, maximum=1e6)
    columns: float = option(0.3, "share of the columns that a split may choose from", minimum=0.01, maximum=1.0)
    surroundings: int = option(512, "kinds of atom surroundings that are counted", minimum=0, maximum=16_384)
    radius: int = option(2, "bonds that a surrounding reaches", minimum=0, maximum=4)
    least: int = option(10, "training structures that must have a surrounding for it to be counted", minimum=1)
    landmarks: int = option(512, "training structures kept to judge what is in the domain", minimum=2, maximum=4096)


@dataclass(frozen=True)
class SchNetConfig:
    """Networks over atoms in space."""

    members: int = option(1, "networks in the ensemble", minimum=1, maximum=32, free=True)
    width: int = option(128, "numbers per atom", minimum=4, maximum=1024)
    interactions: int = option(6, "rounds in which atoms hear of their neighbours", minimum=1, maximum=32)
    gaussians: int = option(50, "functions that a distance is expanded in", minimum=2, maximum=1000)
    cutoff: float = option(5.0, "angstrom within which atoms see one another", minimum=1.0, maximum=50.0)
    landmarks: int = option(
        512, "training structures kept to judge what is in the domain", minimum=2, maximum=4096, free=True
    )


@dataclass(frozen=True)
class PolymerArrheniusConfig:
    """An ensemble of small networks whose only way to the temperature is a law."""

    members: int = option(16, "networks; their spread is part of the uncertainty", minimum=1, maximum=64)
    width: int = option(64, "numbers in each of the two hidden layers", minimum=4, maximum=1024)
    dropout: float = option(0.2, "share of hidden numbers left out in training", minimum=0.0, maximum=0.9)
    input_dropout: float = option(0.1, "share of inputs left out in training", minimum=0.0, maximum=0.9)
    temperature: str = option("temperature", "condition that is the temperature, in K or degC")
    law: Literal["law", "input"] = option(
        "law", "law: only through A - B / (T - T0) with B >= 0; input: one more input, for comparison"
    )
    vogel_k: float = option(190.0, "T0 of the law, in K, for all structures; 0: Arrhenius", minimum=0.0, maximum=220.0)
    evenness: float = option(
        0.5,
        "0: every row weighs the same, 1: every structure does, however many rows it has",
        maximum=1.0,
        minimum=0.0,
    )
    surroundings: int = option(512, "kinds of atom surroundings that are counted", minimum=0, maximum=16_384)
    radius: int = option(2, "bonds that a surrounding reaches", minimum=0, maximum=4)
    least: int = option(4, "training structures that must have a surrounding for it to be counted", minimum=1)
    landmarks: int = option(512, "training structures kept to judge what is in the domain", minimum=2, maximum=4096)
