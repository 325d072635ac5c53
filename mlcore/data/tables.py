"""Tables of structures and values: read once, identified row by row, nothing dropped without its reason."""

import csv
import difflib
import gzip
import hashlib
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from mlcore.chem import geometry
from mlcore.chem.errors import ChemError
from mlcore.chem.geometry import Geometry
from mlcore.chem.identity import Kind
from mlcore.config import DataConfig, PropertyConfig, Scale
from mlcore.data.conditions import MISSING, Conditions, cells
from mlcore.data.identities import identities
from mlcore.errors import UserError
from mlcore.events import Events

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Problem:
    """One thing that was wrong with one row."""

    row: int
    """Line of the table, the header being line 1."""
    text: str
    reason: str


@dataclass(frozen=True)
class Table:
    """The rows that could be identified, in the order of the file."""

    smiles: list[str]
    """As written in the file, N."""
    keys: list[str]
    """Identity of each structure, N; the same key may occur several times."""
    canonical: list[str]
    """Each structure as its identity shows it, N: the primitive repeat unit in canonical cut, or canonical SMILES."""
    values: Floats
    """(N, P), in the properties' units; NaN where there is no value."""
    properties: tuple[PropertyConfig, ...]
    dropped: list[Problem]
    """Rows left out because their structure was refused."""
    blanked: list[Problem]
    """Values set to missing because they were not usable; the row stays."""
    digest: str
    """sha256 of all that stands in the columns used: the identity of what was learned from."""
    baselines: Floats = field(default_factory=lambda: np.empty((0, 0)))
    """(N, P), in the properties' units; NaN throughout for a property without a baseline."""
    geometries: list[Geometry | None] = field(default_factory=list)
    """N, None where the cell was empty; no entry at all without a geometry column."""
    conditions: Conditions = field(default_factory=Conditions)
    kind: Kind = "polymer"
    """What all structures are."""
    lines: list[int] = field(default_factory=list)
    """Of each row its number in the file, N, where the header is 1; empty for a table of no file."""

    @property
    def targets(self) -> Floats:
        """(N, P): what is learned: the values on the model's axis, less their baselines where there are such."""
        columns = [self._target(i, p) for i, p in enumerate(self.properties)]
        return np.stack(columns, axis=1) if columns else np.empty((len(self.smiles), 0))

    def of(self, rows: Sequence[int] | NDArray[np.int64]) -> "Table":
        """A table of some of the rows. Digest and refused rows stay those of the whole."""
        chosen = np.asarray(rows, dtype=np.int64)
        smiles, keys, canonical = ([x[row] for row in chosen] for x in (self.smiles, self.keys, self.canonical))
        return replace(
            self,
            smiles=smiles,
            keys=keys,
            canonical=canonical,
            values=self.values[chosen],
            baselines=self.baselines[chosen] if len(self.baselines) else self.baselines,
            geometries=[self.geometries[row] for row in chosen] if self.geometries else [],
            conditions=self.conditions.of(chosen),
            lines=[self.lines[row] for row in chosen] if self.lines else [],
        )

    def followed_by(self, others: "Table") -> "Table":
        """These rows and then those of another table that was read in the same way."""
        return Table(
            self.smiles + others.smiles,
            self.keys + others.keys,
            self.canonical + others.canonical,
            np.concatenate([self.values, others.values]),
            self.properties,
            self.dropped + others.dropped,
            self.blanked + others.blanked,
            hashlib.sha256(f"{self.digest} {others.digest}".encode()).hexdigest(),
            np.concatenate([self.baselines, others.baselines]),
            self.geometries + others.geometries,
            self.conditions.followed_by(others.conditions),
            self.kind,
            self.lines + others.lines if self.lines and others.lines else [],
        )

    def _target(self, i: int, item: PropertyConfig) -> Floats:
        axis = to_scale(self.values[:, i], item.scale)
        return axis - to_scale(self.baselines[:, i], item.scale) if item.baseline else axis


def to_scale(values: Floats, scale: Scale) -> Floats:
    """Values in their unit -> the model's axis; NaN stays NaN."""
    return np.log10(values) if scale == "log10" else values


def from_scale(values: Floats, scale: Scale) -> Floats:
    """The model's axis -> values in their unit."""
    return np.power(10.0, values) if scale == "log10" else values


def read(path: str | Path, config: DataConfig, events: Events | None = None) -> Table:
    """The table at `path`, a CSV in UTF-8 with or without BOM. What was refused is told and kept.

    Raises UserError when the file or a column is missing, or when no row is left.
    """
    rows = read_rows(path, _columns(config))
    events = events or Events()
    smiles, keys, canonical, values, baselines = [], [], [], [], []
    geometries: list[Geometry | None] = []
    conditions: list[dict[str, float | str]] = []
    dropped: list[Problem] = []
    blanked: list[Problem] = []
    lines: list[int] = []
    numbers = [n for n, row in enumerate(rows, start=2) if _is_short(row[config.smiles_column], config)]
    if unread := len(rows) - len(numbers):
        events.log("info", f"{path}: left unread for more than {config.max_characters} characters: {unread:,}")
    texts = [rows[number - 2][config.smiles_column] for number in numbers]
    for number, text, found in zip(numbers, texts, identities(texts, config.kind), strict=True):
        row = rows[number - 2]
        try:
            if isinstance(found, ChemError):
                raise found
            state = cells(config.conditions, row)
            if config.geometry_column:
                geometries.append(_geometry(row[config.geometry_column], found.key))
        except (ChemError, UserError) as error:
            dropped.append(Problem(number, text, str(error)))
            continue
        conditions.append(state)
        lines.append(number)
        smiles.append(text)
        keys.append(found.key)
        canonical.append(found.smiles)
        pairs = [_pair(row, p, number, blanked) for p in config.properties]
        values.append([value for value, _ in pairs])
        baselines.append([baseline for _, baseline in pairs])
        if number % 500 == 0:
            events.progress(number - 1, len(rows), "reading structures")
    events.progress(len(rows), len(rows), "reading structures")
    report(dropped, f"{path}: left out", events)
    report(blanked, f"{path}: value left out", events)
    if not smiles:
        reason = f"; the first was refused because: {dropped[0].reason}" if dropped else ""
        raise UserError(f"{path}: no usable row among {len(rows)}{reason}")
    shape = len(smiles), len(config.properties)
    array, base = (np.array(part, dtype=np.float64).reshape(shape) for part in (values, baselines))
    told = Conditions.gather(config.conditions, conditions)
    digest = _digest(smiles, keys, array, base, geometries, conditions)
    beside = base, geometries, told, config.kind, lines
    return Table(smiles, keys, canonical, array, config.properties, dropped, blanked, digest, *beside)


def _columns(config: DataConfig) -> list[str]:
    """All columns that a configuration reads, each once."""
    learned = [column for item in config.properties for column in item.columns]
    told = [column.source for column in config.conditions]
    named = [config.smiles_column, *learned, *told, *([config.geometry_column] if config.geometry_column else [])]
    return list(dict.fromkeys(named))


def _geometry(block: str, key: str) -> Geometry | None:
    """The geometry in a cell, None for an empty one; ChemError where it is not that of the molecule."""
    if not block.strip():
        return None
    found = geometry.read(block)
    geometry.check(found, Chem.MolFromSmiles(key))
    return found


def _is_short(text: str, config: DataConfig) -> bool:
    return not config.max_characters or len(text) <= config.max_characters


def read_rows(path: str | Path, columns: Sequence[str], may_be_empty: bool = False) -> list[dict[str, str]]:
    """All rows of a CSV, which may be packed with gzip, as dictionaries.

    UserError when it cannot be read, or lacks one of `columns` or all rows.
    """
    with _opened(path) as file:
        reader = csv.DictReader(file, restval="")
        header = list(reader.fieldnames or [])
        rows = list(reader)
    _check(path, header, columns, bool(rows), may_be_empty)
    return rows


def read_column(path: str | Path, column: str) -> list[str]:
    """The cells of one column, stripped: the way to read a long table of structures. UserError as for `read_rows`."""
    with _opened(path) as file:
        reader = csv.reader(file)
        header = next(reader, [])
        place = header.index(column) if column in header else 0
        cells = [row[place].strip() if place < len(row) else "" for row in reader if row]
    _check(path, header, [column], bool(cells))
    return cells


@contextmanager
def _opened(path: str | Path) -> Iterator[TextIO]:
    """A text file, packed with gzip where its name ends in `.gz`; what goes wrong while it is read is a UserError."""
    packed = Path(path).suffix == ".gz"
    try:
        with (gzip.open if packed else open)(path, "rt", encoding="utf-8-sig", newline="") as file:
            yield file
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise UserError(f"{path}: not a whole gzip file: {error}") from error
    except OSError as error:
        raise UserError(f"{path}: {error.strerror or error}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise UserError(f"{path}: not a CSV table in UTF-8: {error}") from error


def _check(
    path: str | Path, header: Sequence[str], columns: Sequence[str], has_rows: bool, may_be_empty: bool = False
) -> None:
    if not any(header):
        raise UserError(
            f"{path}: {'the first line, that of the column names, is blank' if has_rows else 'the file is empty'}"
        )
    for column in columns:
        if header.count(column) != 1:
            raise UserError(f"{path}: column {column!r} {_column_fault(column, header)}")
    if not has_rows and not may_be_empty:
        raise UserError(f"{path}: there are no rows below the column names")


def _column_fault(column: str, header: Sequence[str]) -> str:
    known = f"the columns are: {', '.join(header)}"
    if column in header:
        return f"occurs twice; {known}"
    by_plain_name = {name.lower().strip(): name for name in header}
    close = difflib.get_close_matches(column.lower().strip(), by_plain_name, n=1)
    return f"is missing; did you mean {by_plain_name[close[0]]!r}? {known}" if close else f"is missing; {known}"


def report(problems: Sequence[Problem], what: str, events: Events, limit: int = 5) -> None:
    """Names the first `limit` problems, by rows as a spreadsheet counts them, and counts the others."""
    for problem in problems[:limit]:
        events.log("warning", f"{what}, row {problem.row}: {problem.text[:80]!r}: {problem.reason}")
    if len(problems) > limit:
        events.log("warning", f"{what}: {len(problems) - limit} more such rows")


def _value(text: str, item: PropertyConfig, row: int, blanked: list[Problem]) -> float:
    """The number in a cell, or NaN; a cell that holds something else than a usable number is noted in `blanked`."""
    text = text.strip()
    if text.lower() in MISSING:
        return math.nan
    value = number(text, item.logarithm)
    for reason in _faults(value, item):
        blanked.append(Problem(row, text, f"{item.source} {reason}"))
        return math.nan
    return value


def number(text: str, logarithm: bool = False) -> float:
    """The number that a cell holds, or whose decimal logarithm it holds; NaN for anything else."""
    try:
        return 10.0 ** float(text) if logarithm else float(text)
    except OverflowError:
        return math.inf
    except ValueError:
        return math.nan


def _pair(row: Mapping[str, str], item: PropertyConfig, number: int, blanked: list[Problem]) -> tuple[float, float]:
    """A value and its baseline, NaN for none; a value whose baseline is missing cannot be learned and is NaN too."""
    value = _value(row[item.source], item, number, blanked)
    if not item.baseline:
        return value, math.nan
    baseline = _value(row[item.baseline], replace(item, column=item.baseline, baseline=""), number, blanked)
    if math.isfinite(value) and not math.isfinite(baseline):
        blanked.append(Problem(number, row[item.baseline], f"{item.source} has no baseline in {item.baseline}"))
        return math.nan, math.nan
    return value, baseline


def _faults(value: float, item: PropertyConfig) -> Iterator[str]:
    if not math.isfinite(value):
        yield "is not a finite number"
    elif item.scale == "log10" and value <= 0:
        yield "must be positive on a log10 axis"


def _digest(
    smiles: Sequence[str],
    keys: Sequence[str],
    values: Floats,
    baselines: Floats,
    geometries: Sequence[Geometry | None],
    conditions: Sequence[Mapping[str, float | str]],
) -> str:
    """Of a table without baselines, geometries and conditions it is what it was before there were any."""
    digest = hashlib.sha256()
    for i, (text, key, row) in enumerate(zip(smiles, keys, values.tolist(), strict=True)):
        digest.update(f"{key}\t{text}\t{row!r}\n".encode())
        if np.isfinite(baselines[i]).any():
            digest.update(f"{baselines[i].tolist()!r}\n".encode())
        if conditions[i]:
            digest.update(f"{sorted(conditions[i].items())!r}\n".encode())
        if geometries and (found := geometries[i]):
            digest.update(found.numbers.tobytes() + found.positions.tobytes())
    return digest.hexdigest()
