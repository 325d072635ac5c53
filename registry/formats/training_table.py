"""A dataset version as the table that models are trained on."""

import csv
import hashlib
import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from statistics import fmean
from typing import Any

from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import Abs, Coalesce, Rank

from mlcore.chem.salts import smiles_of
from registry.formats.training_inputs import CONCENTRATION, GEOMETRY, KELVIN, SALT, TrainingInputs, baseline_column
from registry.models import Conformer, DatasetVersion, Measurement, Property

SMILES, KEY = "smiles", "key"
_NEAR_K = 10.0
_LEVEL, _OTHERS, _STRUCTURE = 8, 9, 10  # places in a row
NOTHING = TrainingInputs()

Row = tuple[Any, ...]
"""SMILES, key, property, value, temperature, salt, concentration, method, its detail, other conditions, structure."""


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


def training_table(
    version: DatasetVersion, properties: Sequence[Property], path: Path, inputs: TrainingInputs = NOTHING
) -> TrainingTable:
    """Write a CSV file: columns `smiles`, `key`, then one a property, named as the property and in its unit.

    One row a structure, sorted by key, so the file depends on the version's content alone. A structure has a row when
    it has a value of at least one of the properties; without properties, every structure of the version does. Of a
    structure's measurements of a property those count that are nearest to the temperature of most in the version,
    since a mean over temperatures is a value at none. They are averaged: their geometric mean where the
    property's scale is log10, their arithmetic mean otherwise. A value that is missing is an empty cell.

    With inputs: of a property with a level its measurements at that level count alone; columns for the baselines, which
    are those of the structure whatever the conditions, and for the geometry. With conditions, columns for them and one
    row for each state of a structure that values were measured in.

    Args:
        version: a frozen state.
        properties: the columns.
        path: of the new file.
        inputs: what goes in beside.
    """
    found = Measurement.objects.in_version(version)
    if properties:
        found = found.filter(property__in=properties, value__isnull=False)
    return _table(found, properties, path, inputs)


def measured_table(kind: str, properties: Sequence[Property], path: Path) -> TrainingTable:
    """The same of all structures of that kind that the registry holds a value of, of whichever property.

    Args:
        kind: polymer or molecule.
        properties: the columns.
        path: of the new file.
    """
    found = Measurement.objects.filter(structure__kind=kind, value__isnull=False, retired_at=None)
    return _table(found, properties, path)


def _table(
    measured: QuerySet[Measurement], properties: Sequence[Property], path: Path, inputs: TrainingInputs = NOTHING
) -> TrainingTable:
    usual = {} if KELVIN in inputs.conditions else _usual_temperatures(measured, properties)
    with_baseline = [item for item in properties if item.name in inputs.baselines]
    shapes = _geometries(measured, inputs.geometry) if inputs.geometry else {}
    header = [SMILES, KEY, *(item.name for item in properties), *inputs.conditions]
    header += [baseline_column(item.name) for item in with_baseline] + ([GEOMETRY] if inputs.geometry else [])
    rows, cells = 0, []
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        for (smiles, key), found in groupby(_sorted(measured), key=lambda row: row[:2]):
            of_structure = list(found)
            beside = [
                _cell(_at(of_structure, item, inputs.baselines[item.name]), item, usual.get(item.pk)).text
                for item in with_baseline
            ]
            beside += [shapes.get(of_structure[0][_STRUCTURE], "")] if inputs.geometry else []
            for state, group in _states(of_structure, inputs.conditions):
                made = [
                    _cell(_at(group, item, inputs.levels.get(item.name, "")), item, usual.get(item.pk))
                    for item in properties
                ]
                if inputs and not any(cell.text for cell in made):
                    continue
                writer.writerow([smiles, key, *(cell.text for cell in made), *state, *beside])
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


def _at(rows: Sequence[Row], item: Property, level: str) -> list[Row]:
    """The rows of a property, at a level where one is named."""
    return [
        row for row in rows
        if row[2] == item.pk and row[3] is not None and (not level or str(row[_LEVEL]).casefold() == level.casefold())
    ]  # fmt: skip


def _states(rows: Sequence[Row], conditions: Sequence[str]) -> Iterator[tuple[list[str], list[Row]]]:
    """Cells of the conditions, and the rows measured under them; without conditions all rows are of one state."""
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(_condition_cell(row, name) for name in conditions), []).append(row)
    for state in sorted(groups):
        yield list(state), groups[state]


def _condition_cell(row: Row, name: str) -> str:
    """Empty where it is not stated, or is a salt that nobody knows by that name."""
    if name == SALT:
        try:
            return smiles_of(str(row[5])) if row[5] else ""
        except ValueError:
            return ""
    others = row[_OTHERS]
    value = {KELVIN: row[4], CONCENTRATION: row[6]}.get(name, others.get(name) if isinstance(others, dict) else None)
    return repr(float(value)) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _geometries(measured: QuerySet[Measurement], level: str) -> dict[object, str]:
    """The first at that level, by the structure's primary key."""
    rows = Conformer.objects.filter(level=level, structure__in=measured.values("structure")).order_by("-pk")
    return dict(rows.values_list("structure", "xyz").iterator(chunk_size=10_000))


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


def passed_over(version: DatasetVersion, properties: Sequence[Property]) -> dict[int, tuple[int, float]]:
    """By the property's primary key: how many values the table leaves out, and the temperature (K) of the others.

    So it is without conditions, where a structure has values nearer to the usual temperature; none where none are.
    """
    measured = Measurement.objects.in_version(version).filter(value__isnull=False)
    found = {}
    for item, usual in _usual_temperatures(measured, properties).items():
        distance = Coalesce(Abs(F("temperature_k") - usual), 0.0)
        ranked = measured.filter(property=item).annotate(
            place=Window(Rank(), partition_by=[F("structure")], order_by=distance.asc())
        )
        if count := ranked.filter(place__gt=1).count():
            found[item] = (count, usual)
    return found


def _sorted(measured: QuerySet[Measurement]) -> Iterator[Row]:
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
            "method_detail",
            "conditions",
            "structure",
        )
        .iterator(chunk_size=10_000)
    )


def _cell(rows: list[Row], item: Property, usual: float | None) -> _Cell:
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
        mixed=len({row[4:_OTHERS] for row in kept}) > 1,
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
