"""What is answered when no view could: a page for people, JSON for programs, and the id that the log has."""

import logging

import pytest
from django.conf import settings
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError, connection
from django.http import HttpRequest
from django.test import Client, override_settings
from django.urls import path

from registry import urls as site
from tests import factories

WORDS = {
    "/boom/": (500, "Something failed on our side"),
    "/denied/": (403, "You may not do this"),
    "/strange/": (400, "This request cannot be read"),
    "/nowhere/": (404, "There is no such page"),
}


def boom(request: HttpRequest) -> None:
    raise RuntimeError("a secret of the server")


def denied(request: HttpRequest) -> None:
    raise PermissionDenied("ada lacks the permission <b>registry.fly</b>.")


def strange(request: HttpRequest) -> None:
    raise SuspiciousOperation


def lost(request: HttpRequest) -> None:
    raise DatabaseError("the database is gone")


handler400, handler403, handler404, handler500 = (
    getattr(site, f"handler{code}") for code in (400, 403, 404, 500)
)  # fmt: skip
urlpatterns = [
    *(path(f"{name}/", view) for name, view in {"boom": boom, "denied": denied, "strange": strange}.items()),
    *(path(f"api/v1/{name}/", view) for name, view in {"boom": boom, "denied": denied, "lost": lost}.items()),
    *site.urlpatterns,
]
here = override_settings(ROOT_URLCONF=__name__)


@pytest.fixture
def browser() -> Client:
    return Client(raise_request_exception=False)


@here
@pytest.mark.parametrize("address", WORDS)
def test_pages_say_what_happened_and_carry_the_id(browser: Client, address: str) -> None:
    """Without a database: none of these tests is allowed one."""
    status, words = WORDS[address]
    answer = browser.get(address, headers={"X-Request-ID": "night-7"})
    text = answer.content.decode()
    assert answer.status_code == status
    assert words in text
    assert "<code>night-7</code>" in text
    assert answer["X-Request-ID"] == "night-7"
    assert "secret" not in text
    assert "<b>registry.fly" not in text
    assert "static/" not in text  # nothing that could be missing, too


@here
@pytest.mark.parametrize(
    ("address", "status"),
    [("/api/v1/boom/", 500), ("/api/v1/denied/", 403), ("/api/nothing", 404), ("/api/v1/tags/abc/", 404),
     ("/api/v1/lost/", 500)],
)  # fmt: skip
def test_programs_get_problem_details(browser: Client, address: str, status: int) -> None:
    answer = browser.get(address, headers={"X-Request-ID": "night-8"})
    problem = answer.json()
    assert answer.status_code == problem["status"] == status
    assert answer["Content-Type"] == "application/problem+json"
    assert problem["request_id"] == "night-8"
    assert problem["errors"] == [{"field": "", "message": problem["detail"]}]
    assert "secret" not in problem["detail"]


def test_an_unknown_api_address_says_where_the_list_is(browser: Client) -> None:
    problem = browser.get("/api/v1/candidate/").json()
    assert problem["title"] == "Not Found"
    assert "/api/v1/candidate/" in problem["detail"]
    assert "/api/docs/" in problem["detail"]


@pytest.mark.django_db
def test_a_missing_slash_is_still_put_right(client: Client) -> None:
    answer = client.get("/api/v1/tags")
    assert answer.status_code == 301
    assert answer["Location"] == "/api/v1/tags/"


@here
@pytest.mark.parametrize("address", ["/boom/", "/nowhere/"])
def test_the_log_has_the_id(browser: Client, caplog: pytest.LogCaptureFixture, address: str) -> None:
    line = settings.LOGGING["filters"]["request_id"]["()"]
    assert settings.LOGGING["handlers"]["console"]["filters"] == ["request_id"]
    assert "%(request_id)s" in settings.LOGGING["formatters"]["line"]["format"]
    module, _, name = line.rpartition(".")
    handler = caplog.handler
    handler.addFilter(getattr(__import__(module, fromlist=[name]), name)())
    browser.get(address, headers={"X-Request-ID": "night-9"})
    logging.getLogger("registry").warning("between requests")
    ids = {record.name: record.request_id for record in caplog.records}
    assert ids["django.request"] == "night-9"
    assert ids["registry"] == "-"


@pytest.mark.django_db
def test_an_expired_form_is_explained() -> None:
    client = Client(enforce_csrf_checks=True)
    answer = client.post("/admin/login/", {"username": "ada"}, headers={"X-Request-ID": "night-10"})
    text = answer.content.decode()
    assert answer.status_code == 403
    assert "The form had expired" in text
    assert "night-10" in text


@pytest.mark.django_db
def test_the_admin_uses_them(client: Client) -> None:
    user: User = factories.user("Viewer", is_staff=True)
    client.force_login(user)
    assert "You may not do this" in client.get("/admin/auth/user/").content.decode()
    assert "There is no such page" in client.get("/admin/nothing/here/").content.decode()
    assert connection.is_usable()
