"""Which predictions the candidate list shows: for each property the newest one of a champion."""

from collections.abc import Collection

from django.db import connection

from registry.models import Alias

_LOCK = 0x5C0DE  # one refresh at a time, so that two cannot overwrite each other with what they saw before the other

_CLEAR = """
DELETE FROM registry_candidatescore score USING registry_candidate candidate
WHERE score.candidate_id = candidate.id AND score.property_id = ANY(%(properties)s)
  AND (%(structures)s::bigint[] IS NULL OR candidate.structure_id = ANY(%(structures)s))
"""

_FILL = """
INSERT INTO registry_candidatescore (candidate_id, property_id, prediction_id, value, standard_deviation, in_domain)
SELECT DISTINCT ON (candidate.id, p.property_id)
       candidate.id, p.property_id, p.id, p.value, p.standard_deviation, p.in_domain
FROM registry_prediction p
JOIN registry_candidate candidate ON candidate.structure_id = p.structure_id
JOIN registry_alias alias ON alias.version_id = p.model_version_id AND alias.name = %(champion)s
WHERE p.property_id = ANY(%(properties)s)
  AND (%(structures)s::bigint[] IS NULL OR p.structure_id = ANY(%(structures)s))
ORDER BY candidate.id, p.property_id, p.id DESC
"""


def refresh_scores(properties: Collection[int], structures: Collection[int] | None = None) -> None:
    """Rewrite the scores of these properties, of all candidates or of those of some structures. In a transaction."""
    wanted = {
        "properties": list(properties),
        "structures": None if structures is None else list(structures),
        "champion": Alias.CHAMPION,
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_CLEAR, wanted)
        cursor.execute(_FILL, wanted)
