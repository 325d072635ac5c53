"""What a preview shows of the rows to be imported: the first ones as they will be stored, and what they lack."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from mlcore.chem import salts
from mlcore.chem.identity import Identity
from registry.actions.import_rows import Draft
from registry.actions.reported import Report
from registry.formats import ColumnMapping
from registry.models import Measurement

SHOWN = 10  # rows


@dataclass(slots=True)
class Sample:
    """The first rows, and how many of all have a value but not its temperature, an empty cell in a mapped column, or a
    salt that nobody knows."""

    mapping: ColumnMapping
    rows: list[dict[str, Any]] = field(default_factory=list)
    without: Counter[str] = field(default_factory=Counter)
    unknown_salts: Counter[str] = field(default_factory=Counter)

    def add(self, draft: Draft, identity: Identity) -> None:
        if len(self.rows) < SHOWN:
            self.rows.append(_as_stored(draft, identity))
        values = [report for report in draft.reports if report.value is not None]
        if not values:
            return
        self.without["temperature"] += values[0].temperature_k is None and self._has_temperature(values)
        self.without["salt"] += bool(self.mapping.salt.column) and not values[0].salt
        if values[0].salt and salts.fault(values[0].salt):
            self.unknown_salts[values[0].salt] += 1
        self.without["concentration"] += bool(self.mapping.concentration.column) and values[0].concentration is None
        self.without["standard deviation"] += any(
            value.standard_deviation and not draft.row.cells.get(value.standard_deviation, "").strip()
            for value in self.mapping.values
        )

    def _has_temperature(self, values: Sequence[Report]) -> bool:
        """Whether one belongs to these: energies and orbitals by DFT, or what follows from the structure, have none."""
        return bool(self.mapping.temperature.column) or any(
            value.method not in Measurement.CALCULATED for value in values
        )

    def told(self) -> dict[str, dict[str, int]]:
        """Rows that lack something, and of the salts that nobody knows those of most rows."""
        return {"without": self.lacking(), "unknown_salts": dict(self.unknown_salts.most_common(SHOWN))}

    def lacking(self) -> dict[str, int]:
        return {name: count for name, count in self.without.items() if count}


def _as_stored(draft: Draft, identity: Identity) -> dict[str, Any]:
    """As JSON: values in the units of their properties, each with its method; the temperature in K, the salt in mol
    per kg."""
    shared = draft.reports[0] if draft.reports else None
    names = ("temperature_k", "salt", "concentration", "conditions", "source_id")
    return {
        "row": draft.row.number,
        "smiles": identity.smiles,
        "key": identity.key,
        "values": [
            {
                "property": report.property,
                "value": report.value,
                "standard_deviation": report.standard_deviation,
                "missing_reason": report.missing_reason,
                "method": report.method,
                "method_detail": report.method_detail,
            }
            for report in draft.reports
        ],
    } | ({name: getattr(shared, name) for name in names} if shared else {})
