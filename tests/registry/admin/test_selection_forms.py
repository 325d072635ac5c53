"""Many candidates at once: a form with an address of its own, then back to the list, with a word on what was done."""

import re

import pytest
from django.urls import reverse

from registry.admin.parts.said import as_ranges, from_ranges
from registry.models import Candidate, Decision
from tests import factories

LIST = "admin:registry_candidate_changelist"


def ask(client, action, rows, query="", across="0"):
    """Run an action of the list as the browser does."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], "select_across": across}
    return client.post(f"{reverse(LIST)}{query}", data)


def send(client, page, form, **fields):
    """Fill in the form that a GET showed, hidden fields included, and send it."""
    hidden = {field.html_name: field.value() or "" for field in form.context["form"].hidden_fields()}
    return client.post(reverse(f"admin:registry_candidate_{page}"), hidden | fields, follow=True)


def said(response):
    return [str(message) for message in response.context["messages"]]


@pytest.fixture
def four(db):
    """Two that nobody decided on, one accepted, one rejected; all tagged x."""
    statuses = ("proposed", "proposed", "accepted", "rejected")
    return [factories.candidate(status=status, tags=["x"]) for status in statuses]


@pytest.mark.parametrize(
    ("action", "page", "fields", "words"),
    [
        ("accept", "decide", {"verdict": "accept"}, "Accepted 3 candidates. Left out 1 that was accepted already."),
        ("hold", "decide", {"verdict": "hold"}, "Put on hold 4 candidates."),
        ("tag", "tag", {"add": "new", "remove": "x"}, "4 candidates: added new; removed x."),
        ("assign", "assign", {"assignee": ""}, "They were assigned so already."),
    ],
)
def test_back_to_the_list_as_it_was_with_a_word_on_what_was_done(client_of, four, action, page, fields, words):
    client, query = client_of("Curator"), "?tag=x&o=-5"
    asked = ask(client, action, four, query)
    assert asked.status_code == 302
    form = client.get(asked["Location"])
    assert form.status_code == 200
    assert f'href="{reverse(LIST)}?tag=x&amp;o=-5">Back to the list' in form.content.decode()
    done = send(client, page, form, **fields)
    assert done.redirect_chain == [(f"{reverse(LIST)}{query}", 302)]
    (message,) = said(done)
    assert message.partition(" <form")[0] == words


def test_the_form_is_there_again_on_reload(client_of, four):
    client = client_of("Curator")
    address = ask(client, "accept", four[:2])["Location"]
    for _ in range(2):
        form = client.get(address)
        assert (form.status_code, form.context["count"], form.context["form"]["verdict"].value()) == (200, 2, "accept")
    assert not Decision.objects.exists()


def test_all_pages_are_told_by_the_filter(client_of, four):
    client = client_of("Curator")
    address = ask(client, "reject", four[:1], "?status=proposed,rejected&q=x&p=1", across="1")["Location"]
    assert "candidates=" not in address
    form = client.get(address)
    assert form.context["count"] == 3
    send(client, "decide", form, verdict="reject", reason="screened out")
    assert Candidate.objects.filter(status="rejected").count() == 3
    assert Decision.objects.count() == 2


@pytest.mark.parametrize(
    "query", ["", "candidates=", "across=1&next=substructure%3D(((", "across=1&next=status%3Don_hold"]
)
def test_nothing_selected_leads_back_with_a_hint(client_of, four, query):
    response = client_of("Curator").get(f"{reverse('admin:registry_candidate_decide')}?{query}", follow=True)
    assert response.redirect_chain[0][0].startswith(reverse(LIST))
    assert "No candidates are selected: tick some, then run the action again." in said(response)


def test_the_same_verdict_again_only_when_asked_for(client_of, four):
    client = client_of("Curator")
    form = client.get(ask(client, "accept", four)["Location"])
    assert "1 accepted, 1 rejected already" in form.content.decode()
    refused = send(client, "decide", client.get(ask(client, "accept", four[2:3])["Location"]), verdict="accept")
    assert refused.status_code == 422
    assert "All of them have this verdict already" in refused.content.decode()
    assert not Decision.objects.exists()
    done = send(client, "decide", form, verdict="accept", again="on")
    assert said(done)[0].startswith("Accepted 4 candidates. <form")
    assert Decision.objects.count() == 4


def test_without_earlier_verdicts_nobody_is_asked_about_them(client_of, four):
    client = client_of("Curator")
    form = client.get(ask(client, "accept", four[:2])["Location"])
    assert "again" not in form.context["form"].fields


def test_a_comment_leaves_nobody_out(client_of, four):
    client = client_of("Curator")
    done = send(
        client, "decide", client.get(ask(client, "comment", four)["Location"]), verdict="comment", comment="see"
    )
    assert said(done)[0].startswith("Commented on 4 candidates. <form")


def test_a_refused_form_of_the_page_still_leads_back_to_the_page(client_of, four):
    client = client_of("Curator")
    data = {"candidates": four[0].pk, "verdict": "reject", "reason": "", "stay": "tag=x"}
    refused = client.post(reverse("admin:registry_candidate_decide"), data)
    assert refused.status_code == 422
    done = send(client, "decide", refused, verdict="reject", reason="brittle")
    page = reverse("admin:registry_candidate_change", args=[four[0].pk])
    assert done.redirect_chain == [(f"{page}?_changelist_filters=tag%3Dx", 302)]


def test_structures_and_predictions_stand_beside_the_drawings(client_of, four):
    for candidate in four[:2]:
        factories.score(candidate, value=1.8e-4, standard_deviation=0.15, in_domain=False)
    form = client_of("Curator").get(ask(client_of("Curator"), "accept", four[:3])["Location"])
    text = form.content.decode()
    assert text.count('<code class="sv-smiles">') == 3
    assert text.count("1.80×10⁻⁴") == text.count("×/÷ 1.4") == text.count(">out of domain<") == 2
    assert text.count("no prediction") == 1


def press_undo(client, message):
    action = re.search(r'action="([^"]+)"', message).group(1)
    return client.post(action, dict(re.findall(r'name="([^"]+)" value="([^"]*)"', message)), follow=True)


def test_a_decision_on_many_is_taken_back_and_nothing_else_is(client_of, four):
    client, query = client_of("Curator"), "?tag=x"
    factories.decision(candidate=four[0], verdict="hold")
    form = client.get(ask(client, "reject", four[:2], query)["Location"])
    (message,) = said(send(client, "decide", form, verdict="reject", reason="brittle"))
    later = factories.decision(candidate=four[1], verdict="accept")
    undone = press_undo(client, message)
    assert undone.redirect_chain == [(f"{reverse(LIST)}{query}", 302)]
    assert said(undone) == ["Undone 2. All decisions stay on record."]
    assert [Candidate.objects.get(pk=one.pk).status for one in four] == ["on_hold", "accepted", "accepted", "rejected"]
    assert Decision.objects.filter(verdict="undo").count() == 2
    assert not hasattr(later, "undone_by")
    assert said(press_undo(client, message)) == ["All of them have been undone already."]


@pytest.mark.parametrize("decisions", ["", "x", "1-", "9-x", "1-999999999999", "9" * 50, "123456789"])
def test_damaged_undo_is_told(client_of, db, decisions):
    data = {"decisions": decisions}
    response = client_of("Curator").post(reverse("admin:registry_decision_undo_many"), data, follow=True)
    assert response.status_code == 200
    assert len(said(response)) == 1
    assert not Decision.objects.exists()


def test_only_curators_take_back(client_of, db):
    data = {"decisions": str(factories.decision().pk)}
    assert client_of("Chemist").post(reverse("admin:registry_decision_undo_many"), data).status_code == 403
    assert client_of("Curator").get(reverse("admin:registry_decision_undo_many"), data).status_code == 405


def test_ranges_name_exactly_their_ids():
    assert as_ranges([7, 1, 2, 3]) == "1-3,7"
    assert from_ranges("1-3,7", 4) == [1, 2, 3, 7]
    with pytest.raises(ValueError, match="More than 3"):
        from_ranges("1-3,7", 3)
