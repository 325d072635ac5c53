"""Pages that start things: each runs its action, and says what is wrong with the input."""

import io
import json
import re

import pytest
from django.urls import reverse

from registry import artifacts
from registry.models import (
    Alias,
    DatasetVersion,
    ExportRun,
    GenerationRun,
    Measurement,
    Schedule,
    ScoringRun,
    TrainingRun,
)
from tests import factories
from tests.bundles import write_bundle

PAGES = {
    "trainingrun_start": "Engineer",
    "generationrun_start": "Curator",
    "scoringrun_start": "Curator",
    "exportrun_start": "Chemist",
    "importrun_upload": "Chemist",
    "datasetversion_freeze": "Chemist",
    "measurement_record": "Chemist",
    "alias_move": "Engineer",
    "property_lead": "Engineer",
}


def url(name, *args):
    return reverse(f"admin:registry_{name}", args=args)


@pytest.mark.parametrize(("name", "role"), PAGES.items())
def test_page_opens_for_its_role_and_for_no_viewer(client_of, name, role):
    assert client_of(role).get(url(name)).status_code == 200
    assert client_of("Viewer").get(url(name)).status_code == 403
    assert client_of("Viewer").post(url(name), {}).status_code == 403
    assert client_of(role).post(url(name), {}).status_code == 422


def test_training_starts_with_settings(client_of):
    model, version = factories.registered_model("generate"), factories.dataset_version(measurement_count=1)
    factories.measurement(dataset=version.dataset, added_in=version)
    client = client_of("Engineer")
    page = client.get(url("trainingrun_start"), {"architecture": "gpt", "model": model.pk})
    assert 'name="model.layers"' in page.content.decode()
    data = {
        "model": model.pk, "dataset_version": version.pk, "architecture": "gpt", "seed": 3, "queue": "cpu",
        "properties": [factories.property_().pk], "model.layers": 2, "training.steps": 50, "data.split.valid": 0.2,
    }  # fmt: skip
    response = client.post(url("trainingrun_start"), data)
    run = TrainingRun.objects.get()
    assert response["Location"] == url("trainingrun_change", run.pk)
    assert (run.config["model"]["layers"], run.config["training"]["steps"]) == (2, 50)
    assert run.config["data"]["split"]["valid"] == 0.2
    refused = client.post(url("trainingrun_start"), data | {"model.heads": 5})
    assert "no multiple of “Heads”" in refused.content.decode()


def test_training_form_counts_the_values_of_each_property(client_of):
    version, later = (
        factories.dataset_version(dataset=data, number=n) for data in [factories.dataset()] for n in (1, 2)
    )
    density = factories.property_("density", label="density", unit="g/cm3", scale="linear")
    twice = factories.structure()
    for structure in (twice, twice, factories.structure()):
        factories.measurement(dataset=version.dataset, added_in=version, structure=structure)
    factories.measurement(
        dataset=version.dataset, added_in=version, property=density, value=None, missing_reason="lost"
    )
    factories.measurement(dataset=version.dataset, added_in=later, property=density, value=1.1)
    client = client_of("Engineer")
    query = {"dataset_version": version.pk, "properties": [factories.property_().pk, density.pk]}
    page = client.get(url("trainingrun_start"), query)
    for piece in ("conductivity: 3 values of 2 structures", "density: no values in this version"):
        assert piece in page.content.decode(), piece
    assert page.context["form"]["properties"].value() == [str(pk) for pk in query["properties"]]
    assert "density: 1 value" in client.get(url("trainingrun_start"), {"dataset_version": later.pk}).content.decode()


def test_generation_asks_for_a_class_or_a_value(client_of):
    version = factories.model_version("generate")
    data = {"model_version": version.pk, "requested": 20, "seed": 1, "queue": "cpu", "condition.conductivity": "3e-4"}
    client = client_of("Curator")
    client.post(url("generationrun_start"), data | {"config.temperature": "0.9"})
    run = GenerationRun.objects.get()
    assert (run.condition, run.config) == ({"conductivity": 3e-4}, {"temperature": 0.9})
    assert client.post(url("generationrun_start"), data | {"condition.conductivity": "huge"}).status_code == 422


@pytest.mark.parametrize(
    ("drawing", "flags"),
    [("", (False, False)), ("plain", (False, False)), ("distinct", (False, True)), ("accept", (True, False))],
)
def test_generation_draws_in_one_of_three_ways(client_of, drawing, flags):
    version = factories.model_version("generate")
    data = {"model_version": version.pk, "requested": 20, "seed": 1, "queue": "cpu", "drawing": drawing}
    client = client_of("Curator")
    response = client.post(url("generationrun_start"), data)
    run = GenerationRun.objects.get()
    assert (run.accept, run.distinct) == flags
    page = client.get(response["Location"]).content.decode()
    asked = {"distinct": "20 different strings", "accept": "20 new structures"}.get(drawing, "20 strings")
    assert asked in page
    assert ("without replacement" in page) is (drawing == "distinct")


def test_generation_form_tells_the_trained_range_and_refuses_beside_the_box(client_of, tmp_path):
    ether = {"name": "ether_oxygen_fraction", "unit": "", "scale": "linear", "minimum": 0.1, "maximum": 0.5}
    property_ = factories.property_("ether_oxygen_fraction", unit="", scale="linear")
    digest = artifacts.put_folder(write_bundle(tmp_path / "bundle", properties=[ether]))
    version = factories.model_version("generate", properties=[property_], bundle_digest=digest)
    client = client_of("Curator")
    page = client.get(url("generationrun_start"), {"model_version": version.pk}).content.decode()
    assert "a value from 0.1 to 0.5, such as 0.3" in page
    data = {"model_version": version.pk, "requested": 20, "seed": 1, "queue": "cpu"}
    refused = client.post(url("generationrun_start"), data | {"condition.ether_oxygen_fraction": "0.9"})
    assert "0.1 to 0.5" in str(refused.context["form"].errors["condition.ether_oxygen_fraction"])
    assert not GenerationRun.objects.exists()


def test_scoring_takes_a_filter_and_refuses_a_wrong_one(client_of):
    version, client = factories.model_version(), client_of("Curator")
    data = {"model_version": version.pk, "queue": "cpu", "selection": '{"status": "proposed"}'}
    nothing = client.post(url("scoringrun_start"), data)
    assert "no candidate meets the selection" in str(nothing.context["form"].errors["selection"])
    factories.candidate()
    client.post(url("scoringrun_start"), data)
    assert ScoringRun.objects.get().selection == {"status": "proposed"}
    for wrong, message in (('{"stauts": "x"}', "did you mean status?"), ("[1]", "A filter is an object")):
        response = client.post(url("scoringrun_start"), data | {"selection": wrong})
        assert response.status_code == 422
        assert message in response.content.decode()


def test_versions_are_told_apart_by_what_they_are(client_of, django_assert_max_num_queries):
    hue = factories.property_("hue", label="Hue", better="neither")
    many = factories.model_version(architecture="stack", properties=[hue, factories.property_()])
    factories.alias(version=many)
    one = factories.model_version(model=many.model, properties=[hue])
    client = client_of("Curator")
    with django_assert_max_num_queries(40) as few:
        text = client.get(url("scoringrun_start")).content.decode()
    most = len(few)
    assert f"{many} (champion), stack: conductivity and 1 more" in text
    assert f"{one}, polymer-gnn: Hue" in text
    generator = factories.model_version("generate")
    generator.properties.clear()
    assert f"{generator}, gpt</option>" in re.sub(r"\s+<", "<", client.get(url("generationrun_start")).content.decode())
    factories.model_version(model=many.model, properties=[hue])
    with django_assert_max_num_queries(most):
        client.get(url("scoringrun_start"))


def test_the_structures_of_a_dataset_version_are_scored_from_its_page(client_of):
    frozen, client = factories.dataset_version(), client_of("Curator")
    molecule = factories.structure("CCO", "molecule")
    factories.measurement(dataset=frozen.dataset, added_in=frozen, structure=molecule)
    polymers = factories.alias().version
    reader = factories.model_version(config={"data": {"kind": "molecule"}})
    address = f"{url('scoringrun_start')}?dataset_version={frozen.pk}"
    assert address in client.get(url("datasetversion_change", frozen.pk)).content.decode()
    page = client.get(address)
    assert "<b>1 structure</b>" in page.content.decode()
    assert "left out" not in page.content.decode()
    unread = client.get(f"{address}&model_version={polymers.pk}").content.decode()
    assert "1 of another kind than the model reads are left out" in unread
    assert page.context["form"]["model_version"].value() == reader.pk != polymers.pk
    data = {"model_version": reader.pk, "queue": "cpu", "dataset_version": frozen.pk}
    both = client.post(url("scoringrun_start"), data | {"generation_run": factories.generation_run().pk})
    assert "not both" in str(both.context["form"].errors["dataset_version"])
    page = client.post(url("scoringrun_start"), data, follow=True)
    assert ScoringRun.objects.get().dataset_version == frozen
    assert url("datasetversion_change", frozen.pk) in page.content.decode()


@pytest.mark.parametrize("subject", ["candidates", "structures"])
def test_what_the_model_does_not_read_is_counted_before_it_is_left_out(client_of, subject):
    client, molecules = client_of("Curator"), factories.model_version(config={"data": {"kind": "molecule"}})
    polymers, run = factories.model_version(), factories.generation_run()
    made = [factories.candidate(structure=factories.structure(*of)) for of in ((), (), ("CCO", "molecule"))]
    factories.proposal(run=run, candidate=made[0])

    def told(**query):
        text = client.get(url("scoringrun_start"), {"subject": subject} | query).content.decode()
        return text[text.index('class="sv-summary"') :].partition("</p>")[0]

    assert f"<b>3 {subject}</b>" in told(model_version=molecules.pk)
    assert "2 of another kind than the model reads are left out" in told(model_version=molecules.pk)
    assert "1 of another kind than the model reads are left out" in told(model_version=polymers.pk)
    whole = told(model_version=polymers.pk, generation_run=run.pk)
    assert ("left out" in whole) is (subject == "structures")  # whatever the run proposed


def test_any_structure_is_scored_from_its_page_by_a_model_that_reads_it(client_of):
    client, polymers = client_of("Curator"), factories.model_version()
    molecules = factories.model_version(config={"data": {"kind": "molecule"}})
    for structure, reader in ((factories.structure(), polymers), (factories.structure("CCO", "molecule"), molecules)):
        address = f"{url('scoringrun_start')}?subject=structures&selection=%7B%22ids%22%3A+{structure.pk}%7D"
        assert address.replace("&", "&amp;") in client.get(url("structure_change", structure.pk)).content.decode()
        page = client.get(address)
        assert "<b>1 structure</b>" in page.content.decode()
        assert page.context["form"]["model_version"].initial == reader
    sent = {"model_version": molecules.pk, "subject": "structures", "queue": "cpu"}
    client.post(url("scoringrun_start"), sent | {"selection": json.dumps({"ids": [structure.pk]})})
    run = ScoringRun.objects.get()
    assert (run.subject, run.selection) == ("structures", {"ids": [structure.pk]})
    told = client.get(url("scoringrun_change", run.pk)).content.decode()
    assert f"number {structure.pk}" in told
    wrong = client.post(url("scoringrun_start"), sent | {"selection": '{"status": "proposed"}'})
    assert "status" in str(wrong.context["form"].errors["selection"])


def test_export_of_a_filter_and_its_download(client_of):
    client = client_of("Chemist")
    page = client.get(url("exportrun_start"), {"selection": '{"status": "accepted"}'})
    assert page.context["form"]["selection"].value() == '{"status": "accepted"}'
    client.post(url("exportrun_start"), {"subject": "candidates", "file_format": "csv", "selection": "{}"})
    run = ExportRun.objects.get()
    assert client.get(url("exportrun_download", run.pk)).status_code == 404
    run.file_digest = artifacts.put(io.BytesIO(b"smiles\n*OCC*\n"))
    run.save()
    response = client.get(url("exportrun_download", run.pk))
    assert b"".join(response.streaming_content) == b"smiles\n*OCC*\n"
    assert response["Content-Disposition"].endswith('.csv"')


def test_freeze_record_retire(client_of):
    dataset, client = factories.dataset(), client_of("Chemist")
    candidate = factories.candidate("*OCC*")
    data = {
        "structure": candidate.structure_id, "dataset": dataset.pk, "property": factories.property_().pk,
        "value": "0.2", "unit": "mS/cm", "method": "experiment", "temperature_k": "353",
    }  # fmt: skip
    response = client.post(url("measurement_record"), data)
    assert response["Location"] == url("candidate_change", candidate.pk) + "#values"
    measurement = Measurement.objects.get()
    assert measurement.value == pytest.approx(2e-4)
    client.post(url("datasetversion_freeze"), {"dataset": dataset.pk, "note": "one new label"})
    assert DatasetVersion.objects.get().measurement_count == 1
    assert client.post(url("measurement_retire"), {"measurement": measurement.pk, "reason": ""}).status_code == 422
    client.post(url("measurement_retire"), {"measurement": measurement.pk, "reason": "wrong cell"})
    measurement.refresh_from_db()
    assert measurement.retired_reason == "wrong cell"


def test_champion_moves_with_a_reason(client_of):
    version, client = factories.model_version(), client_of("Engineer")
    assert client.post(url("alias_move"), {"version": version.pk, "name": "champion", "reason": ""}).status_code == 422
    client.post(url("alias_move"), {"version": version.pk, "name": "champion", "reason": "lower error"})
    assert (Alias.objects.get().version, Alias.objects.get().moved_by) == (version, client.user)


def test_schedule_runs_now_and_says_what_came_of_it(client_of):
    schedule, client = factories.schedule(), client_of("Engineer")
    response = client.post(url("schedule_run", schedule.pk), follow=True)
    (message,) = response.context["messages"]
    assert (message.level_tag, "no frozen version yet" in str(message)) == ("warning", True)
    assert response.content.decode().count("no frozen version yet") == 2  # in the message, and at the head of the page
    assert client_of("Viewer").post(url("schedule_run", schedule.pk)).status_code == 403
    assert client.get(url("schedule_run", schedule.pk)).status_code == 405


def test_schedule_is_saved_and_a_wrong_clock_refused(client_of):
    model, dataset = factories.registered_model(), factories.dataset()
    fields = {"name": "odd", "cron": "0 3 * * *", "enabled": "on", "model": model.pk, "dataset": dataset.pk,
              "template": '{"architecture": "polymer-gnn"}', "gate_min_improvement": "0"}  # fmt: skip
    data = {f"schedule-{name}": value for name, value in fields.items()} | {"_save": "Save"}
    client = client_of("Engineer")
    refused = client.post(url("schedule_add"), data | {"schedule-cron": "every day"})
    assert "is no cron expression" in refused.content.decode()
    for wrong in ('{"training": {"step": 30}}', '["polymer-gnn"]', "3"):
        refused = client.post(url("schedule_add"), data | {"schedule-template": wrong})
        assert refused.context["adminform"].form.errors["template"], wrong
    client.post(url("schedule_add"), data)
    schedule = Schedule.objects.get()
    assert (schedule.dataset, schedule.created_by, schedule.cron) == (dataset, client.user, "0 3 * * *")


@pytest.mark.parametrize(
    ("template", "problem"),
    [('{"steps": 3}', "steps is unknown; known: architecture"), ("[1]", "Expected an object"), ("{}", ""), ("", "")],
)
def test_training_settings_of_a_schedule_are_checked(client_of, template, problem):
    schedule = factories.schedule()
    fields = {"name": "odd", "cron": "0 3 * * *", "model": schedule.model_id, "dataset": schedule.dataset_id,
              "template": template, "gate_min_improvement": "0"}  # fmt: skip
    data = {f"schedule-{name}": value for name, value in fields.items()} | {"_save": "Save"}
    response = client_of("Engineer").post(url("schedule_change", schedule.pk), data)
    assert response.status_code == (200 if problem else 302)
    assert problem in response.content.decode()
    schedule.refresh_from_db()
    assert schedule.template == ({"architecture": "polymer-gnn"} if problem else {})


def test_a_schedule_explains_itself_and_leads_to_its_last_training(client_of):
    champion = factories.model_version(
        architecture="polymer-gnn", metrics={"conductivity": {"valid": {"mae": 0.2}, "test": {"mae": 0.1, "n": 9}}}
    )
    factories.alias(version=champion)
    schedule = factories.schedule(model=champion.model, template={}, last_outcome="Skipped: nothing new.")
    gate = {"gate": {"promoted": False, "reason": "It got worse."}}
    run = factories.training_run(model=champion.model, schedule=schedule, metrics=gate)
    text = client_of("Engineer").get(url("schedule_change", schedule.pk)).content.decode()
    assert 0 < text.index("Skipped: nothing new.") < text.index("Training settings")
    assert url("trainingrun_change", run.pk) in text
    for piece in ("not promoted. It got worse.", "A lower figure is better", "measured anew", "the system",
                  "With the defaults of polymer-gnn:", "learning_rate"):  # fmt: skip
        assert piece in text, piece
    assert re.findall(r'<option value="([a-z.]+)"></option>', text) == [
        "conductivity.test.mae",
        "conductivity.valid.mae",
    ]
    assert 'list="sv-gate-metrics"' in text
    for role in ("Viewer", "Engineer"):
        assert client_of(role).get(url("schedule_change", schedule.pk)).status_code == 200
    assert client_of("Engineer").get(url("schedule_add")).status_code == 200


def test_a_champion_that_predicts_less_is_confirmed_by_the_names_of_what_is_lost(client_of):
    old = factories.model_version(properties=[factories.property_(), factories.property_("hue")])
    new = factories.model_version(model=old.model)
    factories.alias(version=old)
    client = client_of("Engineer")
    given = {"version": new.pk, "name": "champion", "reason": "lower error"}
    assert "drop_properties" not in client.get(url("alias_move"), {"version": old.pk}).context["form"].fields
    assert "Drop the scores of hue" in client.get(url("alias_move"), {"version": new.pk}).content.decode()
    refused = client.post(url("alias_move"), given)
    assert refused.status_code == 422
    assert refused.context["form"].errors["drop_properties"][0].startswith("Confirm this, or choose a version")
    text = refused.content.decode()
    assert text.count("does not predict hue") == 1  # the help text says it, and the error not once more
    assert "let that model lead for conductivity" in text
    assert client.post(url("alias_move"), given | {"drop_properties": "on"}).status_code == 302
    assert new.model.champion() == new


def test_the_overview_says_that_a_champions_scores_are_on_their_way(client_of):
    factories.candidate()
    version, client = factories.model_version(), client_of("Engineer")
    assert "No candidate has been scored" in client.get("/admin/").content.decode()
    client.post(url("alias_move"), {"version": version.pk, "name": "champion", "reason": "the first"})
    text = client.get("/admin/").content.decode()
    assert f"Scoring by {version} is queued" in text
    assert "No candidate has been scored" not in text


@pytest.mark.parametrize(
    ("typed", "sizes"), [("100, 300", [100, 300]), ("[100,300]", [100, 300]), ("100 300", [100, 300])]
)
def test_a_predictor_can_be_judged_over_folds(client_of, typed, sizes):
    data = trainable()
    client = client_of("Engineer")
    response = client.post(url("trainingrun_start"), data | {"evaluation.folds": 5, "evaluation.sizes": typed})
    assert response.status_code == 302, response.content.decode()
    assert TrainingRun.objects.get().config["evaluation"] == {"folds": 5, "sizes": sizes}


@pytest.mark.parametrize(
    ("folds", "typed", "said"),
    [
        ("5", "100, many", "is no whole number; write them like 300, 1000"),
        ("", "100", "a learning curve needs “Folds”"),
        ("1", "", "1 part would leave nothing to learn from"),
    ],
)
def test_folds_that_cannot_be_are_refused(client_of, folds, typed, said):
    data = trainable() | {"evaluation.folds": folds, "evaluation.sizes": typed}
    response = client_of("Engineer").post(url("trainingrun_start"), data)
    assert response.status_code == 422
    assert said in response.content.decode()
    assert not TrainingRun.objects.exists()


def test_a_generator_is_offered_no_folds(client_of):
    text = client_of("Engineer").get(url("trainingrun_start"), {"architecture": "gpt"}).content.decode()
    assert 'name="evaluation.folds"' not in text


def trainable():
    """What the form needs for trees on ten measured structures."""
    version = factories.dataset_version(measurement_count=10)
    for _ in range(10):
        factories.measurement(dataset=version.dataset, added_in=version, structure=factories.structure())
    return {
        "model": factories.registered_model("predict").pk, "dataset_version": version.pk, "architecture": "trees",
        "seed": 0, "queue": "cpu", "properties": [factories.property_().pk],
    }  # fmt: skip


def test_scoring_candidates_begins_with_a_model_that_reads_them(client_of):
    """Not with the newest champion, which reads molecules."""
    factories.candidate()
    wide = factories.model_version(properties=[factories.property_(), factories.property_("hue")])
    narrow = factories.model_version()
    molecules = factories.model_version(config={"data": {"kind": "molecule"}})
    for version in (wide, narrow, molecules):
        factories.alias(version=version)
    form = client_of("Curator").get(url("scoringrun_start")).context["form"]
    assert form["model_version"].initial == wide
