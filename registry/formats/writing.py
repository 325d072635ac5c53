"""Writers: CSV, JSONL, SDF and parquet, a row at a time, so that a million rows need no memory."""

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from rdkit import Chem, rdBase
from rdkit.Chem import rdDepictor

_BATCH = 5_000
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_ARROW = {"text": pa.string(), "number": pa.float64(), "integer": pa.int64(), "boolean": pa.bool_()}


@dataclass(frozen=True, slots=True)
class Column:
    """One column of an export."""

    name: str
    kind: str = "text"
    """`text`, `number`, `integer` or `boolean`."""


Rows = Iterable[Mapping[str, Any]]


def write_table(stream: BinaryIO, file_format: str, columns: Sequence[Column], rows: Rows) -> int:
    """Write all rows and return their number. A missing value (None) is an empty cell, null, or no data item.

    In SDF the column `smiles` becomes the drawing; every column, that one included, is a data item.
    """
    return WRITERS[file_format](stream, columns, rows)


def safe_cell(value: Any) -> Any:
    """A value as a spreadsheet may open it: text that would start a formula gets an apostrophe in front.

    Numbers are no text and stay as they are. No SMILES begins with =, +, - or @, so structures stay as they are too.
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _write_csv(stream: BinaryIO, columns: Sequence[Column], rows: Rows) -> int:
    text = io.TextIOWrapper(stream, encoding="utf-8", newline="", write_through=True)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow([column.name for column in columns])
    count = 0
    for row in rows:
        writer.writerow([_as_cell(row.get(column.name)) for column in columns])
        count += 1
    text.detach()
    return count


def _as_cell(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    return safe_cell(value)


def _write_jsonl(stream: BinaryIO, columns: Sequence[Column], rows: Rows) -> int:
    count = 0
    for row in rows:
        kept = {column.name: row.get(column.name) for column in columns}
        stream.write(json.dumps(kept, ensure_ascii=False).encode() + b"\n")
        count += 1
    return count


def _write_sdf(stream: BinaryIO, columns: Sequence[Column], rows: Rows) -> int:
    count = 0
    for count, row in enumerate(rows, start=1):
        stream.write(_drawn(row["smiles"], str(row.get("id") or count)).encode())
        for column in columns:
            value = _as_cell(row.get(column.name))
            if value not in (None, ""):
                one_line = " ".join(str(value).splitlines())
                stream.write(f"> <{column.name}>\n{one_line}\n\n".encode())
        stream.write(b"$$$$\n")
    return count


def _drawn(smiles: str, title: str) -> str:
    """A mol block with 2D coordinates."""
    with rdBase.BlockLogs():
        mol = Chem.MolFromSmiles(smiles)
        rdDepictor.Compute2DCoords(mol)
        mol.SetProp("_Name", title)
        return str(Chem.MolToMolBlock(mol))


def _write_parquet(stream: BinaryIO, columns: Sequence[Column], rows: Rows) -> int:
    schema = pa.schema([(column.name, _ARROW[column.kind]) for column in columns])
    count = 0
    source = iter(rows)
    with pq.ParquetWriter(stream, schema) as writer:
        while batch := list(itertools.islice(source, _BATCH)):
            writer.write_batch(pa.RecordBatch.from_pylist([dict(row) for row in batch], schema=schema))
            count += len(batch)
    return count


WRITERS: dict[str, Callable[[BinaryIO, Sequence[Column], Rows], int]] = {
    "csv": _write_csv,
    "jsonl": _write_jsonl,
    "sdf": _write_sdf,
    "parquet": _write_parquet,
}
