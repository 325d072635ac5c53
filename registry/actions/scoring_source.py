"""Which structures a scoring run takes: those of candidates, or those of a frozen dataset version."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from registry.actions.base import ActionError
from registry.models import Candidate, DatasetVersion, GenerationRun, Job, Measurement, ModelVersion, Structure
from registry.search.parameters import SelectionError
from registry.search.selection import select_candidates

_LOOK = 2.0  # seconds that a substructure is looked for before the job is left to find it


def structures_of(
    selection: Mapping[str, Any],
    generation_run: GenerationRun | None = None,
    dataset_version: DatasetVersion | None = None,
    deadline: float | None = None,
) -> QuerySet[Structure]:
    """Structures of either kind: of the version where one is given, else of the selected candidates.

    selection: filter of candidates; {} takes all of them. generation_run: of these only what it proposed.
    deadline: seconds that verifying a substructure may take; None takes what it needs.

    Raises: SelectionError.
    """
    if dataset_version is not None:
        reported = Measurement.objects.in_version(dataset_version)
        return Structure.objects.filter(pk__in=reported.values("structure"))
    candidates = select_candidates(selection, deadline)
    if generation_run is not None:
        candidates = candidates.filter(proposals__run=generation_run)
    ids = Candidate.objects.filter(pk__in=candidates.order_by().values("pk")).values("structure")
    return Structure.objects.filter(pk__in=ids)


def check(
    version: ModelVersion,
    selection: Mapping[str, Any],
    generation_run: GenerationRun | None,
    dataset_version: DatasetVersion | None,
) -> None:
    """Raises: ActionError where a run would take from two sources, or would score nothing."""
    if dataset_version is not None and (generation_run is not None or selection):
        raise ActionError(
            "dataset_version: a run scores the structures of a dataset version or candidates (generation_run, "
            "selection), not both; leave one of them out.",
            field="dataset_version",
        )
    try:
        found = structures_of(selection, generation_run, dataset_version, deadline=_LOOK)
    except SelectionError:  # checked before: it is the deadline, and the job takes what it needs
        return
    if found.filter(kind=version.structure_kind).exists():
        return
    if found.exists():
        kind = "polymers" if version.structure_kind == Structure.Kind.MOLECULE.value else "molecules"
        raise ActionError(
            f"Nothing to score: {version} reads {version.structure_kind}s, and what was asked for are {kind} "
            f"({found.count():,}). Choose a predictor of {kind}, or other structures.",
            field="model_version",
        )
    raise _nothing(selection, generation_run, dataset_version)


def _nothing(
    selection: Mapping[str, Any], generation_run: GenerationRun | None, dataset_version: DatasetVersion | None
) -> ActionError:
    """What there is none of, and what to do."""
    if dataset_version is not None:
        return ActionError(f"Nothing to score: {dataset_version} holds no structures.", field="dataset_version")
    if selection:
        of_run = f" of {generation_run}" if generation_run else ""
        return ActionError(f"Nothing to score: no candidate{of_run} meets the selection.", field="selection")
    if generation_run is None:
        return ActionError("Nothing to score: there are no candidates. Generate some, or score a dataset version.")
    job = generation_run.job
    if job is not None and job.state not in Job.FINAL:
        why = f"it is {job.state}; score them when it has succeeded"
        return ActionError(
            f"Nothing to score: {generation_run} has no candidates yet, {why}.", field="generation_run", conflict=True
        )
    return ActionError(f"Nothing to score: {generation_run} proposed no candidate.", field="generation_run")
