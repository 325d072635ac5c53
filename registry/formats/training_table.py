"""A dataset version as the table that models are trained on."""

import csv
import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean

from django.db.models import Count, QuerySet

from registry.models import DatasetVersion, Measurement, Property

SMILES, KEY = "smiles", "key"
_NEAR_K = 10.0


@dataclass(frozen=True, slots=True)
class TrainingTable:
    """What was written."""

    rows: int
    sha256: str
    """Of the file."""
    averaged: int
    """Cells that are the mean of several measurements."""
    mixed_conditions: int
    """Of these, cells whose measurements differ in temperature, salt, concentration or method."""
    passed_over: int
    """Measurements left out, since their structure has one nearer to the usual temperature of the property."""
    elsewhere: int
    """Cells whose measurements were made more than 10 K from the usual temperature."""


def training_table(version: DatasetVersion, properties: Sequence[Property], path: Path) -> TrainingTable:
    """Write a CSV file: columns `smiles`, `key`, then one a property, named as the property and in its unit.

    One row a structure, sorted by key, so the file depends on the version's content alone. A structure has a row when
    it has a value of at least one of the properties; without properties, every structure of the version does. Of a
    structure's measurements of a property those count that are nearest to the temperature of most in the version,
    since a mean over temperatures is a value at none. They are averaged: their geometric mean where the
    property's scale is log10, their arithmetic mean otherwise. A value that is missing is an empty cell.

    Args:
        version: a frozen state.
        properties: the columns.
        path: of the new file.
    """
    found = Measurement.objects.in_version(version)
    if properties:
        found = found.filter(property__in=properties, value__isnull=False)
    return _table(found, properties, path)


def measured_table(kind: str, properties: Sequence[Property], path: Path) -> TrainingTable:
    """The same of all structures of that kind that the registry holds a value of, of whichever property.

    Args:
        kind: polymer or molecule.
        properties: the columns.
        path: of the new file.
    """
    found = Measurement.objects.filter(structure__kind=kind, value__isnull=False, retired_at=None)
    return _table(found, properties, path)


def _table(measured: QuerySet[Measurement], properties: Sequence[Property], path: Path) -> TrainingTable:
    usual = _usual_temperatures(measured, properties)
    rows, cells = 0, []
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([SMILES, KEY, *(item.name for item in properties)])
        for (smiles, key), found in groupby(_sorted(measured), key=lambda row: row[:2]):
            by_property = {pk: list(group) for pk, group in groupby(found, key=lambda row: row[2])}
            made = [_cell(by_property.get(item.pk, []), item, usual.get(item.pk)) for item in properties]
            writer.writerow([smiles, key, *(cell.text for cell in made)])
            rows += 1
            cells += [cell for cell in made if cell.text]
    return TrainingTable(
        rows,
        hashlib.sha256(path.read_bytes()).hexdigest(),
        averaged=sum(cell.values > 1 for cell in cells),
        mixed_conditions=sum(cell.mixed for cell in cells),
        passed_over=sum(cell.passed_over for cell in cells),
        elsewhere=sum(cell.elsewhere for cell in cells),
    )


@dataclass(frozen=True, slots=True)
class _Cell:
    text: str
    values: int = 0
    passed_over: int = 0
    mixed: bool = False
    elsewhere: bool = False


def _usual_temperatures(measured: QuerySet[Measurement], properties: Sequence[Property]) -> dict[int, float]:
    """The temperature (K) of most measurements, by the property's primary key; of two as common the higher one."""
    rows = measured.filter(property__in=properties, temperature_k__isnull=False)
    counted = rows.order_by().values_list("property", "temperature_k").annotate(Count("pk"))
    return {item: kelvin for item, kelvin, _ in sorted(counted, key=lambda row: (row[2], row[1]))}


def _sorted(measured: QuerySet[Measurement]) -> Iterator[tuple[object, ...]]:
    """SMILES, key, property, value, then the conditions."""
    return (
        measured.order_by("structure__kind", "structure__key", "property", "content_digest")
        .values_list(
            "structure__smiles",
            "structure__key",
            "property",
            "value",
            "temperature_k",
            "salt",
            "concentration",
            "method",
        )
        .iterator(chunk_size=10_000)
    )


def _cell(rows: list[tuple[object, ...]], item: Property, usual: float | None) -> _Cell:
    """The mean of the measurements nearest to the usual temperature; one without a temperature counts as made there."""
    if not rows:
        return _Cell("")
    distances = [abs(row[4] - usual) if usual is not None and row[4] is not None else 0.0 for row in rows]  # type: ignore[operator]
    nearest = min(distances)
    kept = [row for row, distance in zip(rows, distances, strict=True) if distance == nearest]
    return _Cell(
        repr(mean([float(row[3]) for row in kept], item)),  # type: ignore[arg-type]
        values=len(kept),
        passed_over=len(rows) - len(kept),
        mixed=len({row[4:] for row in kept}) > 1,
        elsewhere=nearest > _NEAR_K,
    )


def mean(values: Iterable[float], item: Property) -> float:
    """Of replicates: geometric where the property's scale is log10, arithmetic otherwise."""
    numbers = list(values)
    if len(numbers) == 1:
        return numbers[0]
    if item.scale == Property.Scale.LOG10:
        return 10.0 ** fmean(math.log10(number) for number in numbers)
    return fmean(numbers)
