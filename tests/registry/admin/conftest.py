"""Clients of people in every role."""

import pytest
from django.test import Client

from tests import factories

ROLES = ("Viewer", "Chemist", "Curator", "Engineer")


@pytest.fixture
def client_of(db):
    """client_of("Curator"): a logged-in client; "superuser" may do everything."""

    def make(role: str) -> Client:
        if role == "superuser":
            user = factories.user(is_staff=True, is_superuser=True)
        else:
            user = factories.user(role, is_staff=True)
        client = Client()
        client.force_login(user)
        client.user = user
        return client

    return make
