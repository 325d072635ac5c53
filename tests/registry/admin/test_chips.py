"""The filters in use, in words above the list, each of them a link to the list without it."""

import pytest
from django.urls import reverse

from tests import factories

LIST = "admin:registry_candidate_changelist"


def chips_of(client, query):
    return [tuple(chip) for chip in client.get(f"{reverse(LIST)}?{query}").context["chips"]]


@pytest.fixture
def scored(db):
    candidate = factories.candidate(tags=["x"])
    factories.score(candidate, value=1e-4, standard_deviation=0.15, in_domain=False)
    return candidate


@pytest.mark.parametrize(
    ("query", "label", "value"),
    [
        ("status=proposed,on_hold", "Status", "proposed or on hold"),
        ("conductivity_min=1e-5", "conductivity", "from 1e-5 S/cm"),
        ("conductivity_std_max=0.2", "conductivity", "uncertainty up to ×/÷ 1.6"),
        ("conductivity_in_domain=false", "conductivity", "out of domain"),
        ("measured=false", "Measured", "no"),
        ("q=C2", "Search", "C2"),
        ("heavy_atoms_max=40", "Heavy atoms max", "40"),
        ("similar_to=*OCC*&threshold=0.3", "Similar to", "*OCC*"),
        ("stauts=accepted", "Stauts", "accepted"),
    ],
)
def test_a_filter_is_named_and_can_be_taken_away(client_of, scored, query, label, value):
    client = client_of("Viewer")
    assert chips_of(client, f"{query}&o=2&p=1")[0] == (label, value, "?o=2")
    assert chips_of(client, "o=2") == []


def test_taking_one_away_keeps_the_others(client_of, scored):
    found = chips_of(client_of("Viewer"), "status=proposed&tag=x&o=-2")
    assert [url for _, _, url in found] == ["?tag=x&o=-2", "?status=proposed&o=-2"]


def test_the_list_shows_them_and_escapes_them(client_of, scored):
    text = client_of("Viewer").get(reverse(LIST), {"tag": "<b>x", "status": "accepted"}).content.decode()
    assert 'aria-label="Filters in use"' in text
    assert "&lt;b&gt;x" in text
    assert "<b>x" not in text
    assert "Clear all" in text


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ("conductivity_in_domain=false", 1),
        ("conductivity_in_domain=true", 0),
        ("conductivity_std_max=0.2", 1),
        ("conductivity_std_max=0.1", 0),
    ],
)
def test_domain_and_uncertainty_are_filters_of_the_form(client_of, scored, query, count):
    response = client_of("Viewer").get(f"{reverse(LIST)}?{query}")
    assert response.context["cl"].result_count == count
    name, _, value = query.partition("=")
    if name.endswith("std_max"):  # shown as the list shows it
        name, value = "conductivity_factor_max", f"{10 ** float(value):.2g}"
    assert f'name="{name}"' in response.content.decode()
    form = next(response.context["cl"].filter_specs[0].choices(response.context["cl"]))["form"]
    assert form[name].value() == value
