"""The columns of an exported property: named with their units, predicted and measured values apart.

Predictions never stand under the bare name of a property, so that importing an exported file does not make
measurements of them; a column such as `conductivity measured [S/cm]` is recognised by the importer.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from registry.actions.trained_under import trained_under
from registry.formats.training_table import mean
from registry.formats.writing import Column
from registry.models import CandidateScore, Measurement, Property

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class PropertyColumns:
    """What an export of candidates says of one property."""

    quantity: Property
    predicted: bool
    measured: bool

    def columns(self) -> Iterator[Column]:
        if self.predicted:
            yield Column(self.name("predicted", self.quantity.unit), "number")
            yield Column(self.deviation, "number")
            yield Column(self.name("predicted in domain"), "boolean")
            yield Column(self.name("predicted by"))
            yield Column(self.name("predicted from"))
        if self.measured:
            yield Column(self.name("measured", self.quantity.unit), "number")
            yield Column(self.name("measured std", self.quantity.unit), "number")
            yield Column(self.name("measured n"), "integer")
            yield Column(self.name("measured at", "K"))
            yield Column(self.name("measured by"))

    def name(self, what: str, unit: str = "") -> str:
        return with_unit(f"{self.quantity.name} {what}", unit)

    @property
    def deviation(self) -> str:
        """Models state their uncertainty in decades where the scale is logarithmic."""
        log10 = "log10" if self.quantity.scale == Property.Scale.LOG10 else ""
        return self.name("predicted std", f"{log10} {self.quantity.unit}".strip())

    def of_score(self, score: CandidateScore) -> Row:
        version = score.prediction.model_version
        return {
            self.name("predicted", self.quantity.unit): score.value,
            self.deviation: score.standard_deviation,
            self.name("predicted in domain"): score.in_domain,
            self.name("predicted by"): f"{version.model.name}@{version.number}",
            self.name("predicted from"): trained_under(version, self.quantity),
        }

    def of_measurements(self, rows: list[Measurement]) -> Row:
        """Their mean, as models see it: geometric on a log10 scale; how many, at which temperatures, by what method."""
        temperatures = sorted({row.temperature_k for row in rows if row.temperature_k is not None})
        ends = dict.fromkeys(f"{t:g}" for t in (temperatures[:1] + temperatures[-1:]))
        return {
            self.name("measured", self.quantity.unit): mean(
                [row.value for row in rows if row.value is not None], self.quantity
            ),
            self.name("measured std", self.quantity.unit): rows[0].standard_deviation if len(rows) == 1 else None,
            self.name("measured n"): len(rows),
            self.name("measured at", "K"): " to ".join(ends),
            self.name("measured by"): " ".join(sorted({row.method for row in rows})),
        }


def with_unit(name: str, unit: str) -> str:
    """`conductivity predicted [S/cm]`; a dimensionless column has its plain name."""
    return f"{name} [{unit}]" if unit else name


def property_columns(scored: Iterable[Property], measured: Iterable[Property]) -> dict[int, PropertyColumns]:
    """By property id, in the order of their names."""
    by_score, by_measurement = ({item.pk: item for item in items} for items in (scored, measured))
    both = sorted((by_score | by_measurement).values(), key=lambda item: item.name)
    return {item.pk: PropertyColumns(item, item.pk in by_score, item.pk in by_measurement) for item in both}
