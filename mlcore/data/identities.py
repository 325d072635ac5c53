"""Identities of many structures at once."""

from collections.abc import Iterator, Sequence

from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity, Kind, identify_many
from mlcore.processes import Workers

_WORTH_A_POOL = 2000
"""Structures for which starting other processes pays."""


def workers_for(structures: int) -> Workers:
    """As many processes as pay for so many structures in all: one per core, or none but this one."""
    return Workers(None if structures >= _WORTH_A_POOL else 1)


def identities(texts: Sequence[str], kind: Kind, workers: Workers | None = None) -> Iterator[Identity | ChemError]:
    """One answer per text, in order: its identity, or why it has none. Many texts are shared out among the cores."""
    if workers:
        yield from identify_many(texts, kind, workers=workers)
    else:
        with workers_for(len(texts)) as crew:
            yield from identify_many(texts, kind, workers=crew)
