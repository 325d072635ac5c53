"""What a hostile or careless client may try at the API."""

import json
from collections.abc import Callable
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client
from rest_framework.test import APIClient

from registry.models import Candidate, Dataset, Job, Schedule, Structure
from tests import factories

pytestmark = pytest.mark.django_db

INJECTIONS = (
    "' OR 1=1 --",
    "1; DROP TABLE registry_tag; --",
    "%27%20OR",
    "a' UNION SELECT key FROM authtoken_token --",
)
PATHS = ("../../etc/passwd", "..%2F..%2Fetc%2Fpasswd", "/etc/passwd", "%00", "....//....//etc/passwd")


def api(role: str = "Viewer") -> APIClient:
    client = APIClient()
    client.force_authenticate(factories.user(role))
    return client


@pytest.mark.parametrize("text", INJECTIONS)
def test_sql_in_a_filter_is_text(text: str) -> None:
    tag = factories.tag()
    client = api()
    assert client.get("/api/v1/tags/", {"name": text}).data["results"] == []
    for refused in ({"sort": text}, {"ids": text}, {"cursor": text}, {text: "1"}, {"page_size": text}):
        assert client.get("/api/v1/tags/", refused).status_code == 400, refused
    for name in ("status", "conductivity_min", "run", "smiles", "similar_to"):
        assert client.get("/api/v1/candidates/", {name: text}).status_code == 400, name
    assert client.get("/api/v1/candidates/", {"search": text, "tag": text}).data["results"] == []
    assert client.get("/api/v1/tags/").data["results"][0]["id"] == tag.pk


@pytest.mark.parametrize("value", ["1e400", "nan", "-inf", "9" * 400, "0x10", "١٢"])
def test_numbers_that_are_none_are_refused(value: str) -> None:
    factories.property_()
    answer = api().get("/api/v1/candidates/", {"conductivity_min": value})
    assert answer.status_code in (200, 400)
    assert api().get("/api/v1/tags/", {"ids": value}).status_code == (200 if value == "١٢" else 400)


@pytest.mark.parametrize("size", ["0", "-1", "1001", "999999999999999999999", "1.5", "٣", ""])
def test_page_size_has_bounds(size: str) -> None:
    answer = api().get("/api/v1/tags/", {"page_size": size})
    assert answer.status_code == 400
    assert answer.data["errors"][0]["field"] == "page_size"


def test_nul_bytes_are_refused() -> None:
    client = api("Curator")
    assert client.get("/api/v1/tags/?name=%00").status_code == 400
    assert client.get("/api/v1/candidates/?search=%00").status_code == 400
    for path in ("datasets/", "tags/"):
        body = {"name": "a\0b", "slug": "a"}
        assert client.post(f"/api/v1/{path}", body, format="json").status_code == 400


@pytest.mark.parametrize("path", PATHS)
def test_downloads_take_no_paths(path: str) -> None:
    version, export = factories.model_version(), factories.export_run()
    client = api()
    for address in (
        f"/api/v1/model-versions/{path}/bundle/",
        f"/api/v1/export-runs/{path}/file/",
        f"/api/v1/model-versions/{version.pk}/bundle/{path}",
        f"/api/v1/export-runs/{export.pk}/file/{path}",
    ):
        assert client.get(address).status_code == 404, address


def test_a_lost_artifact_is_said_to_be_lost() -> None:
    answer = api().get(f"/api/v1/model-versions/{factories.model_version().pk}/bundle/")
    assert answer.status_code == 410
    assert "No artifact" in answer.data["errors"][0]["message"]


def test_texts_are_sent_as_texts() -> None:
    """A model card with a script in it, and a drawing, run nothing in a browser."""
    version = factories.model_version(card="<script>alert(1)</script>")
    card = api().get(f"/api/v1/model-versions/{version.pk}/card/")
    assert card["Content-Type"] == "text/markdown; charset=utf-8"
    assert card["X-Content-Type-Options"] == "nosniff"
    svg = api().get(f"/api/v1/structures/{factories.structure().pk}/svg/")
    assert svg["Content-Type"] == "image/svg+xml"
    assert svg["X-Content-Type-Options"] == "nosniff"
    assert "default-src 'none'" in svg["Content-Security-Policy"]


def test_errors_do_not_echo_html() -> None:
    answer = api().get("/api/v1/structures/", {"smiles": "<script>alert(1)</script>"})
    assert answer.status_code == 400
    assert answer["Content-Type"] == "application/json"


def test_a_drawing_holds_nothing_of_the_request() -> None:
    structure = factories.structure()
    Structure.objects.filter(pk=structure.pk).update(formula="<script>")
    assert b"<script" not in api().get(f"/api/v1/structures/{structure.pk}/svg/").content


def test_read_only_fields_stay_as_they_are() -> None:
    client = api("Engineer")
    dataset = factories.dataset()
    answer = client.patch(f"/api/v1/datasets/{dataset.pk}/", {"id": 1, "created_at": "2000-01-01T00:00:00Z"})
    assert answer.status_code == 400
    dataset.refresh_from_db()
    assert dataset.created_at.year > 2000
    body = {"name": "nightly", "cron": "0 3 * * *", "model": factories.registered_model().name,
            "dataset": dataset.slug, "last_outcome": "forged", "created_by": factories.user().username}  # fmt: skip
    made = client.post("/api/v1/schedules/", body)
    assert made.status_code == 400
    assert not Schedule.objects.exists()


def test_decisions_are_made_in_ones_own_name() -> None:
    candidate, other = factories.candidate(), factories.user("Curator")
    body = {"verdict": "accept", "reviewer": other.username, "status": "rejected", "undoes": 1}
    made = api("Curator").post(f"/api/v1/candidates/{candidate.pk}/decide/", body)
    assert made.status_code == 400
    assert Candidate.objects.get().status == "proposed"


@pytest.mark.parametrize("method", ["put", "patch", "delete"])
def test_what_is_written_by_actions_cannot_be_overwritten(method: str) -> None:
    client = APIClient()
    client.force_authenticate(factories.user("Engineer", is_superuser=True))
    job = factories.job()
    for path, row in {
        "jobs": job,
        "structures": factories.structure(),
        "candidates": factories.candidate(),
        "decisions": factories.decision(),
        "predictions": factories.prediction(),
        "measurements": factories.measurement(),
        "dataset-versions": factories.dataset_version(),
        "model-versions": factories.model_version(),
    }.items():
        answer = getattr(client, method)(f"/api/v1/{path}/{row.pk}/", {"state": "succeeded", "status": "accepted"})
        assert answer.status_code == 405, path
    assert Job.objects.get(pk=job.pk).state == "queued"


def test_a_session_needs_the_csrf_token() -> None:
    curator, candidate = factories.user("Curator"), factories.candidate()
    browser = Client(enforce_csrf_checks=True)
    browser.force_login(curator)
    address = f"/api/v1/candidates/{candidate.pk}/decide/"
    send: Callable[..., object] = lambda **headers: browser.post(  # noqa: E731
        address, json.dumps({"verdict": "accept"}), content_type="application/json", headers=headers
    )
    assert send().status_code == 403
    browser.get("/admin/")
    browser.cookies["csrftoken"] = token = "a" * 32
    assert send(**{"X-CSRFToken": token}).status_code == 201


@pytest.mark.parametrize(
    "body",
    [
        "[" * 100_000,
        '{"name": "' + "x" * 20_000_000 + '"}',
        '{"name": NaN}',
        '{"name": "\\u0000", "slug": "x"}',
        '{"name": "\\ud800", "slug": "x"}',
        "\xff\xfe",
        "null",
        "[]",
        "",
    ],
    ids=["deep", "huge", "nan", "nul", "half a surrogate", "no text", "null", "list", "empty"],
)
def test_bodies_that_are_no_request(body: str) -> None:
    answer = api("Chemist").post("/api/v1/datasets/", body.encode("latin-1"), content_type="application/json")
    assert answer.status_code in (400, 413)
    assert set(answer.data["errors"][0]) == {"field", "message"}
    assert not Dataset.objects.exists()


def test_a_json_body_is_not_read_beyond_its_bound() -> None:
    body = json.dumps({"name": "x" * settings.DATA_UPLOAD_MAX_MEMORY_SIZE})
    answer = api("Chemist").post("/api/v1/datasets/", body, content_type="application/json")
    assert answer.status_code == 413


def test_guessing_passwords_is_slowed_down() -> None:
    cache.clear()
    factories.user(username="ada", password="right horse battery")
    client = APIClient()
    wrong = [client.post("/api/v1/token/", {"username": "ada", "password": str(n)}).status_code for n in range(12)]
    assert wrong == [400] * 10 + [429] * 2
    cache.clear()
    right = client.post("/api/v1/token/", {"username": "ada", "password": "right horse battery"})
    assert right.status_code == 200
    client.credentials(HTTP_AUTHORIZATION=f"Token {right.data['token']}")
    assert client.get("/api/v1/tags/").status_code == 403
    cache.clear()


@pytest.mark.parametrize("header", ["Token nonsense", "Token", "Token a b", "Bearer x", "Token \xff"])
def test_a_wrong_token_is_nobody(header: str) -> None:
    answer = APIClient().get("/api/v1/tags/", headers={"Authorization": header})
    assert answer.status_code == 401


@pytest.mark.parametrize("path", ["tags", "jobs", "structures", "candidates"])
@pytest.mark.parametrize("pk", ["0", "-1", "1e3", "٣", "9" * 50, "'", quote("1 OR 1=1")])
def test_ids_that_are_none_are_not_found(path: str, pk: str) -> None:
    assert api().get(f"/api/v1/{path}/{pk}/").status_code == 404
