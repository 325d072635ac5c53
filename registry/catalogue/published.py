"""Generators that others published, to set our runs beside."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

FILE = Path(__file__).parent / "published.toml"
LIKE = "gpt"  # the row that stands for an architecture nobody has published the like of


@dataclass(frozen=True)
class Published:
    """One row: n strings drawn with replacement for label high."""

    name: str
    architecture: str
    """Ours that works alike."""
    n: int
    source: str
    measures: Mapping[str, tuple[float, float]]
    """Smallest and largest by the measure's name in mlcore's report; equal where one figure was published."""


@cache
def published() -> tuple[Published, ...]:
    """All rows, in the order of the file."""
    rows = tomllib.loads(FILE.read_text("utf-8"))["generator"]
    return tuple(Published(**row | {"measures": _ranges(row["measures"])}) for row in rows)


def _ranges(measures: Mapping[str, float | list[float]]) -> dict[str, tuple[float, float]]:
    pairs = {name: value if isinstance(value, list) else [value, value] for name, value in measures.items()}
    return {name: (min(pair), max(pair)) for name, pair in pairs.items()}


def closest(n: int) -> list[Published]:
    """One row a generator: that of the number of strings nearest to n, as a ratio."""
    names = dict.fromkeys(row.name for row in published())
    own = [[row for row in published() if row.name == name] for name in names]
    return [min(rows, key=lambda row: max(row.n, n) / max(1, min(row.n, n))) for rows in own]


def like(architecture: str, n: int) -> Published:
    """The published row to hold a run of this architecture against."""
    rows = {row.architecture: row for row in closest(n)}
    return rows.get(architecture, rows[LIKE])
