"""Which structures a scoring run takes: candidates, any others that a filter selects, or those of a dataset version."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db.models import QuerySet

from registry.actions import scoring_levels
from registry.actions.base import ActionError
from registry.models import (
    Candidate,
    DatasetVersion,
    GenerationRun,
    Job,
    Measurement,
    ModelVersion,
    ScoringRun,
    Structure,
)
from registry.search.measurements import check_structures, select_structures
from registry.search.parameters import SelectionError
from registry.search.selection import check_selection, select_candidates

_LOOK = 2.0  # seconds that a substructure is looked for before the job is left to find it
_CANDIDATES = ScoringRun.Subject.CANDIDATES.value


@dataclass(frozen=True, kw_only=True)
class Source:
    """Where a run takes its structures from."""

    subject: str = _CANDIDATES
    selection: Mapping[str, Any] = field(default_factory=dict)
    """Filter of the subject, as in its list's query string; {} takes all."""
    generation_run: GenerationRun | None = None
    """Of the candidates only what this run proposed."""
    dataset_version: DatasetVersion | None = None
    """In place of a selection: all that this frozen version has a measurement of."""

    @classmethod
    def of(cls, run: ScoringRun) -> "Source":
        """That of a run."""
        return cls(
            subject=run.subject,
            selection=run.selection,
            generation_run=run.generation_run,
            dataset_version=run.dataset_version,
        )

    @property
    def noun(self) -> str:
        """What a person calls them: candidates or structures."""
        return _CANDIDATES if self.dataset_version is None and self.subject == _CANDIDATES else "structures"

    def structures(self, deadline: float | None = None) -> QuerySet[Structure]:
        """Of either kind. deadline: seconds that verifying a substructure may take; None takes what it needs.

        Raises: SelectionError.
        """
        if self.dataset_version is not None:
            reported = Measurement.objects.in_version(self.dataset_version)
            return Structure.objects.filter(pk__in=reported.values("structure"))
        if self.subject != _CANDIDATES:
            return select_structures(self.selection)
        candidates = select_candidates(self.selection, deadline)
        if self.generation_run is not None:
            candidates = candidates.filter(proposals__run=self.generation_run)
        ids = Candidate.objects.filter(pk__in=candidates.order_by().values("pk")).values("structure")
        return Structure.objects.filter(pk__in=ids)

    def check(self, version: ModelVersion) -> None:
        """Raises: ActionError where the filter cannot be read, two sources are named, or nothing can be scored."""
        self._check_selection()
        if self.dataset_version is not None and (self.generation_run is not None or self.selection):
            raise ActionError(
                "dataset_version: a run scores the structures of a dataset version or a selection (generation_run, "
                "selection), not both; leave one of them out.",
                field="dataset_version",
            )
        if self.subject != _CANDIDATES and self.generation_run is not None:
            raise ActionError(
                "generation_run: only candidates are proposed by a run; leave it out, or make the subject candidates.",
                field="generation_run",
            )
        try:
            found = self.structures(deadline=_LOOK)
        except SelectionError:  # checked before: it is the deadline, and the job takes what it needs
            return
        read = found.filter(kind=version.structure_kind)
        if read.exists():
            scoring_levels.check(version, read)
            return
        if found.exists():
            kind = "polymers" if version.structure_kind == Structure.Kind.MOLECULE.value else "molecules"
            raise ActionError(
                f"Nothing to score: {version} reads {version.structure_kind}s, and what was asked for are {kind} "
                f"({found.count():,}). Choose a predictor of {kind}, or other structures.",
                field="model_version",
            )
        raise self._nothing()

    def _check_selection(self) -> None:
        check = check_selection if self.subject == _CANDIDATES else check_structures
        try:
            check(self.selection)
        except SelectionError as error:
            raise ActionError(f"selection: {error}", field="selection") from error

    def _nothing(self) -> ActionError:
        """What there is none of, and what to do."""
        if self.dataset_version is not None:
            return ActionError(
                f"Nothing to score: {self.dataset_version} holds no structures.", field="dataset_version"
            )
        if self.selection:
            of_run = f" of {self.generation_run}" if self.generation_run else ""
            noun = self.noun.removesuffix("s")
            return ActionError(f"Nothing to score: no {noun}{of_run} meets the selection.", field="selection")
        if self.generation_run is None:
            other = "Generate some, or score a dataset version." if self.noun == _CANDIDATES else "Import some."
            return ActionError(f"Nothing to score: there are no {self.noun}. {other}")
        job = self.generation_run.job
        if job is not None and job.state not in Job.FINAL:
            why = f"it is {job.state}; score them when it has succeeded"
            return ActionError(
                f"Nothing to score: {self.generation_run} has no candidates yet, {why}.",
                field="generation_run",
                conflict=True,
            )
        return ActionError(f"Nothing to score: {self.generation_run} proposed no candidate.", field="generation_run")
