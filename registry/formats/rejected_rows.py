"""The rows that an import refused, as a file to mend and import again: their own columns, then where and why."""

import csv
import io
import re
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from typing import IO, BinaryIO

from django.conf import settings

from registry import artifacts
from registry.formats.delimited import DELIMITERS
from registry.formats.opening import open_table
from registry.formats.table import Row, Table, storable
from registry.formats.writing import safe_cell
from registry.models import ImportRun

ROW, REASON = "refused_row", "refused_reason"
RAW = "raw_text"  # stands alone where the file itself is gone
_IN_MEMORY = 1 << 22  # bytes; more goes to disk
_NUMBER = re.compile(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?|-+")  # dashes stand for a missing value


def write_rejected_rows(run: ImportRun, stream: BinaryIO) -> int:
    """CSV with a byte-order mark, by which spreadsheets know UTF-8, and with the delimiter of the file.

    A row of too many or too few cells keeps their number, so that an import refuses it again until it is mended.
    """
    text = io.TextIOWrapper(stream, encoding="utf-8-sig", newline="", write_through=True)
    with ExitStack() as stack:
        table = _original(run, stack)
        columns = [name for name in (table.columns if table else [RAW]) if name not in (ROW, REASON)]
        writer = csv.writer(text, delimiter=_delimiter(table), lineterminator="\r\n")
        writer.writerow([*map(_safe, columns), ROW, REASON])
        count = 0
        for number, reason, cells in _refused(run, table, columns):
            writer.writerow([*map(_safe, cells), number, _safe(reason)])
            count += 1
    text.detach()
    return count


def rejected_rows_file(run: ImportRun) -> IO[bytes]:
    """The same, open at its start."""
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it
    write_rejected_rows(run, file)  # type: ignore[arg-type]
    file.seek(0)
    return file


def _original(run: ImportRun, stack: ExitStack) -> Table | None:
    """The upload once more; None when it has left the store, which keeps no row from being written."""
    try:
        stream = stack.enter_context(artifacts.opened(run.file_digest))
    except artifacts.ArtifactError:
        return None
    return open_table(stream, encoding=str(run.config.get("encoding", "")), max_bytes=settings.IMPORT_MAX_BYTES)


def _delimiter(table: Table | None) -> str:
    """The file's own, since a decimal comma is none beside commas that separate."""
    return table.delimiter if table and table.delimiter in DELIMITERS else ","


def _refused(run: ImportRun, table: Table | None, columns: list[str]) -> Iterator[tuple[int, str, list[str]]]:
    """Number, reason and cells, both the file and the refusals being read once, in step."""
    rows = iter(table.rows if table else ())
    refused = run.rejected_rows.order_by("row_number", "pk").values_list("row_number", "reason", "raw_text")
    for number, reason, raw in refused.iterator(chunk_size=2_000):
        row = next((row for row in rows if row.number == number), None)
        yield number, reason, _cells(row, columns) if row else [raw]


def _cells(row: Row, columns: list[str]) -> list[str]:
    """As they came; the whole text where it could not be split, or was no drawing."""
    if row.fields:
        return row.fields
    if not row.cells:
        return [row.raw]
    cells = dict(row.cells)
    if row.problem and row.problem.column:
        cells[row.problem.column] = row.raw
    return [cells.get(name, "") for name in columns]


def _safe(text: str) -> str:
    """Numbers stay as they are, a negative one too: it is no formula, and the import has to read it again."""
    return storable(text) if _NUMBER.fullmatch(text) else safe_cell(storable(text))
