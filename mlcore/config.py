"""The run configuration: one JSON file, one tree of dataclasses, nothing executable."""

import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Literal

from mlcore import catalog, inheritance, options
from mlcore.errors import UserError
from mlcore.options import option

Scale = Literal["linear", "log10"]

_PROPERTY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")


@dataclass(frozen=True)
class PropertyConfig:
    """A measured quantity that a model learns."""

    name: str = option(..., "name in the model, letters, digits and underscores")
    column: str = option("", "column of the table; empty: the same as the name")
    unit: str = option("", "unit of the column's values, kept in the bundle")
    scale: Scale = option("linear", "axis on which the model works")
    logarithm: bool = option(False, "the column holds decimal logarithms of the values in the unit")
    baseline: str = option(
        "", "column with the same quantity from a cheaper method; what is learned is the difference to it"
    )
    level: str = option("", "method of the column's values, such as G4MP2; kept in the bundle")
    baseline_level: str = option("", "method of the baseline's values, such as B3LYP/6-31G(2df,p)")

    def __post_init__(self) -> None:
        if not _PROPERTY_NAME.fullmatch(self.name):
            raise UserError(f"data.properties: {self.name!r} is no property name; use letters, digits and underscores")
        if self.baseline == self.source:
            raise UserError(f"data.properties: {self.name}: its baseline is its own column; nothing is left to learn")

    @property
    def source(self) -> str:
        """The column that holds the values."""
        return self.column or self.name

    @property
    def columns(self) -> list[str]:
        """All columns that are needed to learn it."""
        return [self.source, self.baseline] if self.baseline else [self.source]


@dataclass(frozen=True)
class ConditionColumn:
    """A condition of a measurement that a predictor is told."""

    name: str = option(..., "name in the model, letters, digits and underscores, such as temperature")
    column: str = option("", "column of the table; empty: the same as the name")
    unit: str = option("", "unit of the column's numbers; degC and K are known to have an absolute zero")
    kind: Literal["number", "structure"] = option("number", "number, or the SMILES of a molecule or salt")

    def __post_init__(self) -> None:
        if not _PROPERTY_NAME.fullmatch(self.name):
            raise UserError(f"data.conditions: {self.name!r} is no name; use letters, digits and underscores")

    @property
    def source(self) -> str:
        """The column that holds it."""
        return self.column or self.name

    @property
    def absolute_zero(self) -> tuple[float, str] | None:
        """The least temperature there is, with its unit; None for what is no temperature."""
        zeros = {"K": 0.0, "degC": -273.15}
        return (zeros[self.unit], self.unit) if self.unit in zeros else None


@dataclass(frozen=True)
class SplitConfig:
    """Shares of polymer KEYS (never rows) that are held out."""

    valid: float = option(0.1, "share of keys that steers training", minimum=0.0, maximum=0.9)
    test: float = option(0.1, "share of keys that is only looked at once, at the end", minimum=0.0, maximum=0.9)

    def __post_init__(self) -> None:
        if self.valid + self.test >= 1:
            raise UserError(f"data.split: valid + test is {self.valid + self.test:g}, nothing is left to train on")


@dataclass(frozen=True)
class DataConfig:
    """Which columns of the table mean what."""

    smiles_column: str = option("smiles", "column with the structures")
    kind: Literal["polymer", "molecule"] = option("polymer", "how the structures are identified")
    max_characters: int = option(
        0, "rows with a longer SMILES are left unread, which saves the time to identify them; 0: none", minimum=0
    )
    geometry_column: str = option(
        "", "column with an xyz or mol block of each molecule; where it is empty a network over geometries guesses one"
    )
    conditions: tuple[ConditionColumn, ...] = option((), "conditions that a predictor over conditions is told")
    properties: tuple[PropertyConfig, ...] = option((), "properties to learn; a generator may have none")
    split: SplitConfig = option(SplitConfig, "held-out shares")

    def __post_init__(self) -> None:
        for what, items in (("properties", self.properties), ("conditions", self.conditions)):
            names = [item.name for item in items]
            if len(set(names)) < len(names):
                raise UserError(f"data.{what}: a name occurs twice in {', '.join(names)}")
        if self.geometry_column and self.kind != "molecule":
            raise UserError("data.geometry_column: a polymer has no geometry; it needs data.kind molecule")


@dataclass(frozen=True)
class TrainingConfig:
    """The loop of mlcore.training: AdamW with warm-up and cosine decay."""

    steps: int = option(2000, "optimizer steps", minimum=1, maximum=10_000_000)
    batch_size: int = option(64, "examples a step", minimum=1, maximum=65_536)
    learning_rate: float = option(5e-4, "peak learning rate", minimum=0.0, maximum=1.0)
    final_learning_rate: float = option(
        0.05, "share of the peak that is left at the last step", minimum=0.0, maximum=1.0
    )
    warmup_steps: int = option(100, "steps of linear warm-up; a tenth of the steps where there are fewer", minimum=0)
    weight_decay: float = option(0.1, "decoupled weight decay of the matrices", minimum=0.0)
    beta1: float = option(0.9, "AdamW: decay of the mean gradient", minimum=0.0, maximum=0.9999)
    beta2: float = option(0.95, "AdamW: decay of the squared gradient", minimum=0.0, maximum=0.99999)
    clip: float = option(1.0, "largest gradient norm; 0 switches clipping off", minimum=0.0)
    ema: float = option(
        0.0, "decay of an exponential moving average of the weights; 0: none", minimum=0.0, maximum=0.99999
    )
    report_every: int = option(10, "steps between two points of the training curve", minimum=1)
    valid_every: int = option(100, "steps between two validations", minimum=1)
    checkpoint_every: int = option(500, "steps between two checkpoints", minimum=1)
    patience: int = option(0, "validations without improvement before an early end; 0: never", minimum=0)
    precision: Literal["auto", "float32", "bfloat16"] = option(
        "auto", "numbers inside the network; auto: bfloat16 on a GPU that has it, float32 elsewhere"
    )
    compile: Literal["auto", "on", "off"] = option(
        "auto", "translate the network with torch.compile before training; auto: on a GPU, for 20,000 steps or more"
    )
    stored: Literal["float32", "float16"] = option(
        "float32", "numbers in the bundle; float16 rounds the trained weights and halves its size"
    )


@dataclass(frozen=True)
class ConditionConfig:
    """Generators only: how a property becomes a prompt, and how the result is judged."""

    drop: float = option(
        0.1, "share of prompts hidden in training, so that sampling works without", minimum=0.0, maximum=1.0
    )
    high_quantile: float = option(
        0.95, "class high begins at this quantile of the training values", minimum=0.5, maximum=0.999
    )
    thresholds: dict[str, float] = option(dict, "class high begins at this value instead, by property, in its unit")
    asked: dict[str, float] = option(
        dict, "what class high asks for instead of a value drawn from the class, by property, in its unit"
    )
    guidance: float = option(1.0, "guidance when none is asked for", minimum=0.0, maximum=100.0)
    temperature: float = option(1.0, "sampling temperature when none is asked for", minimum=0.01, maximum=10.0)
    report_samples: int = option(
        1000, "strings drawn for the metrics in the bundle; 0: none", minimum=0, maximum=100_000
    )


@dataclass(frozen=True)
class EvaluationConfig:
    """Predictors only: what the way of training is worth, beside the model (`mlcore.predictors.crossvalidation`)."""

    folds: int = option(
        0,
        "parts of the structures, each held out in turn from a training of its own, so that every row counts once; "
        "0: none",
        minimum=0,
        maximum=100,
    )
    sizes: tuple[int, ...] = option(
        (), "a learning curve as well: numbers of structures to train on, once a fold each, such as 300, 1000"
    )

    def __post_init__(self) -> None:
        if self.folds == 1:
            raise UserError("evaluation.folds: 1 part would leave nothing to learn from; 0 for none, or at least 2")
        if self.sizes and not self.folds:
            raise UserError("evaluation.sizes: a learning curve needs evaluation.folds, such as 5")
        if few := [size for size in self.sizes if size < 1]:
            raise UserError(f"evaluation.sizes: {few[0]} structures are too few; at least 1")


@dataclass(frozen=True)
class RunConfig:
    """Everything that decides a training run, beside the data."""

    architecture: str = option(..., "a name from the catalog")
    model: Any = option(..., "the architecture's own settings")
    seed: int = option(0, "seed of the split, the weights and the batches", minimum=0, maximum=2**31 - 1)
    device: Literal["auto", "cpu", "cuda"] = option("auto", "auto takes the GPU when there is one")
    training: TrainingConfig = option(TrainingConfig, "the loop")
    data: DataConfig = option(DataConfig, "the table")
    condition: ConditionConfig = option(ConditionConfig, "prompts of a generator")
    evaluation: EvaluationConfig = option(EvaluationConfig, "figures of a predictor over folds")

    def __post_init__(self) -> None:
        for name, values in (("thresholds", self.condition.thresholds), ("asked", self.condition.asked)):
            if stray := set(values) - {item.name for item in self.data.properties}:
                raise UserError(f"condition.{name}: {', '.join(sorted(stray))} is not among data.properties")
        if self.evaluation.folds and catalog.get(self.architecture).task != "predict":
            raise UserError(f"evaluation.folds: {self.architecture} predicts nothing; leave it out")

    def as_json(self) -> dict[str, Any]:
        """The same configuration as plain JSON, defaults included; `load` takes it back."""
        return asdict(self)


def load(source: str | Path | Mapping[str, Any], parent: RunConfig | None = None) -> RunConfig:
    """A RunConfig from a JSON file or an object; UserError on anything unknown, missing or out of bounds.

    parent: the configuration of the model that training starts from, whose `model` section it completes.
    """
    content = dict(source) if isinstance(source, Mapping) else _read(Path(source))
    if parent is not None and isinstance(content.get("architecture"), str):
        content = inheritance.inherit(content, parent.architecture, asdict(parent.model))
    run = recorded(content)
    chosen = "warmup_steps" in content.get("training", {})
    return replace(run, training=_with_room_to_warm_up(run.training, chosen))


def recorded(source: Mapping[str, Any]) -> RunConfig:
    """A RunConfig from one that a bundle keeps."""
    content = dict(source)
    if not isinstance(content.get("architecture"), str):
        raise UserError(f"architecture: this setting is required; known: {', '.join(sorted(catalog.ARCHITECTURES))}")
    architecture = catalog.get(content["architecture"])
    training = content.get("training", {})
    if isinstance(training, Mapping):
        content["training"] = {**architecture.training, **training}
    content["model"] = options.build(architecture.config_class, content.get("model", {}), "model")
    return options.build(RunConfig, content)


def _with_room_to_warm_up(training: TrainingConfig, chosen: bool) -> TrainingConfig:
    """The loop, with a tenth of its steps to warm up where the default is not shorter than all of a short training."""
    if training.warmup_steps < training.steps:
        return training
    if chosen:
        raise UserError(
            f"training.warmup_steps is {training.warmup_steps}, but training ends after {training.steps} steps "
            "(training.steps); it must be less, or left out"
        )
    return replace(training, warmup_steps=training.steps // 10)


def sections() -> dict[str, list[dict[str, Any]]]:
    """The schema of every section that all architectures share."""
    shared = {
        "training": TrainingConfig,
        "data": DataConfig,
        "condition": ConditionConfig,
        "evaluation": EvaluationConfig,
    }
    return {name: options.schema(cls) for name, cls in shared.items()}


def top() -> list[dict[str, Any]]:
    """The schema of the settings that stand in no section."""
    return [entry for entry in options.schema(RunConfig) if not entry["fields"] and entry["name"] != "model"]


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise UserError(f"configuration {path}: {error.strerror or error}") from error
    except ValueError as error:
        raise UserError(f"configuration {path} is not JSON: {error}") from error
    if not isinstance(content, dict):
        raise UserError(f"configuration {path}: expected an object at the top")
    return content
