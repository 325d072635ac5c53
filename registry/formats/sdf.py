"""SDF: a mol block and its data items a record. The mol block becomes SMILES in the column `structure`."""

from collections.abc import Iterator
from itertools import chain, islice
from typing import TextIO

from rdkit import Chem, rdBase

from registry.formats.encodings import undecodable
from registry.formats.table import FormatError, Problem, Row, Table, unique_columns

STRUCTURE = "structure"
NAME = "name"
_SAMPLE = 1_000  # records whose data items make up the columns


def read(text: TextIO) -> Table:
    """Open an SD file: columns `structure`, `name` (the title line) and the data items.

    Raises:
        FormatError: bytes that are no text, or no record at all.
    """
    rows = (_row(number, record) for number, record in enumerate(_records(text), start=1))
    sample = list(islice(rows, _SAMPLE))
    if not sample:
        raise FormatError("The SD file holds no record.")
    names = list(dict.fromkeys([STRUCTURE, NAME, *(name for row in sample for name in row.cells)]))
    return Table("sdf", unique_columns(names), chain(sample, rows))


def _records(text: TextIO) -> Iterator[str]:
    lines: list[str] = []
    number = 0
    try:
        for number, line in enumerate(text, start=1):  # noqa: B007 - an error needs it
            if line.startswith("$$$$"):
                yield "".join(lines)
                lines = []
            else:
                lines.append(line)
    except UnicodeDecodeError as error:
        raise undecodable(error, number) from None
    if "".join(lines).strip():
        yield "".join(lines)


def _row(number: int, record: str) -> Row:
    block, end, data = record.replace("\r\n", "\n").partition("M  END")
    cells = {STRUCTURE: "", NAME: block.split("\n", 1)[0].strip(), **_data_items(data)}
    problem = None
    with rdBase.BlockLogs():
        mol = Chem.MolFromMolBlock(block + end) if end else None
    if mol is None:
        problem = Problem("unparsable", "The mol block cannot be read as a structure.", STRUCTURE)
    else:
        cells[STRUCTURE] = Chem.MolToSmiles(mol)
    return Row(number, cells, record, problem)


def _data_items(text: str) -> dict[str, str]:
    items: dict[str, str] = {}
    for item in text.split("\n>")[1:]:
        head, _, body = item.partition("\n")
        name = head.partition("<")[2].rpartition(">")[0]
        if name:
            items[name] = body.strip()
    return items
