"""From the cells of a row to numbers in the units of the registry."""

from collections.abc import Callable
from dataclasses import dataclass
from math import log

from registry import units
from registry.formats import ColumnMapping, Row
from registry.formats.mapping import ValueColumn
from registry.formats.numbers import Decimals, Refused, parse_number
from registry.formats.values import check_concentration, to_kelvin, to_property
from registry.models import Property


@dataclass(slots=True)
class CellReader:
    """Reads cells as the mapping says. An empty cell is None; one that cannot be taken raises Refused."""

    mapping: ColumnMapping
    decimals: Decimals | None
    """Known when the file has been looked through; None where a comma cannot be a decimal sign."""

    def look(self, row: Row) -> None:
        """Take note of how a row writes its numbers."""
        if self.decimals:
            for column in self._numeric():
                self.decimals.look(row.cells.get(column, ""))

    def suspicious(self) -> dict[str, Callable[[str], float | None]]:
        """Readers of the columns that are often in another unit or scale than declared, by column."""
        readers: dict[str, Callable[[str], float | None]] = {}
        for value in self.mapping.values:
            readers[value.column] = lambda text, value=value: self.value(text, value)  # type: ignore[misc]
        if self.mapping.temperature.column:
            readers[self.mapping.temperature.column] = lambda text: self.kelvin(text, self.mapping.temperature.unit)
        return readers

    def number(self, text: str) -> float | None:
        return parse_number(self.decimals.with_point(text) if self.decimals else text)

    def value(self, text: str, column: ValueColumn) -> float | None:
        """In the property's unit, within its bounds."""
        number = self.number(text)
        return None if number is None else to_property(number, column.property, column.scale, column.convert)

    def deviation(self, text: str, number: float, column: ValueColumn) -> float | None:
        """A standard deviation in the property's unit; one in log10 units by propagation to first order."""
        found = self.number(text)
        if found is None:
            return None
        if found < 0:
            raise Refused("negative", f"A standard deviation cannot be negative: {found:g}.")
        return found * (log(10) * number if column.scale == Property.Scale.LOG10 else column.convert.factor)

    def kelvin(self, text: str, unit: str) -> float | None:
        number = self.number(text)
        return None if number is None else to_kelvin(number, unit)

    def per_kilogram(self, text: str, unit: str) -> float | None:
        number = self.number(text)
        if number is None:
            return None
        found = units.conversion(unit or "mol/kg", "mol/kg")(number)
        check_concentration(found)
        return found

    def condition(self, text: str) -> float | str | None:
        """A number where it reads as one, else the text."""
        try:
            return self.number(text)
        except Refused:
            return text

    def _numeric(self) -> list[str]:
        mapping = self.mapping
        named = [mapping.temperature.column, mapping.concentration.column]
        for value in mapping.values:
            named += [value.column, value.standard_deviation]
        return [column for column in dict.fromkeys(named) if column]
