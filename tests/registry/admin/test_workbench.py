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


def test_the_least_uncertain_come_first_where_they_are_asked_for(client_of):
    """Its own column of what candidates are ranked by; those without a deviation come last."""
    sure, unsure, unsaid = (factories.candidate() for _ in range(3))
    for candidate, deviation in ((unsure, 0.3), (sure, 0.1), (unsaid, None)):
        factories.score(candidate, standard_deviation=deviation)
    page = client_of("Viewer").get(reverse(LIST), {"o": "4"})
    assert listed(page) == [sure.pk, unsure.pk, unsaid.pk]
    text = page.content.decode()
    assert [text.count(f">×/÷ {factor}<") for factor in ("1.3", "2")] == [1, 1]


def test_values_are_shown_with_their_factor(client_of, scored):
    text = client_of("Viewer").get(reverse(LIST)).content.decode()
    assert "1.00×10⁻⁴" in text
    assert "×/÷ 1.4" in text


@pytest.mark.parametrize("method", ["computed", "dft"])
def test_measured_values_stand_under_the_predicted_ones(client_of, scored, method):
    factories.measurement(structure=scored[0].structure, value=1e-6, temperature_k=298)
    factories.measurement(structure=scored[0].structure, value=2.1e-4, temperature_k=333)
    factories.measurement(structure=scored[1].structure, value=5e-4, method=method)
    density = factories.property_("density", unit="g/cm3", scale="linear")
    factories.measurement(structure=scored[2].structure, property=density, value=1.5)
    text = client_of("Viewer").get(reverse(LIST)).content.decode()
    assert "measured 2.10×10⁻⁴ at 333 K, 1 more" in text
    assert "computed 5.00×10⁻⁴<" in text
    assert text.count("measured ") == 1


def order_links(response):
    """Where a click on each header leads: the order it asks for."""
    return re.findall(r'<a href="\?[^"]*?\bo=([-.\d]*)[^"]*">', response.content.decode())


@pytest.mark.parametrize(("better", "first"), [("higher", "-3"), ("lower", "3")])
def test_the_first_click_on_a_property_sorts_the_best_first_and_alone(client_of, scored, better, first):
    type(factories.property_()).objects.update(better=better)
    client = client_of("Curator")
    by_status = order_links(client.get(reverse(LIST), {"o": "2"}))
    assert first in by_status
    assert not any("." in order for order in by_status)
    again = order_links(client.get(reverse(LIST), {"o": first}))
    assert ("3" if first == "-3" else "-3") in again


def test_a_candidate_is_found_by_its_number_and_shows_it(client_of, scored):
    response = client_of("Viewer").get(reverse(LIST), {"q": str(scored[1].pk)})
    assert listed(response) == [scored[1].pk]
    assert f"candidate {scored[1].pk} ·" in response.content.decode()
    assert listed(client_of("Viewer").get(reverse(LIST), {"q": "9" * 40})) == []


@pytest.mark.parametrize("chosen", [{}, {"status": "accepted"}, {"status": "rejected"}])
def test_tabs_count_within_the_other_filters(client_of, db, chosen):
    for status, tag in (("accepted", "a"), ("proposed", "a"), ("proposed", "b"), ("rejected", "b")):
        factories.candidate(status=status, tags=[tag])
    tabs = client_of("Viewer").get(reverse(LIST), {"tag": "a"} | chosen).context["status_tabs"]
    assert {tab.label: tab.count for tab in tabs} == {
        "All": 2, "Proposed": 1, "Accepted": 1, "Rejected": 0, "On hold": 0,
    }  # fmt: skip
    assert [tab.label for tab in tabs if tab.active] == [chosen.get("status", "all").capitalize()]
    assert all("tag=a" in tab.url for tab in tabs)


def test_tabs_of_a_filter_that_cannot_be_read(client_of, scored):
    response = client_of("Viewer").get(reverse(LIST), {"run": "x", "status": "proposed"})
    assert {tab.count for tab in response.context["status_tabs"]} == {0}


def test_show_all_keeps_the_filters(client_of, db):
    for number in range(52):
        factories.candidate(tags=["a"] if number else [])
    text = client_of("Viewer").get(reverse(LIST), {"tag": "a", "o": "2"}).content.decode()
    assert "51 results" in text
    links = re.findall(r'<a href="([^"]*)"[^>]*>\s*Show all', text)
    assert links
    assert all("tag=a" in link for link in links)


@pytest.mark.parametrize(("factor", "count"), [("1.3", 0), ("1.4", 3), ("1,5", 3), ("2", 3)])
def test_an_uncertainty_is_typed_as_the_factor_that_the_list_shows(client_of, scored, factor, count):
    client = client_of("Viewer")
    response = client.get(reverse(LIST), {"conductivity_factor_max": factor, "status": "proposed"}, follow=True)
    [(moved, _)] = response.redirect_chain
    address, _, decades = moved.rpartition("=")
    assert address == "?status=proposed&conductivity_std_max"  # what the API takes
    assert 10 ** float(decades) == pytest.approx(float(factor.replace(",", ".")) + 0.05, abs=1e-4)  # so it is shown
    assert len(listed(response)) == count
    [box] = re.findall(r'<input[^>]*name="conductivity_factor_max"[^>]*>', response.content.decode())
    assert f'value="{factor.replace(",", ".")}"' in box
    assert 'placeholder="×/÷ up to"' in box


@pytest.mark.parametrize("factor", ["0.15", "much", "inf", "nan"])
def test_what_is_no_factor_is_told(client_of, scored, factor):
    response = client_of("Viewer").get(reverse(LIST), {"conductivity_factor_max": factor}, follow=True)
    assert f"expected a factor of at least 1, such as 1.4; {factor} was left out" in response.content.decode()
    assert len(listed(response)) == 3


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
    known = reverse("admin:registry_structure_change", args=[candidate.structure_id])
    for piece in (
        "1.80×10⁻⁴",
        "×/÷ 1.4",
        "90 % interval: 1.02×10⁻⁴ to 3.18×10⁻⁴ S/cm",
        "out of domain",
        "2.50×10⁻⁴",
        f'href="{known}"',
        "[Cu]OCCC[Au]",
        str(proposal.run),
        "ether",
    ):
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


def test_the_list_of_decisions_names_the_structure_and_says_what_stands(client_of, scored):
    client = client_of("Curator")
    for candidate in scored[:2]:
        data = {"candidates": candidate.pk, "verdict": "accept", "stay": ""}
        client.post(reverse("admin:registry_candidate_decide"), data)
    client.post(reverse("admin:registry_decision_undo", args=[scored[0].decisions.get().pk]))
    text = client.get(reverse("admin:registry_decision_changelist")).content.decode()
    assert text.count(">stands<") == 1
    assert text.count(f"undone by {client.user.username}") == 1
    assert f'<code class="sv-smiles">{scored[1].structure.smiles}</code>' in text


def test_the_history_of_a_schedule_is_what_triggers_recorded(client_of):
    schedule = factories.schedule(name="nightly")
    schedule.cron = "0 4 * * *"
    schedule.save()
    client = client_of("Engineer")
    text = client.get(reverse("admin:registry_schedule_history", args=[schedule.pk])).content.decode()
    assert "0 4 * * *" in text
    assert "created" in text
    assert client.get(reverse("admin:registry_schedule_history", args=[9999])).status_code == 302
