"""CSV with any delimiter. Quoting follows RFC 4180; a row keeps the very text it was read from."""

import csv
import re
import sys
from collections.abc import Iterator
from itertools import islice
from typing import TextIO

from registry.formats.encodings import undecodable
from registry.formats.table import FormatError, Problem, Row, Table, shortened, unique_columns

DELIMITERS = ",;\t|"
_SAMPLE = 50  # rows looked at to tell the delimiter
_HINT = re.compile(r"\"?sep=(.)\"?\s*", re.IGNORECASE)  # a first line of Excel's, which names the delimiter

csv.field_size_limit(min(sys.maxsize, (1 << 31) - 1))  # a cell of 1 MB is refused with a reason, not by the parser


def read(text: TextIO) -> Table:
    """Open a CSV file whose first row names the columns.

    Raises:
        FormatError: no rows, a name twice, bytes that are no text, a quote that never closes.
    """
    lines = _Lines(text)
    sample = list(islice(lines, _SAMPLE))
    hint = _HINT.fullmatch(sample[0]) if sample else None
    delimiter = hint[1] if hint else guess_delimiter(sample)
    lines.push_back(sample)
    records = _records(lines, delimiter)
    if hint:
        next(records)
    for row_number, fields, _raw, problem in records:
        if problem:
            raise FormatError(f"The header (row {row_number}) cannot be read: {problem.reason}")
        columns = unique_columns(fields)
        return Table("csv", columns, (_row(columns, *record) for record in records), delimiter in ";\t", delimiter)
    raise FormatError("The file is empty.")


def guess_delimiter(lines: list[str]) -> str:
    """The delimiter that splits the header into most columns and the next rows into as many."""
    return max(DELIMITERS, key=lambda delimiter: _agreement(lines, delimiter))


def _agreement(lines: list[str], delimiter: str) -> float:
    try:
        rows = [row for row in csv.reader(lines, delimiter=delimiter) if row]
    except csv.Error:
        return 0
    if not rows or len(rows[0]) < 2:
        return 0
    return sum(len(row) == len(rows[0]) for row in rows) / len(rows) * len(rows[0])


def _row(columns: list[str], number: int, fields: list[str], raw: str, problem: Problem | None) -> Row:
    if problem is None and len(fields) > len(columns) and not any(fields[len(columns) :]):
        fields = fields[: len(columns)]  # a spreadsheet writes the empty cells beside its table, too
    if problem is None and len(fields) != len(columns):
        problem = Problem("field_count", f"The row has {len(fields)} fields; the header has {len(columns)}.")
        return Row(number, dict(zip(columns, fields, strict=False)), raw, problem, fields)
    return Row(number, dict(zip(columns, fields, strict=False)), raw, problem)


def _records(lines: "_Lines", delimiter: str) -> Iterator[tuple[int, list[str], str, Problem | None]]:
    """Number, fields, text and problem of every row that is not blank: one of delimiters alone is blank, too."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    number = 0
    while True:
        number += 1
        problem = None
        fields: list[str] = []
        try:
            fields = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            if "unexpected end of data" in str(error):
                raise FormatError(
                    f"A quote that opens in row {number} never closes: {shortened(lines.taken[0])!r}."
                ) from None
            problem = Problem("quoting", f"The quotes of the row are broken: {error}.")
        raw = lines.take()
        if raw.strip("\r\n" + delimiter):
            yield number, fields, raw.rstrip("\r\n"), problem


class _Lines:
    """Lines of a file, remembered until taken, so that a record can be shown as it came."""

    def __init__(self, text: TextIO) -> None:
        self._text = text
        self._pushed: Iterator[str] = iter(())
        self._count = 0
        self.taken: list[str] = []

    def __iter__(self) -> "_Lines":
        return self

    def __next__(self) -> str:
        line = next(self._pushed, None)
        if line is None:
            line = self._read()
        self.taken.append(line)
        return line

    def _read(self) -> str:
        try:
            line = self._text.readline()
        except UnicodeDecodeError as error:
            raise undecodable(error, self._count) from None
        if not line:
            raise StopIteration
        self._count += 1
        return line

    def push_back(self, lines: list[str]) -> None:
        self._pushed = iter(lines)
        self.taken = []

    def take(self) -> str:
        text = "".join(self.taken)
        self.taken = []
        return text
