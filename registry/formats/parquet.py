"""Parquet: read in batches; every value becomes the text that a CSV file would hold."""

import json
from collections.abc import Iterator
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq

from registry.formats.table import FormatError, Row, Table, unique_columns

_BATCH = 5_000


def read(binary: BinaryIO) -> Table:
    """Open a parquet file.

    Raises:
        FormatError: when it is damaged, or names a column twice.
    """
    try:
        file = pq.ParquetFile(binary)
        columns = unique_columns(list(file.schema_arrow.names))
    except (pa.ArrowException, OSError) as error:
        raise FormatError(f"The parquet file cannot be read: {error}.") from None
    return Table("parquet", columns, _rows(file, columns))


def _rows(file: pq.ParquetFile, columns: list[str]) -> Iterator[Row]:
    number = 0
    try:
        for batch in file.iter_batches(_BATCH):
            for values in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                number += 1
                cells = dict(zip(columns, map(_text, values), strict=True))
                yield Row(number, cells, json.dumps(cells, ensure_ascii=False))
    except (pa.ArrowException, OSError) as error:
        raise FormatError(f"The parquet file is damaged after row {number:,}: {error}.") from None


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return repr(value) if isinstance(value, float) else str(value)
