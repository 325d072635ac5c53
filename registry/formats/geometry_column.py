"""Which column holds geometries: told from its cells, and from its name where several do."""

from collections.abc import Mapping, Sequence

from mlcore.chem import geometry
from mlcore.chem.errors import ChemError
from registry.formats import vocabulary as words
from registry.formats.headers import Header

_LOOKED_AT = 3  # blocks of a column


def geometry_column(columns: Mapping[str, Header], rows: Sequence[Mapping[str, str]]) -> str:
    """The column whose cells are xyz or mol blocks; or empty."""
    told = [column for column in columns if _blocks(column, rows)]
    named = [column for column in told if columns[column].name in words.GEOMETRY]
    return next(iter(named or told), "")


def _blocks(column: str, rows: Sequence[Mapping[str, str]]) -> bool:
    cells = [cell for row in rows if (cell := row.get(column, "")).strip()][:_LOOKED_AT]
    return bool(cells) and all("\n" in cell.strip() and _is_block(cell) for cell in cells)


def _is_block(text: str) -> bool:
    try:
        geometry.read(text)
    except ChemError:
        return False
    return True
