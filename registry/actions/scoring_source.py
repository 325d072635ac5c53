"""Which structures a scoring run takes: those of candidates, or those of a frozen dataset version."""

from collections.abc import Mapping
from typing import Any

from django.db.models import QuerySet

from registry.models import Candidate, DatasetVersion, GenerationRun, Measurement, Structure
from registry.search.selection import select_candidates


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
