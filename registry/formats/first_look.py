"""The head of a file with a first guess at its encoding and its columns, for a person to check."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from registry.formats.geometry_column import geometry_column
from registry.formats.guess import guess_mapping
from registry.formats.headers import read_header
from registry.formats.opening import detect_encoding, open_table
from registry.formats.polymer_names import advice
from registry.models import Property, Structure

_CHAIN_ENDS = ("*", "[Cu]", "[Au]", "{")  # the brace is BigSMILES, which is refused as the polymer that it is
SAMPLE = 20  # rows


@dataclass(frozen=True, slots=True)
class FirstLook:
    file_format: str
    columns: list[str]
    rows: list[dict[str, str]]
    """The first ones, by column."""
    encoding: str
    """As a mapping names it; empty when nothing needs to be said."""

    def mapping(self, properties: Iterable[Property]) -> dict[str, Any]:
        """As docs/data.md describes; without "structure" when no column looks like one."""
        guessed = guess_mapping(self.columns, self.rows, properties)
        return guessed | ({"encoding": self.encoding} if self.encoding else {})

    def geometry(self) -> str:
        """The column that holds geometries, whatever they were computed by; or empty."""
        return geometry_column({column: read_header(column) for column in self.columns}, self.rows)

    def structure_kind(self, mapping: Mapping[str, Any]) -> str:
        """Molecules where the first structures have no chain ends, polymers otherwise."""
        source = mapping.get("structure") or ""
        column = str(source.get("column", "") if isinstance(source, Mapping) else source)
        texts = [text for row in self.rows if (text := row.get(column, "").strip())]
        polymers = any(any(end in text for end in _CHAIN_ENDS) or advice(text) for text in texts)
        return Structure.Kind.POLYMER.value if polymers or not texts else Structure.Kind.MOLECULE.value


def first_look(stream: BinaryIO, *, encoding: str = "", max_bytes: int = 1 << 32) -> FirstLook:
    """Open a file of any format at its start.

    Args:
        stream: seekable.
        encoding: of text files; told from their bytes when empty.
        max_bytes: most that a compressed file may unpack to.

    Raises:
        FormatError.
    """
    encoding = encoding or detect_encoding(stream, max_bytes=max_bytes)
    table = open_table(stream, encoding=encoding, max_bytes=max_bytes)
    rows = [row.cells for row in islice(table.rows, SAMPLE)]
    return FirstLook(table.file_format, table.columns, rows, encoding)
