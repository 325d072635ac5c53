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

    members: int = option(8, "networks; their spread is part of the uncertainty", minimum=1, maximum=64)
    width: int = option(64, "numbers in each of the two hidden layers", minimum=4, maximum=1024)
    dropout: float = option(0.2, "share of hidden numbers left out in training", minimum=0.0, maximum=0.9)
    input_dropout: float = option(0.1, "share of inputs left out in training", minimum=0.0, maximum=0.9)
    temperature: str = option("temperature", "condition that is the temperature, in K or degC")
    law: Literal["law", "input"] = option(
        "law", "law: only through A - B / (T - T0) with B >= 0; input: one more input, for comparison"
    )
    vogel_k: float = option(190.0, "T0 of the law, in K, for all structures; 0: Arrhenius", minimum=0.0, maximum=220.0)
    evenness: float = option(
        0.25,
        "0: every row weighs the same, 1: every structure does, however many rows it has",
        maximum=1.0,
        minimum=0.0,
    )
    surroundings: int = option(
        0, "kinds of atom surroundings that are counted beside groups and descriptors", minimum=0, maximum=16_384
    )
    radius: int = option(2, "bonds that a surrounding reaches", minimum=0, maximum=4)
    least: int = option(4, "training structures that must have a surrounding for it to be counted", minimum=1)
    landmarks: int = option(512, "training structures kept to judge what is in the domain", minimum=2, maximum=4096)


@dataclass(frozen=True)
class FCHLConfig:
    """Kernel ridge regression on FCHL19 representations of geometries; docs/decisions/fchl.md says how it was tuned."""

    kernel: Literal["matern", "gaussian"] = option("matern", "how likeness falls with distance; matern: nu = 5/2")
    ridge: float = option(
        3e-8, "noise of the targets, in shares of the mean likeness of a molecule with itself", minimum=0.0, maximum=1.0
    )
    freedom: float = option(
        3.0,
        "degrees of freedom of the noise, which is Student's t: the fewer, the less molecules count that all others "
        "contradict; 0: the noise is Gaussian",
        minimum=0.0,
        maximum=1000.0,
    )
    cutoff: float = option(4.2, "how far an atom sees, in Å", minimum=1.0, maximum=20.0)
    length: float = option(6.6, "distance of representations over which likeness falls", minimum=1e-3, maximum=1e4)
    wide_cutoff: float = option(6.5, "how far it sees in a second, wider look", minimum=1.0, maximum=20.0)
    wide_weight: float = option(0.08, "share of the wider look in the likeness; 0: none", minimum=0.0, maximum=0.999)
    radial2: float = option(3.5, "distances told apart an Å, in the two-body part", minimum=0.1, maximum=32.0)
    radial3: float = option(4.0, "the same in the three-body part", minimum=0.1, maximum=32.0)
    eta2: float = option(0.093, "width of the two-body distances", minimum=1e-3, maximum=100.0)
    eta3: float = option(4.8, "sharpness of the three-body distances", minimum=1e-3, maximum=100.0)
    decay2: float = option(1.88, "power with which near neighbours count more", minimum=0.0, maximum=10.0)
    decay3: float = option(0.97, "the same for pairs of neighbours", minimum=0.0, maximum=10.0)
    weight3: float = option(0.15, "weight of the three-body part", minimum=0.0, maximum=1e6)
    fourier: int = option(2, "terms in which angles are expanded, those of angle, 3 angle, ...", minimum=1, maximum=8)
    zeta: float = option(
        0.3, "damping of the further terms; the original has one term and pi", minimum=0.0, maximum=10.0
    )
    directions: int = option(
        128, "numbers kept of an atom's representation: principal directions of its element", minimum=1, maximum=4096
    )
    relevance_steps: int = option(
        0,
        "steps that learn how much each number of a representation counts, 80 where there are thousands of molecules; "
        "0: all count the same",
        minimum=0,
        maximum=100_000,
    )
    inducing: int = option(
        6000, "training atoms that stand for all, where there are more; 0: all are kept, the exact model", minimum=0
    )

    @property
    def looks(self) -> tuple[tuple[float, float], ...]:
        """(cutoff, weight) of each range in which atoms are compared; the weights add up to 1."""
        if not self.wide_weight:
            return ((self.cutoff, 1.0),)
        return (self.cutoff, 1 - self.wide_weight), (self.wide_cutoff, self.wide_weight)


@dataclass(frozen=True)
class DressedAtomsConfig:
    """Least squares of element counts has nothing to set."""


@dataclass(frozen=True)
class GaussianProcessConfig:
    """A Gaussian process; `training.steps` and `training.learning_rate` are those of the search for its parameters."""

    anchors: int = option(1500, "training structures to which others are compared", minimum=2, maximum=8192)
    fit_rows: int = option(1000, "training structures that the parameters are found with", minimum=2, maximum=8192)
    radius: int = option(3, "bonds that a counted surrounding of an atom reaches", minimum=0, maximum=4)
    folds: int = option(5, "parts that are held out in turn to learn the uncertainty", minimum=2, maximum=20)
    apart: str = option(
        "", "properties, separated by commas, learned each for itself: ones with hardly any noise would rule the others"
    )
    landmarks: int = option(512, "training structures kept to judge what is in the domain", minimum=2, maximum=4096)


@dataclass(frozen=True)
class StackConfig:
    """Unlike models weighted by their answers about held-out folds; the section `training` is the networks'."""

    folds: int = option(5, "parts that are held out in turn, and networks", minimum=2, maximum=20)
    radius: int = option(3, "bonds that a counted surrounding of an atom reaches", minimum=0, maximum=4)
    anchors: int = option(
        1500, "Gaussian process: training structures to which others are compared", minimum=2, maximum=8192
    )
    fit_rows: int = option(
        1000, "Gaussian process: training structures that its parameters are found with", minimum=2, maximum=8192
    )
    process_steps: int = option(80, "Gaussian process: steps of the search for its parameters", minimum=1)
    process_rate: float = option(0.1, "Gaussian process: learning rate of that search", minimum=0.0, maximum=1.0)
    apart: str = option(
        "", "properties, separated by commas, learned each for itself: ones with hardly any noise would rule the others"
    )
    width: int = option(64, "networks: numbers per atom", minimum=4, maximum=1024)
    layers: int = option(6, "networks: message-passing steps", minimum=1, maximum=32)
    dropout: float = option(0.1, "networks: share of numbers hidden in training", minimum=0.0, maximum=0.9)
    tree_rounds: int = option(100, "trees: rounds of boosting; 0: no trees", minimum=0, maximum=10_000)
    tree_rate: float = option(0.1, "trees: what each round adds", minimum=0.0, maximum=1.0)
    tree_leaves: int = option(15, "trees: leaves of a tree at most", minimum=2, maximum=64)
    tree_least: int = option(20, "trees: training structures in a leaf at least", minimum=1, maximum=10_000)
    tree_surroundings: int = option(
        512, "trees: kinds of atom surroundings that are counted", minimum=0, maximum=16_384
    )
    landmarks: int = option(512, "training structures kept to judge what is in the domain", minimum=2, maximum=4096)
