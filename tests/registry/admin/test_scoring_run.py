"""The page of a scoring run and the list of predictions: what came out, in order, and what is out of domain and why."""

import html

import pytest
from django.urls import reverse

from registry.models import ScoringRun
from tests import factories

pytestmark = pytest.mark.django_db

WHY = "no training structure has Br"


def page_of(client, run):
    return client.get(reverse("admin:registry_scoringrun_change", args=[run.pk]))


def latest(page):
    (panel,) = (one for one in page.context["panels"] if one.title == "Latest predictions")
    return panel.context["rows"]


def scored(structures: int, *kelvins: float, outside: float = 900.0) -> ScoringRun:
    """A run that predicted structure after structure at each temperature, the last one first, as runs do."""
    run = factories.scoring_run()
    made = [factories.structure() for _ in range(structures)]
    for kelvin in reversed(kelvins):
        for of in made:
            out = {"in_domain": False, "out_of_domain": WHY} if kelvin == outside else {}
            factories.prediction(scoring_run=run, structure=of, conditions={"temperature_k": kelvin}, **out)
    return run


def test_the_page_counts_what_is_out_of_domain_and_links_to_it(client_of):
    client = client_of("Viewer")
    page = page_of(client, scored(3, 900.0, 298.0)).content.decode()
    assert ">3 of 6 predictions</a>" in page
    address = page[: page.index('">3 of 6 predictions')].rsplit('"', 1)[1].replace("&amp;", "&")
    assert client.get(address).context["cl"].result_count == 3
    assert "0 of 1 prediction<" in page_of(client, scored(1, 298.0)).content.decode()
    run = scored(1, 298.0)
    run.predictions.update(in_domain=None)  # its model does not say
    assert "of 1 prediction" not in page_of(client, run).content.decode()


def test_predictions_stand_by_structure_and_rising_temperature(client_of):
    rows = latest(page_of(client_of("Viewer"), scored(4, 900.0, 298.0, 1000.0, 333.0)))
    assert len(rows) == 12
    assert [row[-1] for row in rows] == ["298 K", "333 K", "900 K", "1,000 K"] * 3
    assert len({row[0] for row in rows}) == 3


def test_a_scoring_has_no_metrics(client_of):
    page = page_of(client_of("Viewer"), scored(1, 298.0))
    assert "Metrics" not in [panel.title for panel in page.context["panels"]]


def test_why_a_prediction_is_out_of_domain_can_be_read_without_a_pointer(client_of):
    client, run = client_of("Viewer"), scored(1, 298.0, 900.0)
    listed = client.get(reverse("admin:registry_prediction_changelist"))
    for page in (page_of(client, run), listed):
        text = page.content.decode()
        assert text.count(f"<small>{WHY}</small>") == 1
        assert text.count(">out of domain<") == text.count(">in domain<") == 1


@pytest.mark.parametrize(
    ("entry", "geometry", "told"),
    [
        ({"level": "G4MP2", "baseline_level": "B3LYP"}, "guessed", "at G4MP2, from the B3LYP value, geometry guessed"),
        ({"level": "B3LYP"}, "", "at B3LYP"),
        ({}, "B3LYP", "geometry at B3LYP"),
    ],
)
def test_a_value_stands_with_its_level_and_its_geometry(
    client_of, django_assert_max_num_queries, entry, geometry, told
):
    energy = factories.property_("energy", unit="Ha", scale="linear", lower=None)
    version = factories.model_version(
        config={"data": {"properties": [{"name": "energy"} | entry]}}, properties=[energy]
    )
    run, client = factories.scoring_run(model_version=version), client_of("Viewer")
    addresses = [reverse("admin:registry_scoringrun_change", args=[run.pk]),
                 reverse("admin:registry_prediction_changelist")]  # fmt: skip
    most = []
    for count in (1, 4):
        while run.predictions.count() < count:
            factories.prediction(scoring_run=run, property=energy, value=-154.9, geometry=geometry)
        for place, address in enumerate(addresses):
            with django_assert_max_num_queries(most[place] if count > 1 else 60) as asked:
                assert client.get(address).content.decode().count(f"<small>{told}</small>") == count
            most.append(len(asked))


def test_a_structure_that_a_model_refused_says_so_and_leads_to_the_run(client_of):
    refused, other = factories.structure("CCO", "molecule"), factories.structure("CCOC", "molecule")
    run, sound = factories.scoring_run(failed=1), factories.scoring_run()
    for job in (run.job, sound.job):  # a run that refused nothing says so of nothing
        factories.job_event(job=job, level="warning", message=f"CCO: no geometry, says {job.pk}")
    client = client_of("Viewer")
    pages = [client.get(reverse("admin:registry_structure_change", args=[one.pk])) for one in (refused, other)]
    told = [html.unescape(page.content.decode()) for page in pages]
    address = reverse("admin:registry_scoringrun_change", args=[run.pk])
    assert f'No model has scored this structure. <a class="sv-link" href="{address}">{run}</a> refused it:' in told[0]
    assert f"no geometry, says {run.job_id}" in told[0]
    assert "No model has scored this structure.</p>" in told[1]
