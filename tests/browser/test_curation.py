"""A curator's morning: log in, filter, open a candidate, decide, see the decision."""

import re

import pytest

from registry.models import Candidate, Decision
from tests import factories
from tests.browser.site import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_log_in_filter_open_decide_and_see_the_decision(tab, curator, candidates):
    log_in(tab)
    tab.locator("#nav-sidebar-apps").get_by_role("link", name="Candidates").click()
    tab.get_by_role("button", name="Filters", exact=True).click()
    tab.get_by_label("conductivity from (S/cm)").fill("1e-4")
    tab.get_by_role("button", name="Apply Filters").click()
    tab.wait_for_url(re.compile("conductivity_min=1e-4"))
    rows = tab.locator("#result_list .data-row")
    assert rows.count() == 2
    picture = rows.first.locator("img.sv-drawing")
    assert picture.get_attribute("alt") == candidates[3].structure.smiles
    assert picture.evaluate("image => image.decode().then(() => image.naturalWidth)") > 0

    picture.click()
    tab.get_by_role("heading", name="Predicted and measured").wait_for()
    assert tab.get_by_text("1 of 2").is_visible()
    tab.get_by_label("Reason").fill("highest of the run")
    tab.get_by_role("button", name="Accept").click()
    decisions = tab.locator("#decisions")
    decisions.get_by_text("highest of the run").wait_for()
    assert decisions.get_by_text("grace").first.is_visible()
    decision = Decision.objects.get()
    assert (decision.candidate, decision.verdict, decision.reviewer) == (candidates[3], "accept", curator)

    decisions.get_by_role("button", name="Undo").click()
    decisions.get_by_text("undone by grace").wait_for()
    assert Candidate.objects.get(pk=candidates[3].pk).status == "proposed"


def test_keyboard_walks_and_decides(tab, curator, candidates):
    log_in(tab)
    tab.goto("/admin/registry/candidate/?o=-3")
    tab.locator("#result_list .data-row img").first.click()
    tab.get_by_text("1 of 4").wait_for()
    tab.keyboard.press("j")
    tab.get_by_text("2 of 4").wait_for()
    tab.keyboard.press("r")
    tab.keyboard.type("too volatile")
    tab.keyboard.press("Enter")
    tab.locator("#decisions").get_by_text("too volatile").wait_for()
    assert Decision.objects.get().candidate == candidates[2]
    tab.keyboard.press("k")
    tab.get_by_text("1 of 4").wait_for()
    tab.keyboard.press("h")
    tab.locator("#decisions").get_by_text("Hold").first.wait_for()
    assert Candidate.objects.get(pk=candidates[3].pk).status == "on_hold"


def test_bulk_rejection_with_a_reason(tab, curator, candidates):
    log_in(tab)
    tab.goto("/admin/registry/candidate/")
    tab.locator("#action-toggle").check()
    tab.get_by_label("Select action to run").select_option("reject")
    tab.get_by_role("button", name="Run").click()
    tab.get_by_role("heading", name="4 candidates").wait_for()
    tab.get_by_label("Reason").fill("screened out")
    tab.get_by_role("button", name="Record the decision").click()
    tab.get_by_text("Rejected 4 candidates.").wait_for()
    assert Candidate.objects.filter(status="rejected").count() == 4


@pytest.mark.parametrize("width", [390, 1440])
def test_no_page_is_wider_than_the_window(tab, curator, candidates, width):
    log_in(tab)
    tab.set_viewport_size({"width": width, "height": 900})
    job = factories.training_run().job
    for address in (
        "/admin/",
        "/admin/registry/candidate/",
        f"/admin/registry/candidate/{candidates[0].pk}/change/",
        f"/admin/registry/job/{job.pk}/change/",
        "/admin/registry/generationrun/start/",
    ):
        tab.goto(address)
        assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, address


def test_bulk_action_comes_back_to_the_filtered_list_and_back_works(tab, curator, candidates):
    Candidate.objects.filter(pk=candidates[3].pk).update(status="accepted")
    log_in(tab)
    tab.goto("/admin/registry/candidate/?conductivity_min=1e-4&o=-1")
    tab.locator("#action-toggle").check()
    tab.get_by_label("Select action to run").select_option("accept")
    tab.get_by_role("button", name="Run").click()
    tab.get_by_role("heading", name="2 candidates").wait_for()
    tab.get_by_text("1 accepted already").wait_for()
    tab.reload()
    tab.get_by_role("button", name="Record the decision").click()
    tab.get_by_text("Accepted 1 candidate. Left out 1 that was accepted already.").wait_for()
    assert tab.url.endswith("/admin/registry/candidate/?conductivity_min=1e-4&o=-1")
    tab.go_back()
    tab.get_by_role("button", name="Record the decision").wait_for()
    tab.get_by_role("link", name="Back to the list").click()
    tab.get_by_role("link", name="from 1e-4 S/cm").click()
    tab.wait_for_url(re.compile(r"candidate/\?o=-1$"))
    assert tab.locator("#result_list .data-row").count() == 4


@pytest.mark.parametrize("width", [1440, 390])
def test_the_bar_of_a_selection_hides_no_row(tab, curator, candidates, width):
    """Scrolled to the end, the last row ends above the bar; what is ticked has one colour on both stripes."""
    log_in(tab)
    tab.set_viewport_size({"width": width, "height": 500})
    tab.goto("/admin/registry/candidate/")
    rows = tab.locator("#result_list .data-row")
    for place in (2, 3):
        rows.nth(place).locator("input.action-select").check()
    colours = {rows.nth(n).evaluate("row => getComputedStyle(row).backgroundColor") for n in (2, 3)}
    assert len(colours) == 1
    assert rows.nth(1).evaluate("row => getComputedStyle(row).backgroundColor") not in colours
    tab.get_by_text(re.compile("^[0-9]+ candidates?$")).last.scroll_into_view_if_needed()
    tab.mouse.wheel(0, 20_000)
    tab.wait_for_timeout(300)
    last, bar = rows.last.bounding_box(), tab.locator("#changelist-actions").bounding_box()
    assert last["y"] + last["height"] <= bar["y"]
