"""The OpenAPI description is complete and is the one in docs/."""

from pathlib import Path

import yaml
from django.core.management import call_command
from django.test import Client

SNAPSHOT = Path(__file__).parents[2] / "docs" / "openapi.yaml"


def test_the_snapshot_is_the_present_description(tmp_path: Path) -> None:
    written = tmp_path / "openapi.yaml"
    call_command("spectacular", file=str(written), fail_on_warn=True, validate=True)
    assert written.read_text() == SNAPSHOT.read_text(), "run `make openapi`"


def test_docs_page_needs_no_network(client: Client) -> None:
    page = client.get("/api/docs/").content.decode()
    assert "swagger-ui-bundle.js" in page
    assert "https://" not in page


def test_every_call_has_a_tag_of_its_noun_and_a_line_that_says_what_it_does() -> None:
    described = yaml.safe_load(SNAPSHOT.read_text())
    calls = {(method, path): call for path, calls in described["paths"].items() for method, call in calls.items()}
    meanings = {tag["name"]: tag["description"] for tag in described["tags"]}
    for place, call in calls.items():
        (tag,) = call["tags"]
        assert meanings[tag], place
        assert 5 < len(call["summary"]) < 100, place
        assert "\n" not in call["summary"], place
        assert "noun" not in call.get("description", ""), place
    assert calls["get", "/api/v1/dataset-versions/"]["tags"] == ["Dataset versions"]
    assert calls["get", "/api/v1/jobs/{job}/events/"]["tags"] == ["Jobs"]
    assert calls["post", "/api/v1/training-runs/"]["summary"] == "Start a training run"
    assert calls["get", "/api/v1/aliases/{id}/"]["summary"] == "Read one alias"
    assert len({call["summary"] for call in calls.values()}) == len(calls)
