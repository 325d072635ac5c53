"""Exports and scoring runs: what they will hold is said before they start, and afterwards."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from registry.actions.export import WriteExport
from registry.models import ExportRun
from tests import factories

BEST = "accepted, Ionic conductivity ≥ 1×10⁻⁴ S/cm"
SELECTION = {"status": "accepted", "conductivity_min": "1e-4"}


def url(name, *args):
    return reverse(f"admin:registry_{name}", args=args)


@pytest.fixture
def three(db):
    factories.property_(label="Ionic conductivity")
    made = [factories.candidate(status="accepted") for _ in range(3)]
    for candidate, value in zip(made, (2e-4, 1e-3, 1e-6), strict=True):
        factories.score(candidate, value=value)
    return made


def test_the_export_page_says_what_and_how_much(client_of, three):
    page = client_of("Chemist").get(url("exportrun_start"), {"selection": json.dumps(SELECTION)})
    text = page.content.decode()
    assert "<b>2 candidates</b>" in text
    assert f"status {BEST}" in text
    assert url("candidate_changelist") + "?status=accepted&amp;conductivity_min=1e-4" in text
    assert page.context["form"]["sort"].value() == "-conductivity"
    assert "Ionic conductivity, largest first" in text


def test_a_finished_export_shows_its_filter_order_and_rows(client_of, three):
    client = client_of("Chemist")
    data = {"subject": "candidates", "file_format": "csv", "selection": json.dumps(SELECTION), "sort": "conductivity"}
    client.post(url("exportrun_start"), data)
    run = ExportRun.objects.get()
    text = client.get(url("exportrun_change", run.pk)).content.decode()
    assert "not written yet" in text
    WriteExport(actor=None, export_run=run).run()
    text = client.get(url("exportrun_change", run.pk)).content.decode()
    assert f"status {BEST}" in text
    assert "2 candidates" in text
    assert "Ionic conductivity, smallest first" in text
    listed = client.get(url("exportrun_changelist")).content.decode()
    assert f"status {BEST}" in listed
    assert "conductivity_min" not in listed


def test_a_wrong_filter_says_so_on_the_page(client_of, three):
    page = client_of("Chemist").get(url("exportrun_start"), {"selection": '{"colour": "red"}'})
    assert "Unknown parameter" in page.content.decode()


@pytest.mark.parametrize("subject", ["measurements", "structures"])
def test_other_subjects_are_counted_too(client_of, three, subject):
    factories.measurement(structure=three[0].structure)
    text = client_of("Chemist").get(url("exportrun_start"), {"subject": subject}).content.decode()
    assert f"all {subject}" in text
    assert ("1 measurement<" if subject == "measurements" else "3 structures") in text


def test_an_order_that_the_subject_has_not_gives_way(client_of, three):
    page = client_of("Chemist").get(url("exportrun_start"), {"subject": "structures", "sort": "-conductivity"})
    assert page.context["form"]["sort"].value() == "id"


def asked(address):
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


@pytest.mark.parametrize(
    ("query", "sort"),
    [("", "-conductivity,-id"), ("o=2", "status"), ("o=-2.3", "-status,conductivity"), ("o=99.x", "-conductivity,-id"),
     ("o=4", "conductivity_std"), ("o=5", "created_at")],
)  # fmt: skip
def test_the_list_hands_its_order_to_the_export(client_of, three, query, sort):
    page = client_of("Curator").get(url("candidate_changelist") + f"?status=accepted&{query}")
    [button] = [button for button in page.context["buttons"] if button.label == "Export these"]
    assert asked(button.url) == {"subject": "candidates", "selection": '{"status": "accepted"}', "sort": sort}


def test_the_chosen_rows_alone_can_be_exported(client_of, three):
    data = {"action": "export", "_selected_action": [row.pk for row in three[:2]]}
    response = client_of("Curator").post(url("candidate_changelist"), data)
    assert response["Location"].startswith(url("exportrun_start"))
    assert sorted(json.loads(asked(response["Location"])["selection"])["ids"]) == [row.pk for row in three[:2]]


def test_scoring_says_whom_it_will_score(client_of, three):
    client = client_of("Curator")
    run = factories.generation_run()
    factories.proposal(run=run, candidate=three[0])
    page = client.get(url("scoringrun_start"), {"selection": json.dumps(SELECTION)})
    assert "<b>2 candidates</b>" in page.content.decode()
    page = client.get(url("scoringrun_start"), {"generation_run": run.pk})
    assert "<b>1 candidate</b>" in page.content.decode()
    assert f"proposed by generation run {run.pk}" in page.content.decode()


def test_scoring_runs_show_their_filter_in_words(client_of, three):
    filtered = factories.scoring_run(selection=SELECTION)
    run = factories.scoring_run(selection={}, generation_run=factories.generation_run())
    client = client_of("Viewer")
    listed = client.get(url("scoringrun_changelist")).content.decode()
    assert f"status {BEST}" in listed
    assert str(run.generation_run) in listed
    assert f"status {BEST}" in client.get(url("scoringrun_change", filtered.pk)).content.decode()
