"""From the rows of a file to reports of values, or to the reason why a row is refused. Nothing is written here."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from registry.actions.import_cells import CellReader
from registry.actions.reported import Report
from registry.formats import ColumnMapping, Problem, Row, Table, shortened
from registry.formats.mapping import Source, ValueColumn
from registry.formats.numbers import Decimals, Refused
from registry.models import Measurement

Found = TypeVar("Found")

_LONGEST = 200  # characters of the text columns of a measurement
_ROUGHLY_ALL = 0.5  # share of look-alikes that makes a whole column suspect
_METHODS = Measurement.Method.values  # worked out anew at every look
_LOOKALIKES = {"looks_log10", "looks_linear", "looks_celsius"}


@dataclass(slots=True)
class Draft:
    """A row that reads well; whether its structure does is not known yet."""

    row: Row
    structure: str
    reports: list[Report]
    geometry: str = ""
    geometry_level: str = ""


@dataclass(slots=True)
class Survey:
    """A first look at the whole file."""

    rows: int = 0
    suspects: dict[str, Problem] = field(default_factory=dict)
    """Columns most of whose numbers look like another unit or scale: then none of them can be trusted."""
    decimals: Decimals | None = None
    """What the numbers tell of the decimal sign, where it may be a comma."""


def survey(table: Table, mapping: ColumnMapping) -> Survey:
    """Count the rows, find suspect columns, and tell the decimal sign."""
    cells = CellReader(mapping, Decimals() if table.decimal_comma else None)
    readers = cells.suspicious()
    numbers: Counter[str] = Counter()
    lookalikes: Counter[tuple[str, str]] = Counter()
    rows = 0
    for row in table.rows:
        rows += 1
        cells.look(row)
        for column, read in readers.items():
            try:
                numbers[column] += read(row.cells.get(column, "")) is not None
            except Refused as refused:
                numbers[column] += 1
                lookalikes[column, refused.problem.code] += 1
    return Survey(rows, {
        column: Problem(code, f"{count:,} of the column's {numbers[column]:,} values have this problem: {code}; "
                              "so none of them is taken.", column)
        for (column, code), count in lookalikes.items()
        if code in _LOOKALIKES and count > _ROUGHLY_ALL * numbers[column]
    }, cells.decimals)  # fmt: skip


def read_row(row: Row, cells: CellReader, suspects: Mapping[str, Problem]) -> Draft | Problem:
    """One row as reports, or the first of its problems with the others named in the reason."""
    if row.problem:
        return row.problem
    mapping = cells.mapping
    problems: list[Problem] = []
    structure = row.cells.get(mapping.structure, "")
    if not structure.strip():
        problems.append(Problem("missing_structure", "There is no structure.", mapping.structure))
    _attempt(lambda: _check_text(structure), mapping.structure, {}, problems)
    common = _common(row, cells, suspects, problems)
    reports = [found for value in mapping.values if (found := _report(row, value, cells, common, suspects, problems))]
    block, level = _geometry(row, mapping, problems)
    if not problems and mapping.values and not reports and not mapping.computed and not block:
        problems.append(Problem("no_value", "No mapped column holds a value.", mapping.values[0].column))
    return _joined(problems) if problems else Draft(row, structure, reports, block, level)


def _geometry(row: Row, mapping: ColumnMapping, problems: list[Problem]) -> tuple[str, str]:
    """The block and its level; both empty where the row has no geometry."""
    block = mapping.geometry.text(row.cells)
    if not block:
        return "", ""
    source = mapping.geometry_level
    level = _attempt(lambda: _short_text(source.text(row.cells)), source.column, {}, problems) or ""
    if not level:
        problems.append(Problem("no_level", "The geometry has no level of theory.", source.column))
    return block, level


def _common(row: Row, cells: CellReader, suspects: Mapping[str, Problem], problems: list[Problem]) -> dict[str, Any]:
    """What all values of a row share."""
    mapping = cells.mapping

    def number(source: Source, read: Callable[[str, str], float | None]) -> float | None:
        return _attempt(lambda: read(source.text(row.cells), source.unit), source.column, suspects, problems)

    def text(source: Source) -> str:
        return _attempt(lambda: _short_text(source.text(row.cells)), source.column, {}, problems) or ""

    method = text(mapping.method).lower() or Measurement.Method.OTHER.value
    if method not in _METHODS:
        known = ", ".join(_METHODS)
        problems.append(Problem("unknown_method", f"{shortened(method)!r} is none of {known}.", mapping.method.column))
    return {
        "temperature_k": number(mapping.temperature, cells.kelvin),
        "concentration": number(mapping.concentration, cells.per_kilogram),
        "salt": text(mapping.salt),
        "method": method,
        "method_detail": text(mapping.method_detail),
        "source_id": text(mapping.source_id),
        "conditions": {name: cells.condition(text(source)) for name, source in mapping.conditions.items()},
    }


def _report(
    row: Row,
    value: ValueColumn,
    cells: CellReader,
    common: dict[str, Any],
    suspects: Mapping[str, Problem],
    problems: list[Problem],
) -> Report | None:
    before = len(problems)
    own = {"method": value.method, "method_detail": value.method_detail}
    common = common | {name: text for name, text in own.items() if text}
    number = _attempt(lambda: cells.value(row.cells.get(value.column, ""), value), value.column, suspects, problems)
    if len(problems) > before:
        return None
    if number is None:
        reason = cells.mapping.missing_reason.text(row.cells)[:_LONGEST]
        return Report(value.property.name, None, missing_reason=reason, **common) if reason else None
    deviation = _attempt(
        lambda: cells.deviation(row.cells.get(value.standard_deviation, ""), number, value),
        value.standard_deviation, {}, problems,
    )  # fmt: skip
    return Report(value.property.name, number, deviation, **common)


def _attempt(
    read: Callable[[], Found], column: str, suspects: Mapping[str, Problem], problems: list[Problem]
) -> Found | None:
    """The reading, or None with the problem noted; nothing of a suspect column is taken."""
    try:
        found = read()
    except Refused as refused:
        problems.append(replace(refused.problem, column=column))
        return None
    if found is not None and column in suspects:
        problems.append(suspects[column])
        return None
    return found


def _short_text(text: str) -> str:
    if "\0" in text:
        raise Refused("nul_byte", f"{shortened(text)!r} holds a NUL byte.")
    _check_text(text)
    if len(text) > _LONGEST:
        raise Refused("too_long", f"{shortened(text)!r} has {len(text):,} characters; at most {_LONGEST} are kept.")
    return text


def _check_text(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise Refused("not_text", f"{shortened(text)!r} holds half a surrogate pair, which is no character.") from None


def _joined(problems: list[Problem]) -> Problem:
    """The first problem; those of other cells follow in its reason, each with its column."""
    first, *others = problems
    more = (f"{shortened(item.column)}: {item.reason}" if item.column else item.reason for item in others)
    return replace(first, reason=" ".join(dict.fromkeys([first.reason, *more])))


def iterate(table: Table, mapping: ColumnMapping, found: Survey) -> Iterator[tuple[Row, Draft | Problem]]:
    """Every row with what became of it."""
    cells = CellReader(mapping, found.decimals)
    for row in table.rows:
        yield row, read_row(row, cells, found.suspects)
