"""Of which methods are the values of a training: of those that are named, and never of several that nobody chose."""

from collections.abc import Sequence

from django.db.models import Count, Exists, OuterRef, QuerySet
from django.db.models.functions import Lower

from registry.actions.base import ActionError
from registry.formats.training_inputs import TrainingInputs
from registry.models import DatasetVersion, Measurement, ModelVersion, Property, Structure

MINIMUM_LABELS = 10  # structures with a value, from which a predictor can learn a property that it does not know yet
FIELD = "inputs.levels"
CHOOSE = f"Choose one in {FIELD}"
_NAMED = 6  # levels in a message


def check(
    inputs: TrainingInputs, version: DatasetVersion, properties: Sequence[Property], before: ModelVersion | None
) -> None:
    """Is each level that is named there, and is one named where the values of a structure are of several?

    before: the version that this training goes on from or takes the place of. A mean over levels that it has learned
        is what its values mean, and may be learned again.

    Raises: ActionError naming the levels that there are.
    """
    for item in properties:
        rows = values_of(version, item)
        if wanted := [text for text in (inputs.levels.get(item.name), inputs.baselines.get(item.name)) if text]:
            _check_named(wanted, rows, item, version)
        elif (levels := _together(rows)) and not (before and _has_mixed(before, item)):
            raise ActionError(
                f"inputs: {version} has {item.name} of the same structures at several levels: {listed(levels)}; their "
                f"mean is a value of none. {CHOOSE}, such as "
                f'{{"levels": {{"{item.name}": "{levels[0]}"}}}}.',
                field=FIELD,
            )


def values_of(version: DatasetVersion, item: Property) -> QuerySet[Measurement]:
    """The values of a property in a version, at whatever level."""
    return Measurement.objects.in_version(version).filter(property=item, value__isnull=False)


def _check_named(wanted: Sequence[str], rows: QuerySet[Measurement], item: Property, version: DatasetVersion) -> None:
    found = Structure.objects.all()
    for level in wanted:
        found = found.filter(Exists(rows.filter(structure=OuterRef("pk"), method_detail__iexact=level)))
    if (count := found.count()) < MINIMUM_LABELS:
        raise ActionError(
            f"inputs: {version} has {item.name} at {' and '.join(wanted)} for {count} structures; at least "
            f"{MINIMUM_LABELS} are needed. Its levels are: {listed(levels_of(rows)) or 'none'}.",
            field="inputs",
        )


def _together(rows: QuerySet[Measurement]) -> list[str]:
    """Levels of those structures that have values at more than one; a value that states none is of any."""
    stated = rows.exclude(method_detail="")
    counted = stated.order_by().values("structure").annotate(levels=Count(Lower("method_detail"), distinct=True))
    return levels_of(stated.filter(structure__in=counted.filter(levels__gt=1).values("structure")))


def levels_of(rows: QuerySet[Measurement]) -> list[str]:
    """That these values state, sorted; of spellings that differ in case alone, one."""
    names = rows.exclude(method_detail="").order_by("method_detail").values_list("method_detail", flat=True).distinct()
    return list({name.casefold(): name for name in names}.values())


def _has_mixed(before: ModelVersion, item: Property) -> bool:
    run = before.training_run
    if run is None or run.inputs.get("levels", {}).get(item.name) or not run.properties.contains(item):
        return False
    return bool(_together(values_of(run.dataset_version, item)))


def listed(levels: Sequence[str]) -> str:
    """The first few, and how many more."""
    more = f" and {len(levels) - _NAMED} more" if len(levels) > _NAMED else ""
    return ", ".join(levels[:_NAMED]) + more
