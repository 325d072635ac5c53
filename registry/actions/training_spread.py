"""Is there anything to learn? Values that are all the same teach a predictor nothing."""

import math
from collections.abc import Sequence

from django.db.models import Count, Max, Min

from registry.actions.base import ActionError
from registry.actions.training_levels import values_of
from registry.formats.training_inputs import TrainingInputs
from registry.models import DatasetVersion, Property

ALIKE = 1e-9  # as mlcore.predictors.targets has it


def check(inputs: TrainingInputs, version: DatasetVersion, properties: Sequence[Property]) -> None:
    """Of each property, at the level chosen; what is learned as a difference may well be the same of all.

    Raises: ActionError.
    """
    for item in properties:
        if item.name in inputs.baselines:
            continue
        rows, level = values_of(version, item), inputs.levels.get(item.name, "")
        rows = rows.filter(method_detail__iexact=level) if level else rows
        found = rows.aggregate(least=Min("value"), most=Max("value"), count=Count("pk"))
        if found["count"] and math.isclose(found["least"], found["most"], rel_tol=ALIKE):
            raise ActionError(
                f"{version} has the same value of {item.name}{f' at {level}' if level else ''} in all "
                f"{found['count']} measurements, {found['least']:g} {item.unit}".rstrip()
                + "; there is nothing to learn. Leave the property out, or bring data in which it differs.",
                field="properties",
            )
