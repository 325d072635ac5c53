"""Structures that contain a query: the rarest bits screen through an index, RDKit verifies what passes.

The screen loses nothing, for a structure that contains the query has all of its pattern bits. Verifying is the cost, so
it streams, stops at a deadline, and says when it did.
"""

from dataclasses import dataclass, field
from time import monotonic
from typing import Self, TypeVar

from django.db import transaction
from django.db.models import Model, QuerySet

from mlcore.chem import substructure as chemistry
from mlcore.chem.errors import ChemError
from registry.models import Structure
from registry.search import bits
from registry.search.parameters import SelectionError

CHUNK = 500  # rows between two looks at the clock

Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True)
class Query:
    """A substructure that has been read."""

    compiled: chemistry.Query
    rare_bits: list[int]

    @classmethod
    def read(cls, text: str) -> Self:
        """SMARTS or SMILES. Raises: ChemError."""
        compiled = chemistry.parse_query(text)
        return cls(compiled, bits.rarest(compiled.bits))

    def occurs_in(self, smiles: str) -> bool:
        """Raises: SelectionError when the query is too costly to run."""
        try:
            return self.compiled.matches(smiles)
        except ChemError as error:
            raise SelectionError("substructure", error.message) from error


@dataclass
class Matches:
    """ids: rows that contain the query. truncated: the deadline or the limit came before the last row."""

    ids: list[int] = field(default_factory=list)
    examined: int = 0
    truncated: bool = False


def substructure(query: str, *, limit: int | None = None, deadline: float | None = 5.0) -> Matches:
    """Ids of structures that contain the query. Raises: ChemError."""
    read = Query.read(query)
    return verify(screen(Structure.objects.order_by("pk"), read), read, limit=limit, deadline=deadline)


def screen(rows: QuerySet[Row], query: Query, path: str = "") -> QuerySet[Row]:
    """Rows whose structure, at `path`, has the query's rarest bits: every match, and some that are none."""
    if not query.rare_bits:
        return rows
    return rows.filter(**{f"{path}fingerprint__pattern__contains": query.rare_bits})


def verify(
    rows: QuerySet[Row],
    query: Query,
    smiles: str = "smiles",
    *,
    limit: int | None = None,
    deadline: float | None = None,
) -> Matches:
    """Look at screened rows one by one, in their order.

    smiles: path from a row to its SMILES. limit: matches wanted. deadline: seconds, None for as long as it takes.
    """
    found = Matches()
    end = monotonic() + deadline if deadline is not None else float("inf")
    with transaction.atomic():  # inside one, PostgreSQL streams; outside, it would collect all rows first
        for pk, text in rows.values_list("pk", smiles).iterator(chunk_size=CHUNK):
            if monotonic() > end or (limit is not None and len(found.ids) >= limit):
                found.truncated = True
                break
            found.examined += 1
            if query.occurs_in(text):
                found.ids.append(pk)
    return found
