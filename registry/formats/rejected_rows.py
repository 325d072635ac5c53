"""The rows that an import refused, as a file to mend them by."""

import tempfile
from typing import IO, BinaryIO

from registry.formats.writing import Column, write_table
from registry.models import ImportRun

COLUMNS = [Column("row_number", "integer"), *map(Column, ("column", "code", "reason", "raw_text"))]
_IN_MEMORY = 1 << 22  # bytes; more goes to disk


def write_rejected_rows(run: ImportRun, stream: BinaryIO) -> int:
    """CSV with a byte-order mark, by which spreadsheets know UTF-8: where, why, and the row as it came."""
    stream.write("\ufeff".encode())
    rows = run.rejected_rows.order_by("row_number", "pk").values(*(column.name for column in COLUMNS))
    return write_table(stream, "csv", COLUMNS, rows.iterator(chunk_size=2_000))


def rejected_rows_file(run: ImportRun) -> IO[bytes]:
    """The same, open at its start."""
    file = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - whoever sends it closes it
    write_rejected_rows(run, file)  # type: ignore[arg-type]
    file.seek(0)
    return file
