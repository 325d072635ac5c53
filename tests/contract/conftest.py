"""Clients of the API in each role."""

from collections.abc import Callable

import pytest
from rest_framework.test import APIClient

from tests import factories


@pytest.fixture
def client_of(db: None) -> Callable[[str], APIClient]:
    """A client logged in with that role; "" may do nothing."""

    def make(role: str) -> APIClient:
        client = APIClient()
        client.force_authenticate(factories.user(role))
        return client

    return make


@pytest.fixture
def viewer(client_of: Callable[[str], APIClient]) -> APIClient:
    return client_of("Viewer")
