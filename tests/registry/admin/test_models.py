"""The page of a model, and its versions side by side."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from registry.actions.register_model import RegisterModel
from registry.catalogue import entry
from registry.models import JobEvent, ModelVersion
from tests import factories
from tests.bundles import CONDUCTIVITY, write_bundle

SPLIT = {"digest": "a" * 64, "train": 80, "valid": 10, "test": 100}


def address(*versions):
    query = "&".join(f"version={version.pk}" for version in versions)
    return f"{reverse('admin:registry_modelversion_compare')}?{query}"


def page(row):
    return reverse(f"admin:registry_{row._meta.model_name}_change", args=[row.pk])


def metrics(mae, r2, n=100, valid=None):
    return {"conductivity": {"test": {"n": n, "mae": mae, "r2": r2}, "valid": {"n": 100, "mae": valid or mae}}}


@pytest.fixture
def predictor(tmp_path, db):
    """predictor("a", metrics, split): a registered version of the model "ions", with a bundle."""
    factories.property_()

    def make(name, figures, split=SPLIT, model="ions", **more):
        folder = write_bundle(tmp_path / name, "predict", [CONDUCTIVITY], figures, name.encode(), split)
        origin = ModelVersion.Origin.UPLOADED
        return RegisterModel(actor=None, folder=folder, model_name=model, origin=origin, **more).run()

    return make


def best(response):
    """Labels of the rows that mark a value, and the value."""
    groups = [*response.context["groups"], *response.context["folded"]]
    return {
        (group.title, row.label): cell.text for group in groups for row in group.rows for cell in row.cells if cell.best
    }


def test_the_page_of_a_model_lists_its_versions(client_of, predictor):
    data = factories.dataset_version()
    first = predictor("a", metrics(0.114, 0.5), dataset_version=data)
    second = predictor("b", metrics(0.2, 0.4))
    factories.alias(version=first)
    for role in ("Viewer", "Engineer"):
        text = client_of(role).get(page(first.model)).content.decode()
        figures = ("MAE <b>0.114</b>", "decades", "n 100", "R² <b>0.5</b>")
        links = (page(first), page(second), reverse("admin:registry_modelversion_compare"))
        for piece in (*figures, *links, "champion", str(data), "the system"):
            assert piece in text, (role, piece)


def test_a_model_without_versions_says_so(client_of):
    model = factories.registered_model()
    text = client_of("Engineer").get(page(model)).content.decode()
    assert "No version yet" in text
    assert f"model={model.pk}" in text
    assert "Compare versions" not in text


def test_the_page_of_a_model_costs_the_same_with_many_versions(client_of):
    model, client = factories.registered_model(), client_of("Viewer")
    factories.alias(version=factories.model_version(model=model))
    counts = []
    for _ in range(2):
        for _ in range(3):
            factories.model_version(model=model, metrics=metrics(0.1, 0.2))
        with CaptureQueriesContext(connection) as queries:
            assert client.get(page(model)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_the_list_shows_the_champions_headline_or_says_whose_it_is(client_of, predictor):
    first, _ = predictor("a", metrics(0.114, 0.5)), predictor("b", metrics(0.2, 0.4))
    url = reverse("admin:registry_registeredmodel_changelist")
    client = client_of("Viewer")
    text = client.get(url).content.decode()
    assert "<b>0.2</b>" in text
    assert "of v2, there is no champion" in text
    factories.alias(version=first)
    text = client.get(url).content.decode()
    assert "<b>0.114</b>" in text
    assert "no champion" not in text


def test_the_better_figure_is_marked_each_way(client_of, predictor):
    one, two = predictor("a", metrics(0.114, 0.5)), predictor("b", metrics(0.2, 0.6), model="others")
    response = client_of("Viewer").get(address(one, two))
    assert best(response) == {
        ("conductivity, test", "MAE"): "0.114",
        ("conductivity, test", "R²"): "0.6",
        ("conductivity, validation", "MAE"): "0.114",
    }
    text = response.content.decode()
    assert "the same 100 test rows" in text
    assert "+75.4 %" in text


def test_figures_of_few_rows_have_no_better_one(client_of, predictor):
    split = SPLIT | {"test": 4}
    one, two = (predictor(name, metrics(mae, 0.5, n=4), split) for name, mae in (("a", 0.1), ("b", 0.2)))
    response = client_of("Viewer").get(address(one, two))
    assert {title for title, _ in best(response)} == {"conductivity, validation"}
    text = response.content.decode()
    assert "All were measured on the same 4 test rows. Fewer than 20 say little of a model" in text
    assert "can be compared" not in text


def test_many_rows_of_few_structures_say_little(client_of, predictor):
    """Whole structures are held out: a new one is like none of the rows of those few."""
    split, few = SPLIT | {"test": 136}, {"n": 136, "structures": 5, "r2": 0.5}
    one, two = (
        predictor(name, {"conductivity": {"test": few | {"mae": mae}}}, split) for name, mae in (("a", 0.1), ("b", 0.2))
    )
    said = "Fewer than 20 held-out structures say little of a model."
    assert (
        f"conductivity, test: n = 136, of 5 structures. {said}" in client_of("Viewer").get(page(one)).content.decode()
    )
    response = client_of("Viewer").get(address(one, two))
    assert best(response) == {}
    assert "the same 136 test rows of 5 structures. Fewer than 20 say little" in response.content.decode()
    of_rows = predictor("c", metrics(0.1, 0.5, n=136), split)
    assert "say little of a model" not in client_of("Viewer").get(page(of_rows)).content.decode()


def test_what_validation_rows_did_depends_on_the_architecture(client_of):
    """One that is fitted at once has no training step."""
    kernel, network = (
        factories.model_version(architecture=name, metrics=metrics(0.1, 0.2)) for name in ("fchl", "schnet")
    )
    texts = [client_of("Viewer").get(url).content.decode() for url in (page(kernel), page(network))]
    assert ["they chose the training step" in text for text in texts] == [False, True]
    assert "they set the width of the intervals" in texts[0]
    both = client_of("Viewer").get(address(kernel, network)).content.decode()
    assert "those of fchl set the width of the intervals" in both
    assert "those of schnet chose the training step" in both


@pytest.mark.parametrize("split", [{"digest": "b" * 64, "test": 12}, {}])
def test_figures_of_different_rows_are_not_compared(client_of, predictor, split):
    one, two = predictor("a", metrics(0.114, 0.5)), predictor("b", metrics(0.2, 0.6), split)
    response = client_of("Viewer").get(address(one, two))
    text = response.content.decode()
    assert best(response) == {}
    assert ("are not comparable" if split else "cannot be compared") in text
    assert ("set B, 12 test rows" if split else "not known") in text
    assert "+75.4 %" not in text
    assert "changes are against" not in text


def test_the_change_of_a_share_is_told_in_points(client_of, predictor):
    shares = [{"conductivity": {"test": {"n": 100, "coverage_90": share}}} for share in (0.8, 0.892)]
    one, two = (predictor(name, found) for name, found in zip("ab", shares, strict=True))
    text = client_of("Viewer").get(address(one, two)).content.decode()
    assert "+9.2 points" in text
    assert "+11.5 %" not in text


def test_changes_are_told_against_the_champion(client_of, predictor):
    one, two = predictor("a", metrics(0.114, 0.5)), predictor("b", metrics(0.2, 0.5))
    factories.alias(version=two)
    text = client_of("Viewer").get(address(one, two)).content.decode()
    assert "-43.0 %" in text
    assert "+75.4 %" not in text
    assert f"changes are against {two}" in text


def test_the_champion_and_the_newest_version_are_ticked_for_comparison(client_of):
    model = factories.registered_model()
    versions = [factories.model_version(model=model) for _ in range(4)]
    client = client_of("Viewer")
    for champion, ticked in (None, versions[2:]), (versions[3], versions[2:]), (versions[0], versions[::3]):
        if champion:
            model.aliases.all().delete()
            factories.alias(version=champion)
        response = client.get(page(model))
        rows = [row["version"] for row in response.context["version_rows"] if row["ticked"]]
        assert rows == ticked[::-1]
        assert response.content.decode().count(" checked>") == 2


def test_equal_figures_and_other_numbers_of_rows_have_no_better_one(client_of, predictor):
    versions = predictor("a", metrics(0.1, 0.5)), predictor("b", metrics(0.1, 0.6, n=9))
    assert set(best(client_of("Viewer").get(address(*versions)))) == set()


def test_generators_say_when_their_tables_differ(client_of, predictor):
    def generator(name, vun, digest):
        samples = {"n": 100, "validity": 0.9, "frechet": vun, "by_key": {"vun": vun}}
        return factories.model_version(
            "generate", metrics={"samples": {"free": samples}, "test": {"loss": vun}}, training_data_digest=digest
        )

    one, two, alike = generator("a", 0.5, "1" * 64), generator("b", 0.6, "2" * 64), generator("c", 0.7, "1" * 64)
    response = client_of("Viewer").get(address(one, two))
    assert best(response) == {("Samples", "VUN by key"): "60.0 %"}
    assert "these tables differ" in response.content.decode()
    response = client_of("Viewer").get(address(one, alike))
    assert best(response) == {("Samples", "VUN by key"): "70.0 %", ("Samples", "Fréchet distance"): "0.5"}
    assert "these tables differ" not in response.content.decode()


def test_pages_name_the_public_data_set_of_a_shipped_version(client_of):
    known = factories.model_version(training_data_digest=entry("htp-md").tables[0])
    unknown = factories.model_version(model=known.model)
    client = client_of("Viewer")
    lists = reverse("admin:registry_modelversion_changelist")
    for url in (page(known), page(known.model), address(known, unknown), lists):
        assert "HTP-MD, conductivity" in client.get(url).content.decode(), url
    assert "molecular dynamics (PCFF+), 353 K, LiTFSI" in client.get(page(known)).content.decode()
    assert "data outside this registry" in client.get(page(unknown)).content.decode()


def test_only_settings_that_differ_are_listed(client_of):
    def config(steps, unit):
        data = {"smiles_column": unit, "properties": [{"name": "conductivity", "unit": unit, "column": unit}]}
        return {"seed": 0, "training": {"steps": steps, "ema": 0.0}, "data": data}

    configs = config(100, "S/cm"), config(120, "mS/cm")
    response = client_of("Viewer").get(address(*(factories.model_version(config=config) for config in configs)))
    assert dict(response.context["settings"]) == {
        "training.steps": ["100", "120"],
        "data.properties.conductivity.unit": ["S/cm", "mS/cm"],
    }
    assert response.context["same_settings"] == 2


def test_curves_lie_over_one_another(client_of):
    versions = []
    for slope in (1, 2):
        run = factories.training_run(job=factories.job("train", state="succeeded"))
        for step in range(3):
            data = {"name": "loss", "value": slope / (step + 1), "step": step, "split": "valid"}
            factories.job_event(job=run.job, kind=JobEvent.Kind.METRIC, message="", data=data)
        versions.append(factories.model_version(training_run=run))
    untrained = factories.model_version()
    response = client_of("Viewer").get(address(*versions, untrained))
    ((title, chart),) = response.context["curves"].charts
    assert title == "Validation loss"
    assert chart.count("<polyline") == 2
    assert all(str(version) in chart for version in versions)
    assert f"not trained here: {untrained}" in response.content.decode()


def test_a_version_that_was_fitted_at_once_was_trained_here_all_the_same(client_of):
    run = factories.training_run(job=factories.job("train", state="succeeded"))
    fitted, other = factories.model_version(training_run=run, architecture="fchl"), factories.model_version()
    text = client_of("Viewer").get(address(fitted, other)).content.decode()
    assert f"trained here without a curve: {fitted}; not trained here: {other}" in text
    assert "None of these versions was trained here" not in text


@pytest.mark.parametrize(
    "query",
    ["", "version=", "version=x", "version=1,1", "version=-1,2", "version=999999998,999999999", "version=1,2,3,4,5,6",
     "version=9999999999999999999,1"],
)  # fmt: skip
def test_what_cannot_be_compared_is_explained(client_of, query):
    response = client_of("Viewer").get(f"{reverse('admin:registry_modelversion_compare')}?{query}")
    assert response.status_code == 400
    assert response.context["problem"]
    assert response.context["problem"] in response.content.decode().replace("&#x27;", "'").replace("&amp;", "&")


def test_different_tasks_and_strangers_are_refused(client_of, client):
    one, two = factories.model_version(), factories.model_version("generate")
    response = client_of("Viewer").get(address(one, two))
    assert response.status_code == 400
    assert "Only versions of one task" in response.content.decode()
    other = factories.model_version()
    assert client_of("").get(address(one, other)).status_code == 403
    assert client.get(address(one, other)).status_code == 302


def test_five_at_once_and_one_more_to_add_or_leave_out(client_of):
    versions = [factories.model_version(metrics=metrics(0.1 + n, 0.5)) for n in range(5)]
    client = client_of("Viewer")
    assert client.get(address(*versions)).status_code == 200
    response = client.get(address(*versions[:3]))
    assert {pk for pk, _ in response.context["others"]} == {version.pk for version in versions[3:]}
    assert address(*versions[:2]).partition("?")[2].replace("&", "&amp;") in response.content.decode()


def test_versions_chosen_in_the_list_are_compared(client_of):
    versions = [factories.model_version() for _ in range(2)]
    chosen = {"action": "compare_chosen", "_selected_action": [version.pk for version in versions]}
    response = client_of("Viewer").post(reverse("admin:registry_modelversion_changelist"), chosen)
    assert response.status_code == 302
    assert response["Location"] == address(*versions)


def test_the_page_of_a_version_puts_the_headline_first(client_of, predictor):
    champion = predictor("a", metrics(0.114, 0.5))
    factories.alias(version=champion)
    factories.property_("a_first_name", label="Another", unit="")
    version = factories.model_version(
        model=champion.model,
        metrics={"a_first_name": {"test": {"mae": 1, "n": 2}}} | metrics(0.2, 0.4),
        config={
            "data": {"properties": [{"name": "conductivity", "unit": "S/cm"}, {"name": "a_first_name", "unit": ""}]}
        },
        properties=[factories.property_("a_first_name"), factories.property_()],
    )
    text = client_of("Viewer").get(page(version)).content.decode()
    table = text[text.index("Metrics") :]
    assert 0 < table.index("conductivity") < table.index("Another")
    assert address(champion, version).replace("&", "&amp;") in text
    assert "data.properties.conductivity.unit" in text


@pytest.mark.parametrize(("promoted", "said"), [(True, "Gate: promoted. MAE fell."), (False, "Gate: not promoted.")])
def test_the_gates_verdict_heads_the_page_of_the_training_and_of_its_version(client_of, promoted, said):
    gate = {"gate": {"promoted": promoted, "reason": "MAE fell." if promoted else ""}}
    run = factories.training_run(metrics=metrics(0.1, 0.2) | gate, job=factories.job("train", state="succeeded"))
    version = factories.model_version(training_run=run, metrics=metrics(0.1, 0.2))
    for row in (run, version):
        text = client_of("Viewer").get(page(row)).content.decode()
        assert 0 < text.index(said) < text.index("sv-facts"), row
        assert "gate.promoted" not in text
    assert "Gate:" not in client_of("Viewer").get(page(factories.model_version())).content.decode()


def test_a_champion_is_not_offered_the_crown_it_wears(client_of):
    champion = factories.alias().version
    other = factories.model_version(model=champion.model)
    client = client_of("Engineer")
    for version, offered in (champion, False), (other, True):
        page = client.get(reverse("admin:registry_modelversion_change", args=[version.pk])).content.decode()
        assert ("Make it champion" in page) == offered


def test_hostile_metrics_and_settings_do_no_harm(client_of):
    deep = json.loads('{"a":' * 300 + "1" + "}" * 300)
    nasty = "<script>alert(1)</script>"
    versions = [
        factories.model_version(
            metrics={nasty: {nasty: n}, "deep": deep}, config={nasty: n, "deep": deep}, architecture=nasty
        )
        for n in range(2)
    ]
    client = client_of("Viewer")
    for url in (address(*versions), *(page(row) for row in (versions[0], versions[0].model))):
        response = client.get(url)
        assert response.status_code == 200
        assert nasty not in response.content.decode()


def test_a_generators_page_keeps_losses_apart_from_samples(client_of):
    asked = {"n": 100, "validity": 0.8, "drawn": 138}
    samples = {
        "free": {"n": 100, "validity": 0.9},
        "conductivity=high": {"n": 100},
        "conductivity=high, distinct": asked,
    }
    figures = {"samples": samples, "test": {"loss": 0.623}, "valid": {"loss": 0.61}, "best_step": 450}
    known = [factories.property_("conductivity", label="Ionic conductivity")]
    version = factories.model_version("generate", metrics=figures, properties=known)
    response = client_of("Viewer").get(page(version))
    panel = response.context["panels"][0].context
    assert panel["table"]["headers"] == [
        "Samples",
        "Samples, Ionic conductivity: high",
        "Samples, Ionic conductivity: high, distinct",
    ]
    assert [tuple(fact)[:2] for fact in panel["facts"]] == [
        ("Loss, test", "0.623"),
        ("Training step kept", "450"),
        ("Strings drawn for samples, Ionic conductivity: high, distinct", "138"),
        ("Loss, validation", "0.61"),
    ]
    assert "came without metrics" not in response.content.decode()
    assert "came without metrics" in client_of("Viewer").get(page(factories.model_version())).content.decode()
