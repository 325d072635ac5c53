"""Predict properties of candidates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar

import mlcore
from registry.actions import model_conditions
from registry.actions.base import Action, ActionError
from registry.actions.queueing import create_job
from registry.models import GenerationRun, Job, ModelVersion, RegisteredModel, ScoringRun
from registry.search.parameters import SelectionError
from registry.search.selection import check_selection


@dataclass(kw_only=True)
class StartScoring(Action[ScoringRun]):
    """Queue the scoring of candidates: those of a generation run, those of a filter, or all.

    selection: the filter, as in the candidate list's query string (registry.search.selection).
    conditions: such as {"temperature_k": 353, "salt": "LiTFSI"}, or several temperatures, {"temperature_k": [298, 333]}
    (registry.actions.model_conditions); part of a prediction's identity. Lists show the first temperature's values.
    """

    permission: ClassVar[str] = "registry.add_scoringrun"

    model_version: ModelVersion
    generation_run: GenerationRun | None = None
    selection: Mapping[str, Any] = field(default_factory=dict)
    conditions: Mapping[str, Any] = field(default_factory=dict)
    queue: str = Job.Queue.CPU

    def check(self) -> None:
        if self.model_version.model.task != RegisteredModel.Task.PREDICT:
            raise ActionError(f"{self.model_version} generates; choose a predictor.", field="model_version")
        try:
            check_selection(self.selection)
        except SelectionError as error:
            raise ActionError(f"selection: {error}", field="selection") from error
        model_conditions.check(self.model_version, self.conditions)

    def execute(self) -> ScoringRun:
        return ScoringRun.objects.create(
            job=create_job(Job.Kind.SCORE, self.actor, self.queue),
            model_version=self.model_version,
            generation_run=self.generation_run,
            selection=dict(self.selection),
            conditions=dict(self.conditions),
            code_version=mlcore.__version__,
        )
