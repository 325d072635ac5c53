"""What was predicted under conditions that differ in the temperature alone, as one series."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.admin.parts.conditions import stated
from registry.admin.parts.display import number
from registry.models import Prediction

KELVIN = "temperature_k"
_NAMED = 3  # temperatures


@dataclass(frozen=True)
class Series:
    """Predictions of one version under conditions that differ in the temperature alone, the newest first."""

    rows: tuple[Prediction, ...]

    @property
    def shown(self) -> Prediction:
        """The one that lists show too."""
        return self.rows[0]

    @property
    def over_temperature(self) -> list[tuple[float, Prediction]]:
        """Ascending; empty for predictions without a temperature."""
        found = [(row.conditions.get(KELVIN), row) for row in self.rows]
        known = [(float(kelvin), row) for kelvin, row in found if isinstance(kelvin, int | float)]
        return sorted(known, key=lambda pair: pair[0])

    @property
    def more(self) -> str:
        """and 5 more temperatures, 298 to 398 K."""
        kelvin = [number(at, 5) for at, _ in self.over_temperature]
        others = len(kelvin) - 1
        if others < 1:
            return ""
        return f"and {others} more temperature{'s' * (others > 1)}, {kelvin[0]} to {kelvin[-1]} K"

    @property
    def outside(self) -> str:
        """Of those more temperatures: 2 of them out of domain, at 363 and 900 K; empty where none is."""
        rest = [(at, row) for at, row in self.over_temperature if row is not self.shown]
        found = [at for at, row in rest if row.in_domain is False]
        if not found:
            return ""
        count = f"{len(found)} of them " if len(rest) > 1 else ""
        return f"{count}out of domain" + (f", at {stated({KELVIN: found})}" if len(found) <= _NAMED else "")


def over_temperatures(predictions: Sequence[Prediction]) -> list[Series]:
    """In the order of the first prediction of each."""
    groups: dict[tuple[object, ...], list[Prediction]] = {}
    for row in predictions:
        groups.setdefault((row.model_version_id, _others(row)), []).append(row)
    return [Series(tuple(rows)) for rows in groups.values()]


def _others(row: Prediction) -> str:
    return repr(sorted((name, str(value)) for name, value in row.conditions.items() if name != KELVIN))
