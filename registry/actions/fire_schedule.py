"""Take a schedule's turn: retrain on the newest state of its dataset, or say why not."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db.models import Q

from registry.actions.base import Action
from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.schedule_template import check_names, properties_of
from registry.actions.start_training import StartTraining
from registry.actions.training_config import SECTIONS
from registry.catalogue import entry_of_table
from registry.models import Dataset, DatasetVersion, Job, Measurement, ModelVersion, Property, Schedule, TrainingRun


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
        check_names(self.schedule.template)

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
        properties = self._properties(champion)
        if schedule.only_with_new_data and (nothing := self._nothing_new(version, champion, properties)):
            self.outcome = f"Skipped: {nothing}."
            return None
        run = self._start(version, champion, properties)
        self.outcome = f"Training {run.pk} started on {version}."
        return run

    def _dataset_version(self) -> DatasetVersion | None:
        dataset = self.schedule.dataset
        if self.schedule.freeze_pending and dataset.measurements.pending().exists():
            return FreezeDataset(actor=self.actor, dataset=dataset, note=f"by schedule {self.schedule}").run()
        return dataset.latest_version()

    def _nothing_new(
        self, version: DatasetVersion, champion: ModelVersion | None, properties: Sequence[Property]
    ) -> str | None:
        """What is missing; None when there are values that neither the champion nor an earlier turn learned from."""
        names = ", ".join(str(item) for item in properties)
        values = Measurement.objects.filter(property__in=properties) if properties else Measurement.objects.all()
        if not values.in_version(version).exists():
            return f"{version} has no value of {names}"
        seen = self._seen(version.dataset, champion)
        if seen is None:
            return None
        changed = Q(added_in__number__gt=seen.number) | Q(retired_in__number__gt=seen.number)
        if values.filter(changed, dataset=version.dataset).exists():
            return None
        return f"nothing new since {seen}" if seen == version else f"no new value of {names or 'anything'} since {seen}"

    def _seen(self, dataset: Dataset, champion: ModelVersion | None) -> DatasetVersion | None:
        """The newest state that the champion, or an earlier turn whatever became of it, has learned from."""
        turns = Q(training_runs__schedule=self.schedule)
        if champion is not None:
            turns |= Q(model_versions=champion)
            if _learned_elsewhere(champion, dataset):
                turns |= Q(number=1)
        return dataset.versions.filter(turns).order_by("-number").first()

    def _start(
        self, version: DatasetVersion, champion: ModelVersion | None, properties: Sequence[Property]
    ) -> TrainingRun:
        template: Mapping[str, Any] = self.schedule.template
        return StartTraining(
            actor=self.actor,
            model=self.schedule.model,
            dataset_version=version,
            architecture=template.get("architecture") or (champion.architecture if champion else ""),
            properties=properties,
            inputs=template.get("inputs", _inputs_of(champion)),
            config={name: value for name, value in template.items() if name in SECTIONS},
            init_version=champion if self.schedule.start_from_champion else None,
            seed=template.get("seed", champion.config.get("seed", 0) if champion else 0),
            queue=template.get("queue", Job.Queue.CPU),
            schedule=self.schedule,
        ).run()

    def _properties(self, champion: ModelVersion | None) -> list[Property]:
        return properties_of(self.schedule.template, champion)


def _learned_elsewhere(champion: ModelVersion, dataset: Dataset) -> bool:
    """Whether it came here trained on the public table that the dataset began with, as shipped models do."""
    entry = entry_of_table(champion.training_data_digest) if champion.dataset_version_id is None else None
    return entry is not None and entry.slug == dataset.slug


def _inputs_of(champion: ModelVersion | None) -> Mapping[str, Any]:
    run = champion.training_run if champion is not None else None
    return run.inputs if run is not None else {}
