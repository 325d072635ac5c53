"""Predict properties of candidates, or of other structures."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db.models import Exists, OuterRef

import mlcore
from registry.actions import model_conditions
from registry.actions.base import Action, ActionError
from registry.actions.queueing import create_job, note
from registry.actions.scoring_source import Source
from registry.actions.trained_range import beyond_trained
from registry.formats.beside import having_baselines
from registry.models import (
    Candidate,
    DatasetVersion,
    GenerationRun,
    Job,
    ModelVersion,
    Prediction,
    RegisteredModel,
    ScoringRun,
    Structure,
)


@dataclass(kw_only=True)
class StartScoring(Action[ScoringRun]):
    """Queue the scoring of candidates (those of a generation run, those of a filter, or all), of structures or of a
    frozen version.

    subject: what the selection filters, candidates or structures; those are all in the registry, measured ones that
    are no candidates among them.
    selection: the filter, as in the query string of the subject's list.
    dataset_version: in place of a selection, the structures of this frozen version.
    Structures of another kind than the model reads are left out.
    conditions: such as {"temperature_k": 353, "salt": "LiTFSI"}, or several temperatures, {"temperature_k": [298, 333]}
    (registry.actions.model_conditions); part of a prediction's identity. Lists show the first temperature's values.
    """

    permission: ClassVar[str] = "registry.add_scoringrun"

    model_version: ModelVersion
    generation_run: GenerationRun | None = None
    subject: str = ScoringRun.Subject.CANDIDATES
    selection: Mapping[str, Any] = field(default_factory=dict)
    dataset_version: DatasetVersion | None = None
    conditions: Mapping[str, Any] = field(default_factory=dict)
    queue: str = Job.Queue.CPU

    def check(self) -> None:
        if self.model_version.model.task != RegisteredModel.Task.PREDICT:
            raise ActionError(f"{self.model_version} generates; choose a predictor.", field="model_version")
        self._told = model_conditions.read(self.model_version, self.conditions)
        Source(
            subject=self.subject,
            selection=self.selection,
            generation_run=self.generation_run,
            dataset_version=self.dataset_version,
        ).check(self.model_version)

    def execute(self) -> ScoringRun:
        job = create_job(Job.Kind.SCORE, self.actor, self.queue)
        for beyond in beyond_trained(self.model_version, self._told):
            note(job, beyond, "warning")
        return ScoringRun.objects.create(
            job=job,
            model_version=self.model_version,
            generation_run=self.generation_run,
            subject=self.subject,
            selection=dict(self.selection),
            dataset_version=self.dataset_version,
            conditions=self._told,
            code_version=mlcore.__version__,
        )


def score_the_rest(version: ModelVersion, properties: Collection[int] | None = None) -> ScoringRun | None:
    """Start scoring with the version, as the system, where a candidate that it can score has no prediction by it (of
    these properties).

    A version that has to be told a temperature is left to a person, who knows which one is wanted.
    """
    predicted = Prediction.objects.filter(structure=OuterRef("structure"), model_version=version)
    if properties is not None:
        predicted = predicted.filter(property__in=properties)
    known = having_baselines(Structure.objects.filter(kind=version.structure_kind), version)
    unknown = Candidate.objects.filter(~Exists(predicted), structure__in=known)
    if not can_be_asked_plainly(version) or not unknown.exists():
        return None
    return StartScoring(actor=None, model_version=version).run()


def can_be_asked_plainly(version: ModelVersion) -> bool:
    """Whether it predicts without being told a condition."""
    return model_conditions.KELVIN not in model_conditions.conditions_of(version)
