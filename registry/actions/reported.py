"""What one report of a value consists of, and the digest by which the same report is found again."""

import hashlib
import json
from dataclasses import dataclass, field, fields
from typing import Any

from registry.models import Structure


@dataclass(frozen=True, slots=True)
class Report:
    """A measurement as its source states it; values in the property's unit, K, and mol per kg."""

    property: str
    value: float | None
    standard_deviation: float | None = None
    missing_reason: str = ""
    method: str = "other"
    method_detail: str = ""
    temperature_k: float | None = None
    salt: str = ""
    concentration: float | None = None
    conditions: dict[str, Any] = field(default_factory=dict)
    source_id: str = ""

    def digest(self, kind: str, key: str) -> str:
        """SHA-256 over the structure's identity and everything reported, the same on every installation."""
        values = (getattr(self, name) for name in _FIELDS)
        text = json.dumps([kind, key, *values], sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()

    def digest_for(self, structure: Structure) -> str:
        return self.digest(structure.kind, structure.key)


_FIELDS = [item.name for item in fields(Report)]
