"""Whose predictions lists show: said on the pages of property, model and candidate, and chosen in a form."""

import pytest
from django.urls import reverse

from registry.models import Candidate, CandidateScore
from tests import factories

CONDITIONS = {"temperature_k": 298.0, "salt": "LiTFSI"}


def url(name, *args):
    return reverse(f"admin:registry_{name}", args=args)


@pytest.fixture
def two_lines(db):
    """Two champions that predict conductivity, the first one leading, and a candidate that both have scored."""
    candidate, versions = factories.candidate(), [factories.model_version() for _ in range(2)]
    for version in versions:
        factories.alias(version=version)
    runs = [factories.scoring_run(model_version=version) for version in versions]
    factories.score(candidate, value=3e-4, scoring_run=runs[0])
    factories.prediction(structure=candidate.structure, value=8e-4, scoring_run=runs[1], conditions=CONDITIONS)
    return versions


def test_another_line_leads_after_the_form_and_back(client_of, two_lines):
    first, second = two_lines
    row, client = factories.property_(), client_of("Engineer")
    page = client.get(url("property_change", row.pk))
    text = page.content.decode()
    assert text.index(str(first.model)) < text.index("</span>leads<") < text.index(str(second.model))
    assert f"{url('property_lead')}?property={row.pk}&amp;model={second.model_id}" in text
    assert "leads, chosen" not in text
    answer = client.post(url("property_lead"), {"property": row.pk, "model": second.model_id}, follow=True)
    assert f"{second} now gives the scores of conductivity." in answer.content.decode()
    assert "leads, chosen" in answer.content.decode()
    assert CandidateScore.objects.get().value == 8e-4
    client.post(url("property_lead"), {"property": row.pk, "model": ""})
    assert CandidateScore.objects.get().value == 3e-4
    assert f"{url('property_lead')}?" not in client_of("Chemist").get(url("property_change", row.pk)).content.decode()


def test_the_form_offers_what_can_lead(client_of, two_lines):
    first, _ = two_lines
    hue = factories.property_("hue")
    factories.alias(version=factories.model_version(properties=[hue]))
    client = client_of("Engineer")
    models = client.get(url("property_lead"), {"property": hue.pk}).context["form"].fields["model"].queryset
    assert first.model not in models
    assert len(models) == 1
    properties = client.get(url("property_lead"), {"model": first.model_id}).context["form"].fields["property"]
    assert list(properties.queryset) == [factories.property_()]


def test_the_page_of_a_model_says_what_it_leads_for(client_of, two_lines):
    pages = [client_of("Viewer").get(url("registeredmodel_change", one.model_id)).content.decode() for one in two_lines]
    assert "Its champion gives the candidates' scores of conductivity." in pages[0]
    assert "Another model leads" in pages[1]


def test_a_candidate_shows_first_what_lists_show(client_of, two_lines):
    first, second = two_lines
    page = client_of("Viewer").get(url("candidate_change", Candidate.objects.get().pk))
    (entry,) = page.context["values"]
    said = [(one["version"], one["champion"], one["leads"]) for one in entry["predicted"]]
    assert said == [(first, True, True), (second, True, False)]


@pytest.mark.parametrize("conditions", [CONDITIONS, {}])
def test_lists_and_cards_say_under_which_conditions_and_by_which_model(client_of, conditions):
    score = factories.score(factories.candidate(), conditions=conditions)
    version, under = score.prediction.model_version, "at 298 K, LiTFSI" if conditions else ""
    named = f"{under}, by {version}" if under else f"by {version}"
    client = client_of("Viewer")
    listed, cards = (client.get(address).content.decode() for address in (url("candidate_changelist"), "/admin/"))
    assert f'title="{named}"' in listed
    assert (f"<small>{under}</small>" in listed) is bool(conditions)
    assert f"<small>{named}</small>" in cards


@pytest.mark.parametrize("page", ["registry_candidate_changelist", "index"])
def test_saying_so_costs_no_query_a_row(client_of, django_assert_max_num_queries, page):
    client, address = client_of("Viewer"), reverse(f"admin:{page}")
    factories.score(factories.candidate(), conditions=CONDITIONS)
    with django_assert_max_num_queries(40) as few:
        client.get(address)
    for _ in range(4):
        factories.score(factories.candidate(), conditions=CONDITIONS)
    with django_assert_max_num_queries(len(few)):
        client.get(address)


def test_a_champion_that_must_be_told_a_temperature_says_so(client_of):
    factories.candidate()
    told = factories.model_version(config={"data": {"conditions": [{"name": "temperature", "unit": "K"}]}})
    data = {"version": told.pk, "name": "champion", "reason": "covers all temperatures"}
    answer = client_of("Engineer").post(url("alias_move"), data, follow=True)
    assert "It has to be told a temperature: score the candidates" in answer.content.decode()
    answer = client_of("Engineer").post(url("property_lead"), {"property": factories.property_().pk, "model": ""})
    assert told.model.champion() == told
    assert answer.status_code == 302
