"""What the script of a candidate's page adds: words are asked for at the field, a refusal leaves the page's address."""

import pytest

from registry.models import Decision
from tests.browser.site import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def page_of(candidate):
    return f"/admin/registry/candidate/{candidate.pk}/change/"


def test_a_rejection_without_a_reason_is_asked_for_it_at_the_field(tab, curator, candidates):
    log_in(tab)
    tab.goto(page_of(candidates[0]))
    tab.get_by_label("Comment").fill("too waxy")
    tab.get_by_role("button", name="Reject").click()
    reason = tab.get_by_label("Reason")
    assert reason.evaluate("field => field.validationMessage") == "Give the reason for the rejection."
    assert not Decision.objects.exists()
    reason.fill("melts")
    tab.get_by_role("button", name="Reject").click()
    tab.locator("#decisions").get_by_text("too waxy").wait_for()
    assert Decision.objects.get().reason == "melts"


def test_undo_in_the_message_goes_back_to_its_candidate(tab, curator, candidates):
    log_in(tab)
    tab.goto(f"{page_of(candidates[3])}?_changelist_filters=o%3D-3")
    tab.get_by_label("then open the next candidate").check()
    tab.get_by_role("button", name="Hold").click()
    tab.get_by_role("link", name=f"candidate {candidates[3].pk}", exact=True).wait_for()
    assert page_of(candidates[2]) in tab.url
    tab.locator(".sv-undo button").click()
    tab.wait_for_url(f"**{page_of(candidates[3])}*")
    candidates[3].refresh_from_db()
    assert candidates[3].status == "proposed"


def test_a_refused_comment_comes_back_at_the_page_of_the_candidate(tab, curator, candidates):
    log_in(tab)
    tab.goto(page_of(candidates[0]))
    tab.get_by_role("button", name="Comment").click()
    tab.get_by_text("Write the comment.").wait_for()
    assert tab.url.endswith(page_of(candidates[0]))
