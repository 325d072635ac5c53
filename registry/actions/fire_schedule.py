"""Take a schedule's turn: retrain on the newest state of its dataset, or say why not."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from registry.actions.base import Action, ActionError
from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.start_training import SECTIONS, StartTraining
from registry.models import DatasetVersion, Job, ModelVersion, Property, Schedule, TrainingRun

OWN = ("architecture", "properties", "seed", "queue")  # of a template, beside the sections of a configuration


@dataclass(kw_only=True)
class FireSchedule(Action[TrainingRun | None]):
    """Freeze what is pending, skip the turn when there is nothing new, else start the training of the template.

    A template holds sections of mlcore's run configuration, and may name architecture, properties, seed and queue;
    what it leaves out is taken from the champion. What came of the turn stands in the schedule's `last_outcome`.
    """

    permission: ClassVar[str] = "registry.add_trainingrun"

    schedule: Schedule
    outcome: str = field(init=False, default="")

    def check(self) -> None:
        if stray := set(self.schedule.template) - {*OWN, *SECTIONS}:
            known = ", ".join([*OWN, *SECTIONS])
            raise ActionError(f"template: {sorted(stray)[0]} is unknown; known: {known}.", field="template")

    def execute(self) -> TrainingRun | None:
        run = self._take_turn()
        self.schedule.last_outcome = self.outcome[:300]
        self.schedule.save(update_fields=["last_outcome"])
        return run

    def _take_turn(self) -> TrainingRun | None:
        schedule = self.schedule
        if schedule.training_runs.exclude(job__state__in=Job.FINAL).exists():
            self.outcome = "Skipped: the last training has not ended yet."
            return None
        version, champion = self._dataset_version(), schedule.model.champion()
        if version is None:
            self.outcome = f"Skipped: {schedule.dataset} has no frozen version yet."
            return None
        if schedule.only_with_new_data and self._seen(version, champion):
            self.outcome = f"Skipped: nothing new since {version}."
            return None
        run = self._start(version, champion)
        self.outcome = f"Training {run.pk} started on {version}."
        return run

    def _dataset_version(self) -> DatasetVersion | None:
        dataset = self.schedule.dataset
        if self.schedule.freeze_pending and dataset.measurements.pending().exists():
            return FreezeDataset(actor=self.actor, dataset=dataset, note=f"by schedule {self.schedule}").run()
        return dataset.latest_version()

    def _seen(self, version: DatasetVersion, champion: ModelVersion | None) -> bool:
        """The champion, or an earlier turn whatever became of it, has learned from this state."""
        by_champion = champion is not None and champion.dataset_version_id == version.pk
        return by_champion or self.schedule.training_runs.filter(dataset_version=version).exists()

    def _start(self, version: DatasetVersion, champion: ModelVersion | None) -> TrainingRun:
        template: Mapping[str, Any] = self.schedule.template
        return StartTraining(
            actor=self.actor,
            model=self.schedule.model,
            dataset_version=version,
            architecture=template.get("architecture") or (champion.architecture if champion else ""),
            properties=self._properties(champion),
            config={name: value for name, value in template.items() if name in SECTIONS},
            init_version=champion if self.schedule.start_from_champion else None,
            seed=template.get("seed", champion.config.get("seed", 0) if champion else 0),
            queue=template.get("queue", Job.Queue.CPU),
            schedule=self.schedule,
        ).run()

    def _properties(self, champion: ModelVersion | None) -> list[Property]:
        """In the order of the template, or of the champion's own list."""
        names = self.schedule.template.get("properties")
        if names is None:
            return list(champion.properties.order_by("pk")) if champion else []
        found = {item.name: item for item in Property.objects.filter(name__in=names)}
        if missing := [name for name in names if name not in found]:
            raise ActionError(f"template: there is no property {missing[0]}.", field="template")
        return [found[name] for name in names]
