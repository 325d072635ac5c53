"""Scores written before lines led: any champion's newest prediction was shown, now that of the leading line's.

Nobody has chosen a line yet, so that the one whose champion has predicted a property longest leads, of those that need
not be told conditions, where there are such.
"""

from django.db import migrations

REWRITE = """
DELETE FROM registry_candidatescore;
WITH line AS (
    SELECT DISTINCT ON (predicts.property_id) predicts.property_id, predicts.modelversion_id AS version_id
    FROM registry_modelversion_properties predicts
    JOIN registry_alias alias ON alias.version_id = predicts.modelversion_id AND alias.name = 'champion'
    JOIN registry_registeredmodel model ON model.id = alias.model_id AND model.task = 'predict'
    JOIN registry_modelversion version ON version.id = predicts.modelversion_id
    ORDER BY predicts.property_id, version.config #> '{data,conditions,0}' IS NOT NULL, (
        SELECT min(event.pgh_id) FROM registry_aliasevent event
        JOIN registry_modelversion_properties knew ON knew.modelversion_id = event.version_id
        WHERE event.model_id = alias.model_id AND event.name = 'champion' AND knew.property_id = predicts.property_id
    ), alias.model_id
)
INSERT INTO registry_candidatescore (candidate_id, property_id, prediction_id, value, standard_deviation, in_domain)
SELECT DISTINCT ON (candidate.id, p.property_id)
       candidate.id, p.property_id, p.id, p.value, p.standard_deviation, p.in_domain
FROM line
JOIN registry_prediction p ON p.property_id = line.property_id AND p.model_version_id = line.version_id
JOIN registry_candidate candidate ON candidate.structure_id = p.structure_id
ORDER BY candidate.id, p.property_id, p.id DESC;
"""


class Migration(migrations.Migration):
    dependencies = [("registry", "0010_leading_lines")]

    operations = [migrations.RunSQL(REWRITE, migrations.RunSQL.noop)]
