"""Which column holds the structures: told from its cells, where these tell more than its name."""

from collections.abc import Mapping, Sequence

from rdkit import Chem, rdBase

from registry.formats import vocabulary as words
from registry.formats.headers import Header

_CHAIN_ENDS = ("*", "[Cu]", "[Au]")
_BONDS = "()=#"  # no identifier that happens to be a SMILES, such as CO, has any
_HALF = 0.5

Rows = Sequence[Mapping[str, str]]


def structure_column(columns: Mapping[str, Header], rows: Rows) -> str:
    """The column with a name for structures, unless its cells hold none and those of another one do; or empty."""
    named = [column for name in words.STRUCTURE for column, header in columns.items() if header.name == name]
    for tell in (_repeat_units, _molecules, _inchis):
        told = [column for column in (*named, *columns) if tell(_cells(column, rows))]
        if told:
            return told[0]
    return named[0] if named else ""


def _cells(column: str, rows: Rows) -> list[str]:
    return [cell for row in rows if (cell := row.get(column, "").strip())]


def _repeat_units(cells: Sequence[str]) -> bool:
    """Whether most of them mark chain ends; a name among them is refused by itself later."""
    marked = [cell for cell in cells if " " not in cell and any(end in cell for end in _CHAIN_ENDS)]
    return len(marked) > _HALF * len(cells)


def _inchis(cells: Sequence[str]) -> bool:
    return bool(cells) and all(cell.startswith("InChI=") for cell in cells)


def _molecules(cells: Sequence[str]) -> bool:
    """Whether all of them are SMILES, and half of them could be nothing else."""
    sure = [cell for cell in cells if any(sign in cell for sign in _BONDS)]
    if not sure or len(sure) < _HALF * len(cells):
        return False
    with rdBase.BlockLogs():
        return all(" " not in cell and Chem.MolFromSmiles(cell) is not None for cell in cells)
