"""Groups of a new installation. Administrators may change them; a migration never takes a change back."""

from django.apps import AppConfig
from django.contrib.auth.models import Group, Permission
from django.db.models import Q

EXPORT = {"add_exportrun"}
BRING_DATA = {
    "add_dataset",
    "change_dataset",
    "add_datasetversion",
    "add_importrun",
    "add_measurement",
    "change_measurement",
    "add_property",
    "change_property",
}
RUN_MODELS = {"add_generationrun", "add_scoringrun", "cancel_job"}
BUILD_MODELS = {
    "add_registeredmodel",
    "change_registeredmodel",
    "add_modelversion",
    "add_trainingrun",
    "add_alias",
    "change_alias",
    "add_schedule",
    "change_schedule",
    "delete_schedule",
}
CURATE = {
    "decide_candidate",
    "add_decision",
    "add_candidate",
    "change_candidate",
    "add_tag",
    "change_tag",
    "delete_tag",
}

ROLES: dict[str, set[str]] = {  # beside reading everything
    "Viewer": set(),
    "Chemist": EXPORT | BRING_DATA,
    "Curator": EXPORT | BRING_DATA | RUN_MODELS | CURATE,
    "Engineer": EXPORT | BRING_DATA | RUN_MODELS | BUILD_MODELS,
}


def create_roles(sender: AppConfig, **_: object) -> None:
    """Make the groups that do not exist yet, after permissions do (post_migrate)."""
    ours = Permission.objects.filter(content_type__app_label="registry")
    for name, codenames in ROLES.items():
        group, created = Group.objects.get_or_create(name=name)
        if created:
            group.permissions.set(ours.filter(Q(codename__startswith="view_") | Q(codename__in=codenames)))
