"""Everybody's own API token."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from rest_framework.authtoken.models import Token

from tests import factories
from tests.registry.admin.conftest import ROLES

URL = "/admin/api-token/"


def shown(response):
    """The key on the page, or None."""
    found = re.search(r'id="sv-key">(\w+)<', response.content.decode())
    return found and found[1]


def allowed(key):
    return Client().get("/api/v1/tags/", headers={"Authorization": f"Token {key}"}).status_code == 200


@pytest.mark.parametrize("role", [*ROLES, "superuser"])
def test_every_role_makes_its_own_and_sees_it_once(client_of, role):
    client = client_of(role)
    assert "No token yet" in client.get(URL).content.decode()
    made = client.post(URL, {"do": "renew"})
    key = shown(made)
    assert key == Token.objects.get(user=client.user).key
    assert "no-store" in made["Cache-Control"]
    assert allowed(key)
    again = client.get(URL).content.decode()
    assert key not in again
    assert key[:6] in again


def test_renewing_and_revoking_shut_the_old_one_out(client_of):
    client, other = client_of("Curator"), client_of("Curator")
    first, theirs = shown(client.post(URL, {"do": "renew"})), shown(other.post(URL, {"do": "renew"}))
    second = shown(client.post(URL, {"do": "renew"}))
    assert first != second
    assert not allowed(first)
    assert allowed(second)
    answer = client.post(URL, {"do": "revoke"}, follow=True)
    assert "is revoked" in answer.content.decode()
    assert not allowed(second)
    assert allowed(theirs)
    assert client.post(URL, {}).status_code == 302
    assert not Token.objects.filter(user=client.user).exists()  # nothing is made or renewed by accident
    assert "There was no token" in client.post(URL, {"do": "revoke"}, follow=True).content.decode()


def test_the_page_says_how_with_this_sites_address(client_of):
    text = client_of("Chemist").get(URL, headers={"host": "solvate.example.org:8443"}).content.decode()
    assert "http://solvate.example.org:8443/api/v1/candidates/" in text
    assert "http://solvate.example.org:8443/api/docs/" in text
    assert "curl -H" in text


def test_the_user_menu_leads_there(client_of):
    client = client_of("Curator")
    client.user.set_password("right horse battery")
    client.user.save()
    client.force_login(client.user)
    text = client.get(reverse("admin:index")).content.decode()
    assert f'href="{URL}"' in text
    assert f'href="{reverse("admin:password_change")}"' in text
    assert reverse("admin:api_token") == URL


def test_strangers_and_forged_forms_are_refused(client, db):
    assert client.get(URL).status_code == 302
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(factories.user("Curator", is_staff=True))
    assert strict.post(URL, {"do": "renew"}).status_code == 403
    assert not Token.objects.exists()
    assert client.get(reverse("admin:login")).status_code == 200  # the menu is built for nobody, too
