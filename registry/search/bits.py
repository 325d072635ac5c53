"""Which bits of the pattern fingerprint are rare, so that a screen asks for those alone.

A pattern fingerprint sets about 340 of its 2,048 bits, and most of a query's bits are set nearly everywhere. An
inverted index answers "has these few rare bits" much faster than "has all of these bits", and loses next to nothing.
"""

from collections.abc import Collection

from django.core.cache import cache
from django.db import connection

ENOUGH = 6  # bits a query; 4 to 8 screen about as well
SAMPLE_ROWS = 5_000
CACHE_SECONDS = 3_600

_SAMPLE = """
SELECT bit, count(*) FROM (SELECT unnest(pattern) AS bit FROM registry_fingerprint TABLESAMPLE SYSTEM (%s)) AS bits
GROUP BY bit
"""
_ROWS = "SELECT reltuples FROM pg_class WHERE oid = 'registry_fingerprint'::regclass"


def rarest(bits: Collection[int], count: int = ENOUGH) -> list[int]:
    """The `count` bits that the fewest structures have."""
    frequency = cache.get_or_set("pattern_bit_frequencies", _sample, CACHE_SECONDS)
    return sorted(bits, key=lambda bit: (frequency.get(bit, 0), bit))[:count]


def _sample() -> dict[int, int]:
    """How many of some thousand structures have each bit; reads the pages of a few, whatever the table's size."""
    with connection.cursor() as cursor:
        cursor.execute(_ROWS)
        rows = cursor.fetchone()[0]
        cursor.execute(_SAMPLE, [100 * min(1, SAMPLE_ROWS / max(rows, 1))])
        return dict(cursor.fetchall())
