"""Which of our structures stand in a table that may be a hundred times as long.

Working out the identity of each of its rows would take minutes. But only rows that may be one of ours matter, and most
can be ruled out by their text: equal polymers have the same atoms and rings per atom however they are written, cut or
doubled. What is left is identified.
"""

import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import partial

from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity, Kind
from mlcore.data.identities import identities
from mlcore.processes import Workers

Signature = tuple[tuple[str, int], ...]

_TOKEN = re.compile(r"\[\d*([A-Za-z][a-z]?|\*)[^\]]*\]|(Br|Cl|[BCNOPSFIbcnops])|(%\(\d+\)|%\d\d|\d)")
_IGNORED = {"H", "*", "Cu", "Ag", "Au"}  # hydrogens may be written or not; the others mark ends
_RING = "ring"
_UNCLEAR = (".", "[#")  # atoms may be bonded across a dot; elements may be written as numbers
_BATCH = 4096


def occurring(
    ours: Iterable[Identity], table: Sequence[str], kind: Kind, workers: Workers | None = None
) -> tuple[set[str], int]:
    """The keys of those of ours that stand in the table, however they are written there; and how many of the table's
    strings had to be identified.
    """
    wanted = {one.key: signature(one.smiles) for one in ours}
    batches = [table[start : start + _BATCH] for start in range(0, len(table), _BATCH)]
    look = partial(_candidates, wanted=frozenset(wanted.values()))
    found = workers.map(look, batches) if workers else map(look, batches)
    texts = list(dict.fromkeys(text for batch in found for text in batch))
    keys = {one.key for one in identities(texts, kind, workers) if not isinstance(one, ChemError)}
    return keys & wanted.keys(), len(texts)


def _candidates(texts: Sequence[str], wanted: frozenset[Signature]) -> list[str]:
    return [text for text in texts if any(map(text.__contains__, _UNCLEAR)) or signature(text) in wanted]


def signature(text: str) -> Signature:
    """Numbers of heavy atoms by element and of rings, without their common divisor: equal for all spellings of one
    polymer. Not so of a text with one of `_UNCLEAR`.
    """
    counts = Counter(text_of(*token) for token in _TOKEN.findall(text))
    for name in _IGNORED:
        counts.pop(name, None)
    counts[_RING] //= 2  # each closure is written twice
    divisor = math.gcd(*counts.values()) or 1
    return tuple(sorted((name, count // divisor) for name, count in counts.items() if count))


def text_of(bracketed: str, plain: str, closure: str) -> str:
    """The element of an atom, aromatic or not, or the word for a ring closure."""
    return _RING if closure else (bracketed or plain).capitalize()
