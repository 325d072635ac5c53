"""A dataset version as the table that models are trained on."""

import csv
import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean

from registry.models import DatasetVersion, Measurement, Property

SMILES, KEY = "smiles", "key"


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


def training_table(version: DatasetVersion, properties: Sequence[Property], path: Path) -> TrainingTable:
    """Write a CSV file: columns `smiles`, `key`, then one a property, named as the property and in its unit.

    One row a structure, sorted by key, so the file depends on the version's content alone. A structure has a row when
    it has a value of at least one of the properties; without properties, every structure of the version does. Several
    measurements of one property are averaged: their geometric mean where the property's scale is log10, their
    arithmetic mean otherwise. A value that is missing is an empty cell.

    Args:
        version: a frozen state.
        properties: the columns.
        path: of the new file.
    """
    averaged = mixed = rows = 0
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow([SMILES, KEY, *(item.name for item in properties)])
        for (smiles, key), found in groupby(_measurements(version, properties), key=lambda row: row[:2]):
            by_property = {pk: list(group) for pk, group in groupby(found, key=lambda row: row[2])}
            writer.writerow([smiles, key, *(_cell(by_property.get(item.pk, []), item) for item in properties)])
            rows += 1
            several = [group for group in by_property.values() if properties and len(group) > 1]
            averaged += len(several)
            mixed += sum(len({row[4:] for row in group}) > 1 for group in several)
    return TrainingTable(rows, hashlib.sha256(path.read_bytes()).hexdigest(), averaged, mixed)


def _measurements(version: DatasetVersion, properties: Sequence[Property]) -> Iterator[tuple[object, ...]]:
    """SMILES, key, property, value, then the conditions, sorted."""
    rows = Measurement.objects.in_version(version)
    if properties:
        rows = rows.filter(property__in=properties, value__isnull=False)
    return (
        rows.order_by("structure__kind", "structure__key", "property", "content_digest")
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


def _cell(rows: list[tuple[object, ...]], item: Property) -> str:
    values = [float(row[3]) for row in rows]  # type: ignore[arg-type]
    return repr(mean(values, item)) if values else ""


def mean(values: Iterable[float], item: Property) -> float:
    """Of replicates: geometric where the property's scale is log10, arithmetic otherwise."""
    numbers = list(values)
    if len(numbers) == 1:
        return numbers[0]
    if item.scale == Property.Scale.LOG10:
        return 10.0 ** fmean(math.log10(number) for number in numbers)
    return fmean(numbers)
