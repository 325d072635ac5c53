"""Metrics as figures, and on what they were measured."""

import pytest

from registry.actions.register_model import RegisterModel
from registry.admin.parts.figures import figures, headline
from registry.admin.parts.held_out import Footing, held_out
from registry.models import ModelVersion
from tests import factories
from tests.bundles import write_bundle

pytestmark = pytest.mark.django_db

PREDICTED = {
    "conductivity": {"test": {"n": 558, "mae": 0.11, "r2": 0.5}, "valid": {"n": 600, "mae": 0.1}},
    "molarity": {"test": {"n": 558, "mae": 0.04, "r2": 0.2}},
}
SAMPLED = {"samples": {"free": {"n": 1000, "validity": 0.947, "diversity": 0.7, "by_key": {"vun": 0.659}}}}


def predictor(**fields):
    linear = factories.property_("molarity", unit="mol/kg", scale="linear", label="Salt molality")
    config = {"data": {"properties": [{"name": "molarity"}, {"name": "conductivity"}]}}
    fields = {"metrics": PREDICTED, "config": config, "properties": [factories.property_(), linear]} | fields
    return factories.model_version(**fields)


def test_headline_of_a_predictor_follows_the_configuration():
    found = headline(predictor())
    assert list(found) == ["Salt molality", "conductivity"]
    mae, r2 = found["conductivity"]
    assert (mae.text(), mae.unit, mae.n, mae.part, mae.measure.better) == ("0.11", "decades", 558, "test", "lower")
    assert (r2.text(), r2.unit, r2.measure.better) == ("0.5", "", "higher")
    assert found["Salt molality"][0].unit == "mol/kg"


def test_headline_of_a_generator():
    found = headline(factories.model_version("generate", metrics=SAMPLED))
    assert [(one.measure.label, one.text()) for one in found["Samples"]] == [
        ("Valid", "94.7 %"),
        ("VUN by key", "65.9 %"),
        ("Diversity", "0.7"),
    ]


@pytest.mark.parametrize(
    "metrics",
    [{}, {"conductivity": 3}, {"conductivity": {"test": {"mae": "x", "r2": None, "n": True}}}, {"samples": [1]},
     {"test": {"loss": {"deep": 1}}}, {"odd": {"er": 0.5}}, {"samples": {"free": {"by_key": {"vun": [1]}}}}],
)  # fmt: skip
def test_metrics_of_any_shape_are_read(metrics):
    for task in ("predict", "generate"):
        version = factories.model_version(task, metrics=metrics, config={"data": {"properties": ["?"]}})
        headline(version)
        assert all(isinstance(one.value, float) for one in figures(version))


def bundled(tmp_path, name, **split):
    folder = write_bundle(tmp_path / name, "predict", split=split, weights=name.encode())
    return RegisterModel(actor=None, folder=folder, model_name=name, origin=ModelVersion.Origin.UPLOADED).run()


def test_versions_share_a_footing_when_they_held_out_the_same_rows(tmp_path):
    one, same, other, silent = (
        bundled(tmp_path, "one", digest="a" * 64, test=50),
        bundled(tmp_path, "same", digest="a" * 64, test=50),
        bundled(tmp_path, "other", digest="b" * 64, test=60),
        bundled(tmp_path, "silent"),
    )
    assert held_out(one).test == 50
    assert Footing.of([one, same]).same_rows
    assert not Footing.of([one, other]).same_rows
    assert Footing.of([one, same, other]).letters() == ["A", "A", "B"]
    assert not Footing.of([one, silent]).known
    assert not Footing.of([silent, silent]).same_rows
    assert Footing.of([one, other]).same_reference  # the same table, split otherwise


def test_a_missing_bundle_is_unknown_and_no_error():
    version = factories.model_version()
    assert held_out(version).digest == ""


@pytest.mark.parametrize(("value", "text"), [(0.99998, "> 0.999"), (0.9994, "0.999"), (1.0, "1"), (-1.0, "-1")])
def test_a_correlation_that_is_not_perfect_does_not_look_so(value, text):
    metrics = {"conductivity": {"test": {"n": 300, "r2": value}}}
    assert [figure.text() for figure in figures(predictor(metrics=metrics)) if figure.key == "r2"] == [text]
