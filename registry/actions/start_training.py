"""Train a model version."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import mlcore
import mlcore.config
from mlcore import catalog
from mlcore.errors import UserError
from registry.actions.base import Action, ActionError
from registry.actions.queueing import create_job
from registry.models import (
    DatasetVersion,
    Job,
    Measurement,
    ModelVersion,
    Property,
    RegisteredModel,
    Schedule,
    TrainingRun,
)

SECTIONS = (
    "device",
    "model",
    "training",
    "condition",
    "data",
)  # what a caller may set; the rest is an input of its own


MINIMUM_LABELS = 10  # structures with a value, from which a predictor can learn a property that it does not know yet


@dataclass(kw_only=True)
class StartTraining(Action[TrainingRun]):
    """Queue the training of `architecture` on a frozen dataset version; the result becomes a version of `model`.

    config: sections of mlcore's run configuration to set (device, model, training, condition, data.split); what is left
        out gets the architecture's defaults, or the parent's network and split when fine-tuning.
    """

    permission: ClassVar[str] = "registry.add_trainingrun"

    model: RegisteredModel
    dataset_version: DatasetVersion
    architecture: str
    properties: Sequence[Property] = ()
    config: Mapping[str, Any] | None = None
    init_version: ModelVersion | None = None
    seed: int = 0
    queue: str = Job.Queue.CPU
    schedule: Schedule | None = None
    resolved: dict[str, Any] = field(init=False, default_factory=dict)

    def check(self) -> None:
        if self.dataset_version.measurement_count == 0:
            raise ActionError(f"{self.dataset_version} holds no measurements to learn from.", field="dataset_version")
        try:
            task = catalog.get(self.architecture).task
        except UserError as error:
            raise ActionError(str(error), field="architecture") from error
        if task != self.model.task:
            raise ActionError(
                f"{self.architecture} can {task}; the versions of {self.model} {self.model.task}.", field="architecture"
            )
        if task == "predict" and not self.properties:
            raise ActionError("A predictor needs at least one property to learn.", field="properties")
        if self.init_version is not None and self.init_version.architecture != self.architecture:
            raise ActionError(
                f"{self.init_version} is a {self.init_version.architecture}; {self.architecture} cannot start from it.",
                field="init_version",
            )
        self._check_labels(task)
        self.resolved = self._resolve(dict(self.config or {}))

    def _check_labels(self, task: str) -> None:
        """Some values of every property; where a model goes on from what it knows, of any."""
        labels = Measurement.objects.in_version(self.dataset_version).labels()
        known = [labels.get(item.pk, 0) for item in self.properties]
        if self.init_version is not None and task == "predict":
            if not any(known):
                names = ", ".join(item.name for item in self.properties)
                raise ActionError(f"{self.dataset_version} has no value of {names} to learn from.", field="properties")
            return
        least = MINIMUM_LABELS if task == "predict" else 1
        for item, count in zip(self.properties, known, strict=True):
            if count < least:
                raise ActionError(
                    f"{self.dataset_version} has values of {item.name} for {count or 'no'} structures; at least "
                    f"{least} are needed. Leave the property out, bring more data, or start from a model that has it.",
                    field="properties",
                )

    def execute(self) -> TrainingRun:
        run = TrainingRun.objects.create(
            job=create_job(Job.Kind.TRAIN, self.actor, self.queue),
            model=self.model,
            dataset_version=self.dataset_version,
            architecture=self.architecture,
            init_version=self.init_version,
            seed=self.seed,
            schedule=self.schedule,
            config=self.resolved,
            code_version=mlcore.__version__,
        )
        run.properties.set(self.properties)
        return run

    def _resolve(self, config: dict[str, Any]) -> dict[str, Any]:
        """The complete run configuration, defaults written out, so that the record does not change with them."""
        if stray := set(config) - set(SECTIONS):
            raise ActionError(
                f"config: {sorted(stray)[0]} cannot be set here; known: {', '.join(SECTIONS)}.", field="config"
            )
        data = config.pop("data", {})
        if not isinstance(data, Mapping) or set(data) - {"split"}:
            raise ActionError("config.data: only split can be set; columns come from the properties.", field="config")
        if self.init_version is not None:
            parent = self.init_version.config
            config["model"] = {**parent.get("model", {}), **config.get("model", {})}
            data = {"split": parent.get("data", {}).get("split", {}), **data}  # what it held out stays held out
        columns = [{"name": p.name, "column": p.name, "unit": p.unit, "scale": p.scale} for p in self.properties]
        content = {
            **config,
            "architecture": self.architecture,
            "seed": self.seed,
            "data": {**data, "smiles_column": "smiles", "properties": columns},
        }
        try:
            resolved: dict[str, Any] = json.loads(json.dumps(mlcore.config.load(content).as_json()))
            return resolved
        except UserError as error:
            raise ActionError(f"config: {error}", field="config") from error
