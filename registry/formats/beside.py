"""What a model reads beside the structures it scores: baselines of cheaper methods, and geometries."""

from collections.abc import Collection, Mapping
from typing import Any

from django.db.models import Exists, OuterRef, QuerySet

from registry.formats.training_table import mean
from registry.models import Conformer, Measurement, ModelVersion, Property, Structure

Cells = dict[int, str]
"""By the structure's primary key."""


def columns_of(version: ModelVersion) -> dict[str, "Beside"]:
    """By column of the model's table what stands in it; conditions are not among them."""
    data = version.config.get("data") if isinstance(version.config, Mapping) else None
    data = data if isinstance(data, Mapping) else {}
    found: dict[str, Beside] = {}
    known = {item.name: item for item in version.properties.all()}
    listed = data.get("properties")
    for entry in listed if isinstance(listed, list) else []:
        if not isinstance(entry, Mapping):
            continue
        column, level = entry.get("baseline"), entry.get("baseline_level")
        if column and entry.get("name") in known:
            found[column] = Beside(known[entry["name"]], level or "")
    if column := data.get("geometry_column"):
        inputs: Any = version.training_run.inputs if version.training_run else {}
        found[column] = Beside(None, inputs.get("geometry", ""))
    return found


class Beside:
    """One such column. item: the property of a baseline; None: a geometry."""

    def __init__(self, item: Property | None, level: str) -> None:
        self.item, self.level = item, level

    def cells(self, structures: Collection[int]) -> Cells:
        """Of those structures that have it."""
        if self.item:
            return baselines(structures, self.item, self.level)
        return {pk: xyz for pk, (xyz, _) in _geometries(structures, self.level).items()}

    def levels(self, structures: Collection[int]) -> Cells:
        """Of geometries: at which level of theory each was found."""
        return {pk: level for pk, (_, level) in _geometries(structures, self.level).items()}


def baselines(
    structures: Collection[int], item: Property, level: str, rows: QuerySet[Measurement] | None = None
) -> Cells:
    """The mean of the values at that level, of `rows`, by default of all that stand."""
    rows = _values(item, level, rows).filter(structure__in=structures)
    values: dict[int, list[float]] = {}
    for structure, value in rows.order_by("content_digest").values_list("structure", "value"):
        values.setdefault(structure, []).append(value)
    return {structure: repr(mean(found, item)) for structure, found in values.items()}


def shape_of(version: ModelVersion) -> "Beside | None":
    """The geometries that the version reads; None for one that reads none."""
    return next((column for column in columns_of(version).values() if not column.item), None)


def having_baselines(structures: QuerySet[Structure], version: ModelVersion) -> QuerySet[Structure]:
    """Those that the version can score: all where it adds to no cheaper value, else those that have them all."""
    for column in columns_of(version).values():
        if column.item:
            values = _values(column.item, column.level)
            structures = structures.filter(Exists(values.filter(structure=OuterRef("pk"))))
    return structures


def _values(item: Property, level: str, rows: QuerySet[Measurement] | None = None) -> QuerySet[Measurement]:
    rows = Measurement.objects.filter(retired_at=None) if rows is None else rows
    return rows.filter(property=item, value__isnull=False, method_detail__iexact=level)


def computed_geometries(level: str) -> QuerySet[Conformer]:
    """Those at that level, or at any where none is named, that nobody guessed."""
    rows = Conformer.objects.exclude(level=Conformer.GUESSED)
    return rows.filter(level=level) if level else rows


def _geometries(structures: Collection[int], level: str) -> dict[int, tuple[str, str]]:
    """The first xyz block at that level, or a computed one at any where none is named; and its level.

    A stored guess is for models that learned from such; any other makes the same guess itself, and says so.
    """
    rows = Conformer.objects.filter(level=level) if level else computed_geometries(level)
    found: dict[int, tuple[str, str]] = {}
    for structure, xyz, at in (
        rows.filter(structure__in=structures).order_by("pk").values_list("structure", "xyz", "level")
    ):
        found.setdefault(structure, (xyz, at))
    return found
