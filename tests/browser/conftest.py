"""A real browser, where there is one."""

import os
import shutil
from collections.abc import Iterator

import pytest

from tests import factories
from tests.browser.site import PASSWORD

# Playwright keeps an event loop in this thread, and Django would take the tests' own queries for asynchronous ones.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
             "--disable-component-update", "--disable-sync"]  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[object]:
    path = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if path is None:
        pytest.skip("no chromium on this machine: apt-get install chromium")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        yield browser
        browser.close()


@pytest.fixture
def tab(browser, live_server) -> Iterator[object]:
    """A fresh tab; a script error on any page fails the test."""
    context = browser.new_context(base_url=live_server.url, viewport={"width": 1440, "height": 900})
    context.set_default_timeout(15_000)
    page, errors = context.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    yield page
    context.close()
    assert errors == []


@pytest.fixture
def curator():
    user = factories.user("Curator", username="grace", is_staff=True)
    user.set_password(PASSWORD)
    user.save()
    return user


@pytest.fixture
def candidates():
    """Four candidates; the last two are above 1e-4 S/cm, the last the best."""
    made = [factories.candidate(smiles) for smiles in ("*OCC*", "*OCCC*", "*OC(C)C*", "*OCCCC*")]
    for candidate, value in zip(made, (1e-6, 1e-5, 2e-4, 9e-4), strict=True):
        factories.score(candidate, value=value, standard_deviation=0.15)
    return made
