"""Which architectures suit a dataset version, by what it holds."""

from typing import NamedTuple

from django.db.models import Count, QuerySet

from mlcore.catalog import Architecture
from registry.actions.training_inputs import kind_of
from registry.models import Conformer, DatasetVersion, Measurement, Structure

MANY = 5000  # molecules: a kernel between all pairs of so many takes hours


class Holds(NamedTuple):
    """What has been measured in a version."""

    kind: str
    structures: int
    geometries: bool
    temperatures: bool
    """Whether any value states one."""
    over_temperatures: bool
    """Whether most structures with a temperature have values at several."""


def holds(version: DatasetVersion | None) -> Holds | None:
    """None without a version, or without a value in it."""
    rows = Measurement.objects.none() if version is None else Measurement.objects.in_version(version)
    rows = rows.filter(value__isnull=False)
    structures = rows.order_by().values("structure").distinct().count()
    if version is None or not structures:
        return None
    stated = rows.filter(temperature_k__isnull=False).order_by().values("structure")
    counted = stated.annotate(kelvins=Count("temperature_k", distinct=True))
    several, any_ = counted.filter(kelvins__gt=1).count(), counted.count()
    return Holds(kind_of(version, ()), structures, given_geometries(rows).exists(), bool(any_), 2 * several > any_)


def given_geometries(rows: QuerySet[Measurement]) -> QuerySet[Conformer]:
    """Of the measured structures, those that came with them: none that was guessed here."""
    return Conformer.objects.filter(structure__in=rows.values("structure")).exclude(level=Conformer.GUESSED)


def suits(architecture: Architecture, held: Holds) -> bool:
    """Whether it can learn from such structures; one that is told conditions learns over the temperature."""
    return held.kind in architecture.kinds and ("conditions" not in architecture.takes or held.temperatures)


def predictor_for(held: Holds | None) -> str:
    """The one to begin with; "" where there is nothing to predict."""
    if held is None:
        return ""
    if held.kind == Structure.Kind.POLYMER:
        return "polymer-arrhenius" if held.over_temperatures else "polymer-gnn"
    if not held.geometries:
        return "gaussian-process"
    return "fchl" if held.structures <= MANY else "schnet"
