"""The order of the candidate list, its pages, and the walk from one candidate to the next in that order."""

import re

import pytest
from django.urls import reverse

from registry.models import Candidate
from tests import factories

# Whoever may act on rows has a column of boxes before them: columns are numbered from the drawing, 1.
LIST = "admin:registry_candidate_changelist"
ORDERS = ("", "3", "-3", "4", "-4", "5.-3", "-5.3", "7", "-3.-5.7")


def listed(response):
    return [row.pk for row in response.context["cl"].result_list]


def page_of(client, pk, query=""):
    url = reverse("admin:registry_candidate_change", args=[pk])
    return client.get(url, {"_changelist_filters": query} if query else {})


def walk(client, address, step):
    """Ids met from one page on, following its links."""
    met = []
    while address:
        response = client.get(address)
        met.append(response.context["candidate"].pk)
        address = getattr(response.context["place"], step)
    return met


@pytest.fixture
def mixed(db):
    """Nine candidates: two properties, equal values, some without a score, three statuses."""
    other = factories.property_("diffusivity", unit="cm2/s")
    made = [factories.candidate(status=status) for status in ("proposed", "accepted", "on_hold") * 3]
    for candidate, value in zip(made, (1e-5, 1e-3, 1e-5, None, 1e-4, 1e-3, 1e-5, None, None), strict=True):
        if value is not None:
            factories.score(candidate, value=value)
    for candidate, value in zip(made[2:6], (1e-8, 2e-8, 1e-8, 3e-8), strict=True):
        factories.score(candidate, property=other, value=value)
    return made


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kept", ["", "status=proposed,accepted"])
def test_the_walk_is_the_list(client_of, mixed, order, kept):
    client = client_of("Curator")
    query = "&".join(part for part in (kept, f"o={order}" if order else "") if part)
    rows = listed(client.get(f"{reverse(LIST)}?{query}"))
    assert len(rows) == (6 if kept else 9)
    ends = [page_of(client, pk, query) for pk in (rows[0], rows[-1])]
    assert walk(client, ends[0].request["PATH_INFO"] + "?" + ends[0].request["QUERY_STRING"], "following") == rows
    assert walk(client, ends[1].request["PATH_INFO"] + "?" + ends[1].request["QUERY_STRING"], "previous") == rows[::-1]
    places = [page_of(client, pk, query).context["place"] for pk in rows]
    assert [(place.number, place.total) for place in places] == [(at, len(rows)) for at in range(1, len(rows) + 1)]


def test_who_left_the_filter_by_a_decision_keeps_its_neighbours(client_of, mixed):
    client, query = client_of("Curator"), "status=proposed&o=-3"
    first, second, third = listed(client.get(f"{reverse(LIST)}?{query}"))
    data = {"candidates": second, "verdict": "hold", "stay": query}
    place = client.post(reverse("admin:registry_candidate_decide"), data, follow=True).context["place"]
    assert (place.number, place.total) == (0, 2)
    assert f"/{first}/" in place.previous
    assert f"/{third}/" in place.following


def test_the_links_of_the_rows_carry_the_query(client_of, mixed):
    text = client_of("Curator").get(reverse(LIST), {"status": "proposed", "o": "-3"}).content.decode()
    links = re.findall(r'href="(/admin/registry/candidate/\d+/change/[^"]*)"', text)
    assert links
    assert all(link.endswith("?_changelist_filters=status%3Dproposed%26o%3D-3") for link in links)


def test_the_walk_costs_the_same_in_a_longer_list(client_of, mixed, django_assert_max_num_queries):
    client = client_of("Curator")
    page_of(client, mixed[0].pk, "o=-3")
    with django_assert_max_num_queries(40) as few:
        page_of(client, mixed[0].pk, "o=-3")
    for _ in range(20):
        factories.score(factories.candidate(), value=1e-5)
    with django_assert_max_num_queries(len(few)):
        page_of(client, mixed[0].pk, "o=-3")


def test_every_header_sorts_both_ways_and_the_default_order_has_its_arrow(client_of, mixed):
    client = client_of("Curator")
    text = client.get(reverse(LIST)).content.decode()
    head = text[text.index("<thead") : text.index("</thead")]
    for column in ("score_conductivity", "score_diffusivity", "status_", "created"):
        assert re.search(rf'class="[^"]* sortable column-{column}[ "]', head), column
    assert re.search(r"sortable column-score_conductivity sorted descending", head)
    assert head.count("sortpriority") + head.count('class="sortoptions') == 1
    assert "arrow_circle_up" in head
    turned = client.get(reverse(LIST), {"o": "3"}).content.decode()
    assert "column-score_conductivity sorted ascending" in turned


def test_pages_sorted_by_a_score_hold_every_row_once(client_of, db):
    for place in range(120):
        candidate = factories.candidate()
        if place % 4:
            factories.score(candidate, value=10.0 ** -(place % 7))
    client = client_of("Curator")
    for order, sign in (("3", 1), ("-3", -1)):
        pages = [listed(client.get(reverse(LIST), {"o": order, "p": page})) for page in (1, 2, 3)]
        assert [len(page) for page in pages] == [50, 50, 20]
        rows = [pk for page in pages for pk in page]
        values = dict(Candidate.objects.filter(scores__isnull=False).values_list("pk", "scores__value"))
        assert set(rows[:90]) == set(values)
        assert [values[pk] for pk in rows[:90]] == sorted(values.values(), reverse=sign < 0)
        assert len(set(rows)) == 120
