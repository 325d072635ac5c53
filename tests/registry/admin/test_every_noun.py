"""What every noun's admin keeps: it opens for every role, searches, filters, stays cheap, and refuses strangers."""

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.html import escape

from registry.models import Candidate
from tests import factories
from tests.registry.admin.cases import CASES, grow, nouns
from tests.registry.admin.conftest import ROLES

MOST_QUERIES = 19

every_noun = pytest.mark.parametrize("noun", sorted(CASES))


def page(noun, view="changelist", *args):
    return reverse(f"admin:registry_{noun}_{view}", args=args)


def queries_of(client, url):
    cache.clear()
    with CaptureQueriesContext(connection) as queries:
        response = client.get(url)
    assert response.status_code == 200
    return len(queries)


def test_every_noun_has_an_admin_and_a_case():
    registered = {model._meta.model_name for model in admin.site._registry if model._meta.app_label == "registry"}
    assert set(nouns()) == set(CASES) == registered


@every_noun
def test_list_and_page_open_for_every_role(client_of, noun):
    row = CASES[noun].make()
    for role in (*ROLES, "superuser"):
        client = client_of(role)
        assert client.get(page(noun)).status_code == 200, role
        assert client.get(page(noun, "change", row.pk)).status_code == 200, role


@every_noun
def test_empty_list_says_what_to_do(client_of, noun):
    response = client_of("Viewer").get(page(noun))
    hint = response.context["cl"].model_admin.empty_hint
    assert hint
    assert escape(hint) in response.content.decode()


@every_noun
def test_search_and_every_filter(client_of, noun):
    CASES[noun].make()
    client = client_of("superuser")
    assert client.get(page(noun), {"q": "no' such <b>"}).status_code == 200
    response = client.get(page(noun))
    for spec in response.context["cl"].filter_specs:
        for parameter in spec.expected_parameters():
            assert client.get(page(noun), {parameter: "1"}).status_code in (200, 302)


@every_noun
def test_list_is_sorted_by_every_column(client_of, noun):
    grow(noun, 1 if noun == "property" else 2)
    client = client_of("superuser")
    columns = len(client.get(page(noun)).context["cl"].list_display)
    order = ".".join(f"-{place}" for place in range(1, columns))
    assert client.get(page(noun), {"o": order}).status_code == 200


@every_noun
def test_queries_of_a_list_are_few_and_flat(client_of, noun):
    client = client_of("Curator")
    grow(noun, 1)
    client.get(page(noun))
    few = queries_of(client, page(noun))
    grow(noun, 1 if noun == "property" else 5)
    many = queries_of(client, page(noun))
    assert many <= few, f"{few} queries for one row, {many} for six"
    assert many <= MOST_QUERIES


@every_noun
def test_writes_need_permission(client_of, noun):
    row = CASES[noun].make()
    viewer = client_of("Viewer")
    for url in (page(noun, "add"), page(noun, "delete", row.pk)):
        assert viewer.post(url, {"post": "yes"}).status_code == 403
    assert viewer.post(page(noun, "change", row.pk), {}).status_code in (200, 403)
    row.refresh_from_db()
    if not CASES[noun].editable:
        boss = client_of("superuser")
        assert boss.post(page(noun, "add"), {}).status_code == 403
        assert boss.post(page(noun, "delete", row.pk), {"post": "yes"}).status_code == 403


@every_noun
def test_strangers_are_sent_to_the_login(client, db, noun):
    row = CASES[noun].make()
    for url in (page(noun), page(noun, "change", row.pk)):
        response = client.get(url)
        assert response.status_code == 302
        assert reverse("admin:login") in response["Location"]


def test_staff_without_a_role_sees_nothing(client_of):
    client = client_of("")
    assert client.get(reverse("admin:index")).status_code == 200
    candidate = factories.candidate()
    assert client.get(page("candidate")).status_code == 403
    assert client.get(page("candidate", "change", candidate.pk)).status_code == 403


def test_names_from_outside_are_escaped(client_of):
    nasty = "<script>alert(1)</script>"
    user = factories.user("Curator", username="eve<b>", first_name=nasty)
    candidate = factories.candidate(assignee=user)
    factories.decision(candidate=candidate, reviewer=user, reason=nasty, comment=nasty)
    factories.proposal(candidate=candidate, text=nasty)
    factories.job_event(job=factories.training_run().job, message=nasty)
    client = client_of("superuser")
    urls = [page(noun) for noun in ("candidate", "decision", "proposal", "jobevent")]
    for url in [*urls, page("candidate", "change", candidate.pk), reverse("admin:index")]:
        assert nasty not in client.get(url).content.decode()


def test_overview_counts_and_links(client_of):
    factories.score(factories.candidate(status=Candidate.Status.ACCEPTED), value=3e-4)
    factories.decision()
    factories.training_run()
    client = client_of("Viewer")
    text = client.get(reverse("admin:index")).content.decode()
    assert "Best candidates" in text
    assert "3.00×10⁻⁴" in text
    assert queries_of(client, reverse("admin:index")) <= 30


def test_overview_counts_what_is_computed_apart(client_of):
    factories.measurement()
    for _ in range(2):
        factories.measurement(method="computed")
    stages = client_of("Viewer").get(reverse("admin:index")).context["stages"]
    (stage,) = (stage for stage in stages if stage["label"] == "Measurements")
    assert (stage["count"], stage["note"]) == ("1", "and 2 computed; 3 not yet frozen")


@pytest.mark.parametrize("permission", ["view_candidate"])
def test_overview_needs_only_to_see_candidates(client_of, permission):
    client = client_of("")
    client.user.user_permissions.add(Permission.objects.get(codename=permission))
    assert client.get(reverse("admin:index")).context["stages"]


def test_best_candidates_are_in_domain_and_say_so(client_of):
    inside, unsaid, outside, refused = (factories.candidate() for _ in range(4))
    refused.status = Candidate.Status.REJECTED
    refused.save()
    for candidate, value, known in ((inside, 1e-5, True), (unsaid, 2e-5, None), (outside, 9e-3, False)):
        factories.score(candidate, value=value, in_domain=known)
    factories.score(refused, value=5e-3, in_domain=True)
    response = client_of("Viewer").get(reverse("admin:index"))
    assert [card[0] for card in response.context["best"]["cards"]] == [unsaid, inside]
    assert "in domain only" in response.content.decode()
    assert response.context["best"]["url"] == f"{page('candidate')}?conductivity_in_domain=true"
