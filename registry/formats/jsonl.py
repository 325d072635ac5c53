"""JSONL: one JSON object a line."""

import json
from collections.abc import Iterator
from itertools import chain, islice
from typing import Any, TextIO

from registry.formats.encodings import undecodable
from registry.formats.table import FormatError, Problem, Row, Table, unique_columns

_SAMPLE = 1_000  # lines whose names make up the columns


class _Twice(ValueError):
    pass


def read(text: TextIO) -> Table:
    """Open a JSONL file. Numbers stay as written; nested values become JSON text; null is an empty cell.

    Raises:
        FormatError: bytes that are no text, or no object among the first lines.
    """
    rows = _rows(text)
    sample = list(islice(rows, _SAMPLE))
    names = list(dict.fromkeys(name for row in sample for name in row.cells))
    if not names:
        reason = next((row.problem.reason for row in sample if row.problem), "no line holds a value")
        raise FormatError(f"The file is no JSONL: {reason}")
    return Table("jsonl", unique_columns(names), chain(sample, rows))


def _rows(text: TextIO) -> Iterator[Row]:
    number = 0
    while True:
        try:
            line = text.readline()
        except UnicodeDecodeError as error:
            raise undecodable(error, number) from None
        if not line:
            return
        number += 1
        raw = line.rstrip("\r\n")
        if raw.strip():
            yield _row(number, raw)


def _row(number: int, raw: str) -> Row:
    try:
        found = json.loads(raw, object_pairs_hook=_once, parse_float=_Number, parse_int=_Number, parse_constant=_Number)
    except _Twice as error:
        return Row(number, {}, raw, Problem("duplicate_key", f"The object names {error} twice."))
    except (ValueError, RecursionError) as error:
        return Row(number, {}, raw, Problem("not_json", f"The line is no JSON: {error}."))
    if not isinstance(found, dict):
        return Row(number, {}, raw, Problem("not_json", "The line is no JSON object; write {...} on every line."))
    return Row(number, {name: _text(value) for name, value in found.items()}, raw)


class _Number(str):
    """A number as the file writes it, so that no digit is lost on the way."""

    __slots__ = ()


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise _Twice(repr(name))
        found[name] = value
    return found


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
