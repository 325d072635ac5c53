"""What every reader gives: named columns and a stream of rows; an unreadable row keeps its text and a reason."""

from collections.abc import Iterator
from dataclasses import dataclass, field

BLANKS = str.maketrans({"\0": "␀"})


class FormatError(Exception):
    """The file as a whole cannot be read. The message names what, where and what to do."""

    @property
    def message(self) -> str:
        return str(self)


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a row, or one of its cells, is refused."""

    code: str
    """One word, good for counting: `field_count`, `negative`, `star_count`."""
    reason: str
    """One line for a chemist."""
    column: str = ""


@dataclass(slots=True)
class Row:
    """One record as text; numbers are still what the file says."""

    number: int
    """CSV: as a spreadsheet counts, the header is row 1. JSONL: the line. SDF and parquet: the record, from 1."""
    cells: dict[str, str]
    raw: str
    problem: Problem | None = None
    fields: list[str] = field(default_factory=list, repr=False)
    """The cells by place, where they are more or fewer than the columns."""


@dataclass(slots=True)
class Table:
    """An open file: `columns` are known at once, `rows` is read once."""

    file_format: str
    columns: list[str]
    rows: Iterator[Row] = field(repr=False)
    decimal_comma: bool = False
    """Whether a comma in a number may be its decimal sign: no comma separates the columns."""
    delimiter: str = ","
    """Of a CSV file."""


def storable(text: str) -> str:
    """The text as PostgreSQL can keep it: NUL is shown as ␀, half surrogate pairs as their code."""
    return text.translate(BLANKS).encode("utf-8", "backslashreplace").decode()


def shortened(text: str, length: int = 60) -> str:
    """The text for use within a message."""
    clean = " ".join(storable(text).split())
    return clean if len(clean) <= length else f"{clean[:length]}… ({len(text):,} characters)"


def unique_columns(names: list[str]) -> list[str]:
    """Column names without surrounding blanks; an empty one is named after its place.

    Raises:
        FormatError: when a name comes twice, since nobody could tell which column is meant.
    """
    columns = [storable(name.strip()) or f"column_{place}" for place, name in enumerate(names, start=1)]
    places: dict[str, list[str]] = {}
    for place, name in enumerate(columns, start=1):
        places.setdefault(name, []).append(str(place))
    for name, found in places.items():
        if len(found) > 1:
            where = ", ".join(found)
            raise FormatError(
                f"The header names {shortened(name)!r} more than once (columns {where}); rename all but one."
            )
    return columns
