"""The workbench: filter, open, decide, undo, many at once."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from registry.models import Candidate, Decision
from tests import factories

LIST = "admin:registry_candidate_changelist"


def listed(response):
    return [row.pk for row in response.context["cl"].result_list]


@pytest.fixture
def scored(db):
    """Three candidates; the second is the best."""
    made = [factories.candidate(tags=[name]) for name in ("a", "b", "c")]
    for candidate, value in zip(made, (1e-5, 1e-3, 1e-4), strict=True):
        factories.score(candidate, value=value, standard_deviation=0.15)
    return made


def test_best_first_and_unscored_last(client_of, scored):
    unscored = factories.candidate()
    client = client_of("Curator")
    first, second, third = (one.pk for one in scored)
    assert listed(client.get(reverse(LIST))) == [second, third, first, unscored.pk]
    assert listed(client.get(reverse(LIST), {"o": "3"})) == [first, third, second, unscored.pk]
    assert listed(client.get(reverse(LIST), {"o": "-3"})) == [second, third, first, unscored.pk]


def test_values_are_shown_with_their_factor(client_of, scored):
    text = client_of("Viewer").get(reverse(LIST)).content.decode()
    assert "1.00×10⁻⁴" in text
    assert "×/÷ 1.4" in text


@pytest.mark.parametrize(
    ("query", "places"),
    [
        ({"conductivity_min": "5e-5"}, {1, 2}),
        ({"conductivity_min": "5e-5", "conductivity_max": "5e-4"}, {2}),
        ({"tag": "a"}, {0}),
        ({"status": "proposed", "tag": "b"}, {1}),
        ({"status": "accepted"}, set()),
        ({"q": "c", "tag": "c"}, {2}),
        ({"measured": "true"}, set()),
        ({"conductivity_in_domain": "true"}, {0, 1, 2}),
        ({"conductivity_in_domain": "false"}, set()),
    ],
)
def test_filters(client_of, scored, query, places):
    response = client_of("Viewer").get(reverse(LIST), query)
    assert {scored.index(row) for row in response.context["cl"].result_list} == places


def test_unknown_filter_is_named(client_of, scored):
    response = client_of("Viewer").get(reverse(LIST), {"stauts": "accepted"})
    said = response.content.decode()
    assert "stauts: Unknown parameter; did you mean status? known: " in said
    assert "&lt;property&gt;_std_max" in said
    assert listed(response) == []


@pytest.mark.parametrize("query", [{"conductivity_min": "much"}, {"substructure": "((("}, {"run": "x"}])
def test_unreadable_filter_is_a_message(client_of, scored, query):
    response = client_of("Viewer").get(reverse(LIST), query)
    assert response.status_code == 200
    assert next(iter(query)) in str(next(iter(response.context["messages"])))


def selection(client, action, rows, query="", **extra):
    """POST the list's action as the browser does, and open the form that it leads to."""
    data = {"action": action, "_selected_action": [row.pk for row in rows], "select_across": "0"} | extra
    return client.post(f"{reverse(LIST)}{query}", data, follow=action != "score")


def hidden(response, name):
    return re.search(rf'name="{name}" value="([^"]*)"', response.content.decode()).group(1)


@pytest.mark.parametrize(("verdict", "status"), [("accept", "accepted"), ("reject", "rejected"), ("hold", "on_hold")])
def test_many_at_once(client_of, scored, verdict, status):
    client = client_of("Curator")
    form = selection(client, verdict, scored[:2])
    assert form.status_code == 200
    assert all(row.structure.smiles in form.content.decode() for row in scored[:2])
    data = {"candidates": hidden(form, "candidates"), "verdict": verdict, "reason": "first look"}
    response = client.post(reverse("admin:registry_candidate_decide"), data)
    assert response["Location"] == reverse(LIST)
    assert set(Candidate.objects.filter(status=status)) == set(scored[:2])
    assert {d.reason for d in Decision.objects.all()} == {"first look"}


def test_rejection_without_a_reason_is_asked_for_it(client_of, scored):
    client = client_of("Curator")
    data = {"candidates": f"{scored[0].pk},{scored[1].pk}", "verdict": "reject", "reason": ""}
    response = client.post(reverse("admin:registry_candidate_decide"), data)
    assert response.status_code == 422
    assert "Give the reason for the rejection." in response.content.decode()
    assert not Decision.objects.exists()


def test_all_pages_means_everything_the_filter_selects(client_of, db):
    run = factories.generation_run()
    for _ in range(60):
        factories.proposal(run=run, candidate=factories.candidate())
    factories.candidate()
    client = client_of("Curator")
    first = Candidate.objects.order_by("-pk")[1:2]
    form = selection(client, "accept", first, query=f"?run={run.pk}", select_across="1")
    assert len(hidden(form, "candidates").split(",")) == 60
    assert hidden(form, "next") == f"run={run.pk}"


def test_tag_and_assign_many(client_of, scored):
    client, other = client_of("Curator"), factories.user("Curator")
    ids = hidden(selection(client, "tag", scored), "candidates")
    client.post(reverse("admin:registry_candidate_tag"), {"candidates": ids, "add": "ether, new", "remove": "a"})
    assert {tag.name for tag in scored[0].tags.all()} == {"ether", "new"}
    ids = hidden(selection(client, "assign", scored), "candidates")
    client.post(reverse("admin:registry_candidate_assign"), {"candidates": ids, "assignee": other.pk})
    assert Candidate.objects.filter(assignee=other).count() == 3


def test_score_hands_over_the_filter_or_the_rows(client_of, scored):
    client = client_of("Curator")
    across = selection(client, "score", scored[:1], query="?status=proposed", select_across="1")
    assert "%7B%22status%22%3A+%22proposed%22%7D" in across["Location"]
    rows = client.get(selection(client, "score", scored[:1])["Location"])
    assert json.loads(rows.context["form"]["selection"].value()) == {"ids": [scored[0].pk]}


@pytest.mark.parametrize("role", ["Viewer", "Chemist", "Engineer"])
@pytest.mark.parametrize("page", ["decide", "tag", "assign"])
def test_others_may_not(client_of, scored, role, page):
    data = {"candidates": str(scored[0].pk), "verdict": "accept", "add": "x"}
    assert client_of(role).post(reverse(f"admin:registry_candidate_{page}"), data).status_code == 403
    assert not Decision.objects.exists()


@pytest.mark.parametrize("ids", ["", "1,x", "999999999", "1;2"])
def test_damaged_selection(client_of, db, ids):
    response = client_of("Curator").post(
        reverse("admin:registry_candidate_decide"), {"candidates": ids, "verdict": "accept"}
    )
    assert response.status_code == 422


def test_changes_need_a_csrf_token(db, scored):
    client = Client(enforce_csrf_checks=True)
    client.force_login(factories.user("Curator", is_staff=True))
    data = {"candidates": str(scored[0].pk), "verdict": "accept"}
    assert client.post(reverse("admin:registry_candidate_decide"), data).status_code == 403
    assert client.get(reverse("admin:registry_candidate_decide"), data).status_code == 200
    assert not Decision.objects.exists()


def test_page_shows_all_that_is_known(client_of):
    near = factories.structure("*OCCCC*")
    factories.measurement(structure=near, value=2.5e-4)
    candidate = factories.candidate("*OCCC*", tags=["ether"])
    factories.score(candidate, value=1.8e-4, standard_deviation=0.15, in_domain=False)
    proposal = factories.proposal(candidate=candidate, text="[Cu]OCCC[Au]")
    text = client_of("Viewer").get(reverse("admin:registry_candidate_change", args=[candidate.pk])).content.decode()
    for piece in ("1.80×10⁻⁴", "×/÷ 1.4", "out of domain", "2.50×10⁻⁴", "[Cu]OCCC[Au]", str(proposal.run), "ether"):
        assert piece in text, piece
    assert "Decide</h2>" not in text


def test_decide_and_undo_on_the_page(client_of, scored):
    client, candidate = client_of("Curator"), scored[0]
    page = reverse("admin:registry_candidate_change", args=[candidate.pk])
    data = {"candidates": candidate.pk, "verdict": "accept", "reason": "promising", "stay": "tag=a"}
    response = client.post(reverse("admin:registry_candidate_decide"), data, follow=True)
    assert response.redirect_chain[0][0] == f"{page}?_changelist_filters=tag%3Da"
    assert "promising" in response.content.decode()
    decision = candidate.decisions.get()
    response = client.post(reverse("admin:registry_decision_undo", args=[decision.pk]), {"next": ""}, follow=True)
    candidate.refresh_from_db()
    assert candidate.status == "proposed"
    assert f"undone by {client.user.username}" in response.content.decode()
    again = client.post(reverse("admin:registry_decision_undo", args=[decision.pk]), follow=True)
    assert "already undone" in again.content.decode()


def test_previous_and_next_follow_the_list(client_of, scored):
    client = client_of("Curator")
    page = reverse("admin:registry_candidate_change", args=[scored[2].pk])
    place = client.get(page, {"_changelist_filters": "o=-3"}).context["place"]
    assert (place.number, place.total) == (2, 3)
    assert f"/{scored[1].pk}/" in place.previous
    assert f"/{scored[0].pk}/" in place.following
    assert "_changelist_filters=o%3D-3" in place.following
    alone = client.get(page, {"_changelist_filters": "tag=c"}).context["place"]
    assert (alone.number, alone.total, alone.previous, alone.following) == (1, 1, "", "")


def test_onward_goes_to_the_next_and_nowhere_else(client_of, scored):
    client, following = client_of("Curator"), reverse("admin:registry_candidate_change", args=[scored[1].pk])
    data = {"candidates": scored[0].pk, "verdict": "hold", "stay": ""}
    url = reverse("admin:registry_candidate_decide")
    assert client.post(url, data | {"onward": following})["Location"] == following
    assert "evil.example" not in client.post(url, data | {"onward": "https://evil.example/"})["Location"]


def test_drawing_is_svg_kept_by_the_browser_and_private(client_of, client, scored):
    url = reverse("admin:registry_structure_drawing", args=[scored[0].structure_id])
    response = client_of("Viewer").get(url, {"size": "260x88"})
    assert response["Content-Type"] == "image/svg+xml"
    assert b"<svg" in response.content
    assert "immutable" in response["Cache-Control"]
    assert client_of("Viewer").get(url, {"size": "1x99999999"}).status_code == 200
    assert client.get(url).status_code == 302
