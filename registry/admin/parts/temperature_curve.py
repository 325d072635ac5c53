"""What was predicted under conditions that differ in the temperature alone, as one series."""

from collections.abc import Sequence
from dataclasses import dataclass

from registry.admin.parts.display import number
from registry.models import Prediction

KELVIN = "temperature_k"


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
        stated_ = [(float(kelvin), row) for kelvin, row in found if isinstance(kelvin, int | float)]
        return sorted(stated_, key=lambda pair: pair[0])

    @property
    def more(self) -> str:
        """and 5 more temperatures, 298 to 398 K."""
        kelvin = [number(at, 5) for at, _ in self.over_temperature]
        others = len(kelvin) - 1
        if others < 1:
            return ""
        return f"and {others} more temperature{'s' * (others > 1)}, {kelvin[0]} to {kelvin[-1]} K"


def over_temperatures(predictions: Sequence[Prediction]) -> list[Series]:
    """In the order of the first prediction of each."""
    groups: dict[tuple[object, ...], list[Prediction]] = {}
    for row in predictions:
        groups.setdefault((row.model_version_id, _others(row)), []).append(row)
    return [Series(tuple(rows)) for rows in groups.values()]


def _others(row: Prediction) -> str:
    return repr(sorted((name, str(value)) for name, value in row.conditions.items() if name != KELVIN))
