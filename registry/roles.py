"""Groups of a new installation. Administrators may change them; a migration never takes a change back."""

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission

NOUNS = (
    "alias candidate candidatescore dataset datasetversion decision exportrun fingerprint generationrun importrun job "
    "jobevent measurement modelversion prediction property proposal registeredmodel rejectedrow schedule scoringrun "
    "structure tag trainingrun"
).split()

READ = {f"view_{noun}" for noun in NOUNS}
EXPORT = {"add_exportrun"}
BRING_DATA = {"add_dataset", "change_dataset", "add_importrun", "add_datasetversion", "add_measurement",
              "change_measurement", "add_property", "change_property"}  # fmt: skip
RUN_MODELS = {"add_generationrun", "add_scoringrun", "cancel_job"}
BUILD_MODELS = {"add_registeredmodel", "change_registeredmodel", "add_trainingrun", "add_modelversion", "add_alias",
                "change_alias", "add_schedule", "change_schedule", "delete_schedule"}  # fmt: skip
CURATE = {
    "decide_candidate",
    "change_candidate",
    "add_candidate",
    "add_decision",
    "add_tag",
    "change_tag",
    "delete_tag",
}

ROLES = {
    "Viewer": READ,
    "Chemist": READ | EXPORT | BRING_DATA,
    "Curator": READ | EXPORT | BRING_DATA | RUN_MODELS | CURATE,
    "Engineer": READ | EXPORT | BRING_DATA | RUN_MODELS | BUILD_MODELS,
}


def create_roles(sender: AppConfig, **_: object) -> None:
    """Make the groups that do not exist yet, after permissions do (post_migrate)."""
    for name, codenames in ROLES.items():
        group, created = Group.objects.get_or_create(name=name)
        if created:
            group.permissions.set(Permission.objects.filter(content_type__app_label="registry", codename__in=codenames))
