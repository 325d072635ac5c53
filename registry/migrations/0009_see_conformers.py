"""Whoever may see structures may see their geometries: groups made before there were any do not have the permission."""

from django.db import migrations


def allow(apps, schema_editor):
    groups = apps.get_model("auth", "Group").objects.filter(permissions__codename="view_structure")
    if not groups.exists():  # a new installation: its groups are made with all permissions
        return
    kind, _ = apps.get_model("contenttypes", "ContentType").objects.get_or_create(app_label="registry", model="conformer")
    seeing, _ = apps.get_model("auth", "Permission").objects.get_or_create(
        content_type=kind, codename="view_conformer", defaults={"name": "Can view conformer"}
    )
    for group in groups:
        group.permissions.add(seeing)


class Migration(migrations.Migration):
    dependencies = [
        ("registry", "0008_training_inputs"),
        ("auth", "0012_alter_user_first_name_max_length"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]

    operations = [migrations.RunPython(allow, migrations.RunPython.noop)]
