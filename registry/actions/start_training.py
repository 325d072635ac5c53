"""Train a model version."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import mlcore
from registry.actions import training_inputs, training_levels, training_spread
from registry.actions.base import Action, ActionError
from registry.actions.queueing import create_job
from registry.actions.training_config import as_in_parent, check_architecture, resolve
from registry.formats.training_inputs import TrainingInputs
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

MINIMUM_LABELS = training_levels.MINIMUM_LABELS


@dataclass(kw_only=True)
class StartTraining(Action[TrainingRun]):
    """Queue the training of `architecture` on a frozen dataset version; the result becomes a version of `model`.

    inputs: what goes in beside structures and values (registry.formats.training_inputs): the level of the values and of
        a cheaper baseline by property, the level of the geometries, conditions; a fine-tuning repeats its parent's.
        Where a structure has values at several levels, one must be named.
    config: sections of mlcore's run configuration to set (device, model, training, condition, evaluation, data.split);
        what is left out gets the architecture's defaults, or the parent's network and split when fine-tuning.
    """

    permission: ClassVar[str] = "registry.add_trainingrun"

    model: RegisteredModel
    dataset_version: DatasetVersion
    architecture: str
    properties: Sequence[Property] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)
    config: Mapping[str, Any] | None = None
    init_version: ModelVersion | None = None
    seed: int = 0
    queue: str = Job.Queue.CPU
    schedule: Schedule | None = None
    resolved: dict[str, Any] = field(init=False, default_factory=dict)

    def check(self) -> None:
        if self.dataset_version.measurement_count == 0:
            raise ActionError(f"{self.dataset_version} holds no measurements to learn from.", field="dataset_version")
        check_architecture(self.architecture, self.model, self.init_version)
        if self.model.task == RegisteredModel.Task.PREDICT:
            if not self.properties:
                raise ActionError("A predictor needs at least one property to learn.", field="properties")
            if self.init_version is not None:
                self.properties = as_in_parent(self.properties, self.init_version)
        self._check_labels(self.model.task)
        kind = training_inputs.kind_of(self.dataset_version, self.properties)
        training_inputs.check_kind(kind, self.dataset_version, self.architecture)
        self._told = self._inputs()
        self.resolved = resolve(
            self.config or {},
            self.architecture,
            self.properties,
            self.seed,
            self.init_version,
            self._told,
            kind,
        )

    def _inputs(self) -> TrainingInputs:
        """Those given, or the parent's."""
        given = self.inputs
        if not given and self.init_version is not None and self.init_version.training_run is not None:
            given = self.init_version.training_run.inputs
        found = training_inputs.read(given)
        if self.model.task == RegisteredModel.Task.PREDICT:
            training_inputs.check(found, self.dataset_version, self.properties, self.architecture, self._before())
            if self.init_version is None:  # which knows more than these data
                training_spread.check(found, self.dataset_version, self.properties)
        elif found:
            raise ActionError("inputs: a generator is told structures and values alone.", field="inputs")
        return found

    def _before(self) -> ModelVersion | None:
        """What the training goes on from, or would take the place of."""
        champion = self.schedule.model.champion() if self.schedule is not None else None
        return self.init_version or champion

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
            inputs=self._told.as_json(),
            code_version=mlcore.__version__,
        )
        run.properties.set(self.properties)
        return run
