"""From the predictions that a person sees to a file of them: the buttons, and the form that they open."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from registry.admin.lists.prediction_list import prediction_list
from registry.models import ExportRun
from registry.search.predictions import select_predictions
from registry.search.sorting import sort_rows
from tests import factories

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"admin:registry_{name}", args=args)


def buttons(page):
    return {button.label: button.url for button in page.context["buttons"]}


def asked(address):
    found = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
    assert found.pop("subject") == "predictions"
    return json.loads(found.pop("selection")), found


@pytest.fixture
def three():
    """Conductivities by one run, the first out of domain, and an energy by another."""
    run = factories.scoring_run()
    made = [
        factories.prediction(structure=factories.structure(smiles), scoring_run=run, **fields)
        for smiles, fields in (
            ("*CCO*", {"value": 2e-4, "in_domain": False}),
            ("*CC(C)O*", {"value": 1e-3, "standard_deviation": 0.5, "geometry": "guessed"}),
        )
    ]
    energy = factories.property_("u0", unit="Ha", scale="linear", lower=None, upper=None)
    return [*made, factories.prediction(structure=factories.structure("*CC*"), property=energy, value=-40)]


def test_the_page_of_a_scoring_run_leads_to_the_export_of_its_predictions(client_of, three):
    client, run = client_of("Curator"), three[0].scoring_run
    address = buttons(client.get(url("scoringrun_change", run.pk)))["Export predictions"]
    assert asked(address) == ({"scoring_run": run.pk}, {})
    form = client.get(address)
    text = form.content.decode()
    assert "<b>2 predictions</b>" in text
    assert f"predicted by scoring {run.pk}" in text
    assert form.context["form"]["subject"].value() == "predictions"
    data = {"subject": "predictions", "file_format": "csv", "sort": "-value"}
    client.post(url("exportrun_start"), data | {"selection": json.dumps({"scoring_run": run.pk})})
    made = ExportRun.objects.get()
    assert (made.subject, made.selection, made.config["sort"]) == ("predictions", {"scoring_run": run.pk}, "-value")
    for page in (url("exportrun_change", made.pk), url("exportrun_changelist")):
        assert f"predicted by scoring {run.pk}" in client.get(page).content.decode()


def test_what_structures_had_already_is_not_passed_off_as_the_runs_own(client_of, three):
    version = factories.dataset_version()
    for made in three:
        factories.measurement(structure=made.structure, dataset=version.dataset, added_in=version)
    model_version = three[0].model_version
    run = factories.scoring_run(model_version=model_version, dataset_version=version, kept=2)
    client = client_of("Curator")
    found = buttons(client.get(url("scoringrun_change", run.pk)))
    assert [label for label in found if label.startswith("Export")] == ["Export all predictions"]
    whole = {"model_version": model_version.pk, "dataset_version": version.pk}
    assert asked(found["Export all predictions"]) == (whole, {})
    assert "<b>2 predictions</b>" in client.get(found["Export all predictions"]).content.decode()
    factories.prediction(scoring_run=run)
    assert "Export new predictions" in buttons(client.get(url("scoringrun_change", run.pk)))


def test_only_who_may_export_sees_the_buttons(client_of, three):
    client = client_of("Viewer")
    for page in (url("scoringrun_change", three[0].scoring_run_id), url("prediction_changelist")):
        assert not any(label.startswith("Export") for label in buttons(client.get(page)))


@pytest.mark.parametrize(
    ("query", "selection", "places"),
    [
        ({}, {}, (0, 1, 2)),
        ({"scoring_run__id__exact": "run"}, {"scoring_run": "run"}, (0, 1)),
        ({"model_version__id__exact": "model"}, {"model_version": "model"}, (0, 1)),
        ({"structure__id__exact": "structure"}, {"structure": "structure"}, (0,)),
        ({"property__id__exact": "property"}, {"property": "conductivity"}, (0, 1)),
        ({"in_domain__exact": "0"}, {"in_domain": "false"}, (0,)),
        ({"in_domain__exact": "1"}, {"in_domain": "true"}, (1, 2)),
        ({"value_from": "3e-4", "value_to": ""}, {"value_min": "3e-4"}, (1,)),
        ({"value_to": "3e-4"}, {"value_max": "3e-4"}, (0, 2)),
        ({"standard_deviation_from": "0.2"}, {"std_min": "0.2"}, (1,)),
        ({"standard_deviation_to": "0.2"}, {"std_max": "0.2"}, (0, 2)),
        ({"geometry": "guessed"}, {"geometry": "guessed"}, (1,)),
        ({"q": " O(*)CC* "}, {"search": "O(*)CC*"}, (0,)),
        ({"q": "(C)O"}, {"search": "(C)O"}, ()),
        ({"q": "CC", "in_domain__exact": "1"}, {"search": "CC", "in_domain": "true"}, (1,)),
    ],
)
def test_the_list_hands_its_filter_to_the_export_and_is_found_from_it(client_of, three, query, selection, places):
    """The list, the export and the list that the export leads back to hold the same rows."""
    one = three[0]
    ids = {"run": one.scoring_run_id, "model": one.model_version_id, "structure": one.structure_id,
           "property": one.property_id}  # fmt: skip
    client = client_of("Curator")
    page = client.get(url("prediction_changelist"), {name: ids.get(value, value) for name, value in query.items()})
    found, _ = asked(buttons(page)["Export these"])
    assert found == {name: str(ids.get(value, value)) for name, value in selection.items()}
    expected = {three[place].pk for place in places}
    assert {row.pk for row in page.context["cl"].result_list} == expected
    assert {row.pk for row in select_predictions(found)} == expected
    assert {row.pk for row in client.get(prediction_list(found)).context["cl"].result_list} == expected


@pytest.mark.parametrize(
    ("query", "sort"),
    [("", "-id"), ("o=2", "value"), ("o=-4.2", "-standard_deviation,value"), ("o=5", "temperature_k"),
     ("o=3.2", "value"), ("o=-7", "-created_at")],
)  # fmt: skip
def test_the_list_hands_its_order_to_the_export(client_of, three, query, sort):
    client = client_of("Curator")
    page = client.get(f"{url('prediction_changelist')}?{query}")
    address = buttons(page)["Export these"]
    assert asked(address)[1] == {"sort": sort}
    if query != "o=3.2":  # exports are not sorted by the domain
        listed = [row.pk for row in page.context["cl"].result_list]
        assert [row.pk for row in sort_rows(select_predictions({}), "predictions", sort, {})] == listed
    form = client.get(address).context["form"]
    assert form["sort"].value() == sort
    assert 'such as {"scoring_run": 3}' in form.fields["selection"].help_text


def test_there_is_no_list_for_a_condition_that_it_has_no_filter_for():
    assert prediction_list({"dataset_version": 2, "in_domain": True}) == ""
    assert prediction_list({"in_domain": False}).endswith("?in_domain__exact=0")


def test_a_wrong_filter_says_so_on_the_page(client_of):
    page = client_of("Curator").get(
        url("exportrun_start"), {"subject": "predictions", "selection": '{"dataset_version": 99}'}
    )
    assert "There is no dataset version 99." in page.content.decode()
