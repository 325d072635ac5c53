"""Identities of many structures at once."""

from collections.abc import Iterator, Sequence

from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity, Kind, identify_many

_WORTH_A_POOL = 2000
"""Structures for which starting other processes pays."""


def identities(texts: Sequence[str], kind: Kind) -> Iterator[Identity | ChemError]:
    """One answer per text, in order: its identity, or why it has none. Many texts are shared out among the cores."""
    return identify_many(texts, kind, processes=None if len(texts) >= _WORTH_A_POOL else 1)
