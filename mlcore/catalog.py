"""The architectures that can be trained, by name. Their code, and torch with it, loads when one is used.

A new architecture is one entry in ARCHITECTURES, a config dataclass, and a module with two functions:

    train(run: mlcore.run.Run) -> mlcore.bundle.Trained
    load(bundle: mlcore.bundle.Bundle, device: torch.device) -> Generator | Predictor
"""

import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from mlcore import options
from mlcore.errors import UserError

Task = Literal["generate", "predict"]


@dataclass(frozen=True)
class Architecture:
    """One kind of model: where its code and its settings are found."""

    name: str
    """The name in configurations and manifests."""
    task: Task
    """generate: makes structures (mlcore.generators.protocol); predict: scores them (mlcore.predictors.protocol)."""
    summary: str
    """One line for a person who chooses."""
    config: str
    """module:Class of the config dataclass; the module imports no torch."""
    module: str
    """The module with train() and load()."""
    training: Mapping[str, object] = field(default_factory=dict)
    """Defaults of the training section that suit this architecture better than the common ones."""
    loop: tuple[str, ...] | None = None
    """The settings of the training section that mean something to it; None: all."""
    goes_on: bool = True
    """Whether a training can start from a model of this kind."""
    takes: tuple[str, ...] = ()
    """What it reads beside the structures: `geometry`, `conditions`."""
    kinds: tuple[str, ...] = ("polymer", "molecule")
    """Structures that it can be trained on."""

    @property
    def config_class(self) -> type[Any]:
        """The dataclass of the configuration's `model` section."""
        module, _, name = self.config.partition(":")
        config: type[Any] = getattr(importlib.import_module(module), name)
        return config

    @property
    def train(self) -> Callable[[Any], Any]:
        """Trains as a run asks: `train(Run) -> Trained`."""
        function: Callable[[Any], Any] = importlib.import_module(self.module).train
        return function

    @property
    def load(self) -> Callable[..., Any]:
        """Brings a bundle to life: `load(Bundle, device) -> Generator | Predictor`."""
        function: Callable[..., Any] = importlib.import_module(self.module).load
        return function


ARCHITECTURES: dict[str, Architecture] = {
    entry.name: entry
    for entry in (
        Architecture(
            name="gpt",
            task="generate",
            summary="Autoregressive transformer over SMILES or SELFIES, conditional on property classes and values",
            config="mlcore.generators.configs:GPTConfig",
            module="mlcore.generators.gpt",
            training={"steps": 3000, "batch_size": 96, "learning_rate": 1e-3},
        ),
        Architecture(
            name="diffusion-lm",
            task="generate",
            summary="Diffusion over token embeddings, all places of a text at once, by a transformer encoder",
            config="mlcore.generators.configs:DiffusionLMConfig",
            module="mlcore.generators.diffusion_lm",
            training={"steps": 6000, "batch_size": 128, "learning_rate": 2e-3, "ema": 0.995, "weight_decay": 0.01},
        ),
        Architecture(
            name="diffusion1d",
            task="generate",
            summary="Diffusion over the text as a signal of few channels, by a one-dimensional convolutional U-Net",
            config="mlcore.generators.configs:Diffusion1DConfig",
            module="mlcore.generators.diffusion1d",
            training={"steps": 6000, "batch_size": 128, "learning_rate": 2e-3, "ema": 0.995, "weight_decay": 0.01},
        ),
        Architecture(
            name="polymer-gnn",
            task="predict",
            summary="Deep ensemble of graph networks over the ring-closed polymer graph, several properties at once",
            config="mlcore.predictors.configs:PolymerGNNConfig",
            module="mlcore.predictors.polymer_gnn",
            training={
                "steps": 1500,
                "batch_size": 64,
                "learning_rate": 2e-3,
                "weight_decay": 0.01,
                "beta2": 0.999,
                "precision": "float32",  # bfloat16 rounds a value to three digits
                "compile": "off",  # small networks on graphs of every shape
            },
        ),
        Architecture(
            name="trees",
            task="predict",
            summary="Gradient-boosted trees on counts of atom surroundings: a baseline, and a judge of another kind",
            config="mlcore.predictors.configs:TreesConfig",
            module="mlcore.predictors.trees",
            training={"steps": 400, "learning_rate": 0.05, "valid_every": 20},
            loop=("steps", "learning_rate", "valid_every"),
            goes_on=False,
        ),
        Architecture(
            name="schnet",
            task="predict",
            summary="Network over atoms in space: energies of molecules, direct, as a difference, or by transfer",
            config="mlcore.predictors.configs:SchNetConfig",
            module="mlcore.predictors.schnet",
            training={
                "steps": 5000,
                "batch_size": 32,
                "learning_rate": 5e-4,
                "weight_decay": 0.0,
                "beta2": 0.999,
                "ema": 0.99,
                "precision": "float32",  # energies have more digits than bfloat16
                "compile": "off",  # molecules of every size
            },
            takes=("geometry",),
            kinds=("molecule",),
        ),
        Architecture(
            name="polymer-arrhenius",
            task="predict",
            summary="Ensemble of small networks for polymers with salts, which give a law over the temperature",
            config="mlcore.predictors.configs:PolymerArrheniusConfig",
            module="mlcore.predictors.arrhenius",
            training={
                "steps": 1500,
                "warmup_steps": 150,
                "batch_size": 128,
                "learning_rate": 3e-3,
                "final_learning_rate": 0.0,
                "weight_decay": 0.1,
                "beta2": 0.999,
                "clip": 0.0,
                "precision": "float32",
                "compile": "off",
            },
            goes_on=False,
            takes=("conditions",),
        ),
        Architecture(
            name="fchl",
            task="predict",
            summary="Kernel regression on atoms in space (FCHL19): energies of molecules from their geometries",
            config="mlcore.predictors.configs:FCHLConfig",
            module="mlcore.predictors.fchl",
            loop=(),
            goes_on=False,
            takes=("geometry",),
            kinds=("molecule",),
        ),
        Architecture(
            name="dressed-atoms",
            task="predict",
            summary="One number an element: what every model of energies has to beat",
            config="mlcore.predictors.configs:DressedAtomsConfig",
            module="mlcore.predictors.atom_counts",
            loop=(),
            goes_on=False,
            kinds=("molecule",),
        ),
        Architecture(
            name="gaussian-process",
            task="predict",
            summary="Gaussian process on descriptors and counts of atom surroundings, several properties at once",
            config="mlcore.predictors.configs:GaussianProcessConfig",
            module="mlcore.predictors.kernel",
            training={"steps": 80, "learning_rate": 0.1},
            loop=("steps", "learning_rate", "report_every"),
            goes_on=False,
        ),
        Architecture(
            name="stack",
            task="predict",
            summary="Gaussian process, graph networks and trees, weighted by their answers about held-out structures",
            config="mlcore.predictors.configs:StackConfig",
            module="mlcore.predictors.stack",
            training={
                "steps": 1600,
                "batch_size": 64,
                "learning_rate": 2e-3,
                "final_learning_rate": 0.01,
                "weight_decay": 0.01,
                "beta2": 0.999,
                "precision": "float32",
                "compile": "off",
            },
            goes_on=False,
        ),
    )
}


def get(name: str) -> Architecture:
    """The architecture called `name`, or a UserError with the nearest known one."""
    if name not in ARCHITECTURES:
        raise UserError(f"unknown architecture {name!r}; {options.nearest(name, ARCHITECTURES)}")
    return ARCHITECTURES[name]


def describe(architecture: Architecture) -> dict[str, Any]:
    """What a form needs: name, task, summary, the settings of the model section, its own training defaults, and which
    settings of the training section it uses (None: all)."""
    return {
        "name": architecture.name,
        "task": architecture.task,
        "summary": architecture.summary,
        "model": options.schema(architecture.config_class),
        "training_defaults": dict(architecture.training),
        "training_used": None if architecture.loop is None else list(architecture.loop),
        "takes": list(architecture.takes),
        "kinds": list(architecture.kinds),
    }
