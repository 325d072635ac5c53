import pytest
from django.contrib.auth.models import Group, User

from registry.apps import RegistryConfig
from registry.roles import ROLES, create_roles

pytestmark = pytest.mark.django_db


def member(role: str) -> User:
    user = User.objects.create_user(role)
    user.groups.add(Group.objects.get(name=role))
    return user


@pytest.mark.parametrize("role", ROLES)
def test_everybody_reads_everything(role):
    user = member(role)
    assert user.has_perms(["registry.view_candidate", "registry.view_measurement", "registry.view_job"])


def test_named_permissions_exist():
    for role, codenames in ROLES.items():
        user = member(role)
        assert user.has_perms(f"registry.{codename}" for codename in codenames), role


def test_only_curators_decide_and_only_engineers_train():
    assert [role for role in ROLES if member(role).has_perm("registry.decide_candidate")] == ["Curator"]
    User.objects.all().delete()
    assert [role for role in ROLES if member(role).has_perm("registry.add_trainingrun")] == ["Engineer"]


def test_an_administrators_change_is_kept():
    group = Group.objects.get(name="Viewer")
    group.permissions.clear()
    create_roles(RegistryConfig)
    assert group.permissions.count() == 0
