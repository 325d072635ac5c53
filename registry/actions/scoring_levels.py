"""Whether the structures of a scoring have the values of a cheaper method that a model of differences adds to."""

from django.db.models import QuerySet

from registry.actions.base import ActionError
from registry.actions.training_levels import levels_of, listed
from registry.formats.beside import Beside, columns_of, having_baselines
from registry.models import Measurement, ModelVersion, Property, Structure


def check(version: ModelVersion, asked: QuerySet[Structure]) -> None:
    """Raises: ActionError where none of them has these values, naming the levels that there are."""
    needed = [column for column in columns_of(version).values() if column.item]
    if not needed or having_baselines(asked, version).exists():
        return
    there = " ".join(_there(column.item, asked) for column in needed if column.item)
    raise ActionError(
        f"Nothing to score: {version} adds to {' and to '.join(map(_named, needed))}, and of the {asked.count():,} "
        f"{version.structure_kind}s asked for none has that. {there} Import such values, "
        "choose other structures, or another predictor.",
        field="model_version",
    )


def _named(column: Beside) -> str:
    level = f"at {column.level}" if column.level else "without a stated level"
    return f"the value of {column.item.name} {level}" if column.item else ""


def _there(item: Property, asked: QuerySet[Structure]) -> str:
    rows = Measurement.objects.filter(
        structure__in=asked.order_by().values("pk"), property=item, value__isnull=False, retired_at=None
    )
    return f"Their levels of {item.name} are: {listed(levels_of(rows)) or 'none'}."
