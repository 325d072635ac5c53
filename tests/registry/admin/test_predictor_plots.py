"""What a predictor's page draws of held-out rows, and two predictors on the structures that both held out."""

import re

import pytest
from django.urls import reverse

from registry.actions.register_model import RegisterModel
from registry.admin.parts.common_ground import shared
from registry.models import JobEvent
from tests import factories
from tests.bundles import CONDUCTIVITY, write_bundle

CLIENT = "Viewer"


def page(row):
    return reverse(f"admin:registry_{row._meta.model_name}_change", args=[row.pk])


def compare(*versions):
    query = "&".join(f"version={version.pk}" for version in versions)
    return f"{reverse('admin:registry_modelversion_compare')}?{query}"


def measured(keys, error=0.1, part="test", truth=None):
    """Metrics whose predictions are off by `error`, to either side in turn."""
    truth = truth or {}
    values = [float(truth.get(key, -4 + n / 10)) for n, key in enumerate(keys)]
    off = [value + error * (-1) ** n for n, value in enumerate(values)]
    series = {
        "parity": {"truth": values, "predicted": off, "keys": list(keys)},
        "calibration_curve": [[0.5, 0.4], [0.9, 0.85]],
        "error_by_similarity": [[0.5, 0.3, 4], [1.0, 0.1, 16]],
        "top_k": [[1, 1.0], [5, 0.6]],
    }
    return {"conductivity": {part: {"n": len(keys), "mae": error, "r2": 0.5, **series}}}


def keys(first, last):
    return [f"key{n:03}" for n in range(first, last)]


def version(metrics, **more):
    return factories.model_version(metrics=metrics, properties=[factories.property_()], **more)


def test_the_page_draws_the_four_series(client_of):
    text = client_of(CLIENT).get(page(version(measured(keys(0, 20))))).content.decode()
    for title in ("Parity", "Calibration", "Error by similarity to the training data", "Precision among the top k"):
        assert f"<b>{title}</b>" in text
    assert "the 90 % interval holds 85.0 %" in text
    assert "similarity up to 0.5: MAE 0.3, n = 4" in text
    assert text.count("<circle") == 20 + 2 + 2 + 2
    assert "they flatter" not in text
    assert "nan" not in text.lower()


def test_each_point_over_the_distance_says_how_many_rows_are_behind_it(client_of):
    text = client_of(CLIENT).get(page(version(measured(keys(0, 20))))).content.decode()
    assert "</i>MAE, from the left of n = 4, 16</span>" in text


@pytest.mark.parametrize(("rows", "few"), [(19, True), (20, False)])
def test_few_held_out_rows_are_called_few(client_of, rows, few):
    text = client_of(CLIENT).get(page(version(measured(keys(0, rows))))).content.decode()
    assert ("conductivity, test: n = 19. Fewer than 20 held-out rows say little of a model." in text) is few


def test_what_nobody_ranks_by_has_no_top(client_of):
    """The lowest total energy is that of the largest molecule, and no better for it."""
    energy = factories.property_("energy", unit="Ha", scale="linear", lower=None, better="neither")
    metrics = {"energy": measured(keys(0, 20))["conductivity"]}
    metrics["energy"]["test"]["top_precision"] = 0.25
    row = factories.model_version(metrics=metrics, properties=[energy])
    text = client_of(CLIENT).get(page(row)).content.decode()
    assert "<b>Parity</b>" in text
    assert "top 5 %" not in text
    assert "Precision among the top k" not in text


def test_validation_rows_are_named_so(client_of):
    text = client_of(CLIENT).get(page(version(measured(keys(0, 20), part="valid")))).content.decode()
    assert "No rows were kept for a test" in text


def test_an_older_version_says_that_it_has_none(client_of):
    text = client_of(CLIENT).get(page(version({"conductivity": {"test": {"n": 3, "mae": 1}}}))).content.decode()
    assert "train it again to see where it errs" in text
    assert "learned from all rows" not in text
    assert (
        "held-out rows were kept"
        not in client_of(CLIENT).get(page(factories.model_version("generate"))).content.decode()
    )


def test_a_version_that_learned_from_all_rows_says_so(client_of):
    unsplit = version({"conductivity": {"valid": {"n": 0}, "test": {"n": 0}}})
    text = client_of(CLIENT).get(page(unsplit)).content.decode()
    assert "learned from all rows of its table" in text
    assert "train it again" not in text


@pytest.mark.parametrize(
    "series",
    [
        {"parity": {}},
        {"parity": {"truth": [1], "predicted": ["<script>"], "keys": ["a"]}},
        {"parity": {"truth": [1.0], "predicted": [2.0]}, "top_k": "no", "calibration_curve": [[1]],
         "error_by_similarity": {"a": 1}},
        {"parity": {"truth": [1.0, 1.0], "predicted": [1.0, 1.0]}, "n": "many"},
    ],
)  # fmt: skip
def test_series_from_anywhere_do_no_harm(client_of, series):
    odd = version({"conductivity": {"test": series}})
    client = client_of(CLIENT)
    for url in (page(odd), compare(odd, version(measured(keys(0, 20))))):
        response = client.get(url)
        assert response.status_code == 200
        assert "<script>" + '"' not in response.content.decode()


@pytest.mark.django_db
def test_versions_with_different_splits_are_compared_on_what_both_held_out(client_of):
    truth = {key: -4 + n / 50 for n, key in enumerate(keys(0, 60))}
    truth_now = truth | {"key035": -9}  # measured anew
    old = version(measured(keys(0, 40), 0.3, truth=truth))
    new = version(measured(keys(20, 60), 0.1, truth=truth_now))
    (found,), reasons = shared([old, new], 0)
    assert (found.n, found.moved, reasons) == (19, 1, [])
    assert found.mae == pytest.approx((0.3, 0.1))
    assert found.gain == pytest.approx((0, -0.2))
    response = client_of(CLIENT).get(compare(old, new))
    (group,) = response.context["together"].groups
    assert group.title.endswith("19 structures")
    assert [cell.best for cell in group.rows[0].cells] == [False, True]
    assert "1 more are left out" in response.content.decode()


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (
            measured(keys(11, 60), truth={f"key{n:03}": -4 + n / 10 for n in range(60)}),
            "9 structures with one value were held out by all; 10 are needed",
        ),
        ({"conductivity": {"test": {"mae": 1}}}, "came without its held-out rows"),
        (measured(keys(0, 20), part="valid"), "came without its held-out rows"),
    ],
)
def test_what_cannot_be_compared_says_why(client_of, other, why):
    response = client_of(CLIENT).get(compare(version(measured(keys(0, 20))), version(other)))
    assert response.context["together"].groups == []
    assert why in response.content.decode()


def test_a_small_difference_has_no_better_one_and_a_parent_with_another_split_is_named(client_of):
    one = version(measured(keys(0, 20), 0.1), config={"seed": 1, "data": {"split": {"valid": 0.1, "test": 0.1}}})
    wild = measured(keys(0, 20), 0.1)
    wild["conductivity"]["test"]["parity"]["predicted"][0] += 1
    two = version(wild, parent=one, config={"seed": 2, "data": {"split": {"valid": 0.1, "test": 0.1}}})
    response = client_of(CLIENT).get(compare(one, two))
    assert not any(cell.best for cell in response.context["together"].groups[0].rows[0].cells)
    assert f"{two} was fine-tuned from {one}, which may have learned from some of them." in response.content.decode()


def test_the_versions_of_a_line_show_what_more_data_brought(client_of, tmp_path):
    factories.property_()
    made = []
    for rows, error in (80, 0.3), (800, 0.2):
        split = {"digest": f"{rows:064}", "train": rows, "valid": 10, "test": 10}
        metrics = {"conductivity": {"test": {"n": 10, "mae": error}}}
        folder = write_bundle(tmp_path / str(rows), "predict", [CONDUCTIVITY], metrics, str(rows).encode(), split)
        made.append(RegisterModel(actor=None, folder=folder, model_name="ions", origin="uploaded").run())
    text = client_of(CLIENT).get(page(made[1])).content.decode()
    assert "ions v1: 0.3 with 80 training rows; ions v2: 0.2 with 800 training rows" in text
    alone = factories.model_version(metrics=metrics, properties=[factories.property_()])
    assert "How it learned" not in client_of(CLIENT).get(page(alone)).content.decode()


def test_the_page_of_a_version_shows_its_training_step_by_step(client_of):
    run = factories.training_run(job=factories.job("train", state="succeeded"))
    for step in range(3):
        data = {"name": "loss", "value": 1 / (step + 1), "step": step, "split": "valid"}
        factories.job_event(job=run.job, kind=JobEvent.Kind.METRIC, message="", data=data)
    text = client_of(CLIENT).get(page(version({}, training_run=run))).content.decode()
    assert "How it learned" in text
    assert "<b>Loss</b>" in text


def over_folds(mae, digest="f" * 64, n=90):
    """Metrics of five folds, with a learning curve, beside a test part."""
    part = {"n": n, "mae": mae, "r2": 0.6, "folds": 5, "structures": 80, "digest": digest, "mae_of_folds": [mae] * 5}
    return {"folds": {**part, "learning_curve": [[20, 2 * mae, 0.3], [64, mae, 0.6]]}, "test": {"n": 9, "mae": 0.3}}


def test_the_page_says_what_folds_say(client_of):
    text = client_of(CLIENT).get(page(version({"conductivity": over_folds(0.111)}))).content.decode()
    for said in ("Over 5 folds", "80 structures, each held out once", "0.111", "<b>Learning curve</b>"):
        assert said in text
    assert "20 structures: MAE 0.222, R² 0.3" in text
    assert "kept none for a test" not in text


def test_the_headline_is_of_the_test_rows(client_of):
    row = version({"conductivity": over_folds(0.111)})
    text = client_of(CLIENT).get(reverse("admin:registry_modelversion_changelist")).content.decode()
    assert "MAE <b>0.3</b>" in text, row
    assert "0.111" not in text


@pytest.mark.parametrize(
    ("digest", "n", "compared"), [("f" * 64, 90, True), ("e" * 64, 90, False), ("f" * 64, 89, False)]
)
def test_figures_over_the_same_folds_are_compared(client_of, digest, n, compared):
    ours = version({"conductivity": over_folds(0.111)})
    theirs = version({"conductivity": over_folds(0.1, digest, n)})
    response = client_of(CLIENT).get(compare(ours, theirs))
    (group,) = (one for one in response.context["groups"] if one.title.endswith("over folds"))
    best = [cell.text for row in group.rows if row.label == "MAE" for cell in row.cells if cell.best]
    assert best == (["0.1"] if compared else [])
    assert ("over folds can be compared" in response.context["note"]) == (digest == "f" * 64)


def test_learning_curves_are_drawn_together(client_of):
    both = [
        version({"conductivity": measured(keys(0, 20), error)["conductivity"] | {"folds": over_folds(error)["folds"]}})
        for error in (0.1, 0.2)
    ]
    text = client_of(CLIENT).get(compare(*both)).content.decode()
    assert text.count("<b>Learning curve</b>") == 1


def test_a_learning_curve_shows_how_it_falls(client_of):
    folds = over_folds(0.1)["folds"] | {"learning_curve": [[20, 0.15, 0.3], [64, 0.138, 0.35]]}
    text = client_of(CLIENT).get(page(version({"conductivity": {"folds": folds}}))).content.decode()
    drawing = text[text.index("<b>Learning curve</b>") :]
    heights = [float(at) for at in re.findall(r'<circle cx="[^"]+" cy="([^"]+)"', drawing[: drawing.index("</svg>")])]
    assert heights[1] - heights[0] > 100


def test_strange_learning_curves_are_left_out(client_of):
    for curve in ("none", [[0, 1, 1]], [["a", 1, 1]], [[1, None, None]], {}):
        metrics = {"conductivity": {"folds": {"n": 9, "mae": 0.1, "learning_curve": curve}}}
        text = client_of(CLIENT).get(page(version(metrics))).content.decode()
        assert "<b>Learning curve</b>" not in text


def delta(metrics, baseline_level):
    """A version that learned the difference to a cheaper method, or the values themselves."""
    entry = {"name": "conductivity"}
    if baseline_level:
        entry |= {"baseline": "cheap", "baseline_level": baseline_level}
    return version(metrics, config={"data": {"properties": [entry]}})


def test_differences_are_drawn_as_such(client_of):
    text = client_of(CLIENT).get(page(delta(measured(keys(0, 20)), "B3LYP"))).content.decode()
    assert "measured less B3LYP" in text
    assert "R², ρ and, where it is told, the top 5 % are those of the difference" in text
    plain = client_of(CLIENT).get(page(delta(measured(keys(0, 20)), ""))).content.decode()
    assert "less" not in plain.partition("Parity")[2].partition("</figure>")[0]
    assert "those of the difference" not in plain


def test_differences_to_several_baselines_are_named(client_of):
    versions = [
        delta(measured(keys(0, 20), error), level) for error, level in ((0.1, "B3LYP"), (0.2, "PM7"), (0.3, ""))
    ]
    text = client_of(CLIENT).get(compare(*versions)).content.decode()
    assert "predicted less B3LYP or PM7 or nothing" in text
