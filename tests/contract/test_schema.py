"""The OpenAPI description is complete and is the one in docs/."""

from pathlib import Path

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
