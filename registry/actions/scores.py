"""Which predictions the candidate list shows: for each property the newest one of the leading line's champion."""

from collections.abc import Collection, Mapping

from django.db import connection

from registry.actions.leading_lines import leading_versions
from registry.models import ModelVersion

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
FROM unnest(%(led)s::bigint[], %(versions)s::bigint[]) AS line (property_id, version_id)
JOIN registry_prediction p ON p.property_id = line.property_id AND p.model_version_id = line.version_id
JOIN registry_candidate candidate ON candidate.structure_id = p.structure_id
WHERE %(structures)s::bigint[] IS NULL OR p.structure_id = ANY(%(structures)s)
ORDER BY candidate.id, p.property_id, p.id DESC
"""


def refresh_scores(properties: Collection[int]) -> None:
    """Rewrite the scores of these properties, of all candidates. In a transaction."""
    _lock()
    _rewrite(properties, leading_versions(properties), None)


def refresh_scores_by(version: ModelVersion, structures: Collection[int]) -> None:
    """Rewrite the scores of these structures' candidates that the version gives; none where it leads for nothing."""
    _lock()
    leading = leading_versions(version.properties.values_list("pk", flat=True))
    mine = {item: leader for item, leader in leading.items() if leader == version.pk}
    if mine:
        _rewrite(mine, mine, structures)


def _lock() -> None:
    """Before anybody looks who leads: whoever changes that holds it until it is written."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _rewrite(properties: Collection[int], leading: Mapping[int, int], structures: Collection[int] | None) -> None:
    wanted = {
        "properties": list(properties),
        "structures": None if structures is None else list(structures),
        "led": list(leading),
        "versions": list(leading.values()),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLEAR, wanted)
        cursor.execute(_FILL, wanted)
