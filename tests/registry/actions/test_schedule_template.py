"""A schedule that could never train or promote is refused when it is saved."""

from typing import Any

import numpy as np
import pytest

from mlcore.evaluation import measures, regression
from registry.actions.base import ActionError
from registry.actions.schedule_template import check_schedule
from registry.models import Schedule
from tests import factories

pytestmark = pytest.mark.django_db


def schedule(task: str = "predict", **fields: Any) -> Schedule:
    """Of a model whose champion predicts conductivity, or is prompted with it."""
    architecture = {"predict": "polymer-gnn", "generate": "gpt"}[task]
    version = factories.model_version(task, architecture=architecture)
    factories.alias(version=version)
    return factories.schedule(**{"model": version.model, "template": {}} | fields)


@pytest.mark.parametrize(
    ("fields", "at", "said"),
    [
        ({"template": {"training": {"step": 30}}}, "template", "template: training.step: .*did you mean 'steps'"),
        ({"template": {"trainin": {}}}, "template", "did you mean 'training'"),
        ({"template": {"architecture": "polymergnn"}}, "template", "did you mean 'polymer-gnn'"),
        ({"template": {"architecture": 3}}, "template", "must be a name"),
        ({"template": {"architecture": "gpt"}}, "template", "gpt can generate"),
        ({"template": {"properties": ["conductivty"]}}, "template", "did you mean 'conductivity'"),
        ({"template": {"properties": "conductivity"}}, "template", "a list of names"),
        ({"template": {"queue": "tpu"}}, "template", "no queue 'tpu'"),
        ({"template": {"seed": "one"}}, "template", "seed"),
        ({"gate_metric": "conductivty.test.mea"}, "gate_metric", "did you mean 'conductivity'"),
        ({"gate_metric": "conductivity.tst.mae"}, "gate_metric", "did you mean 'test'"),
        ({"gate_metric": "conductivity.test.mea"}, "gate_metric", "did you mean 'mae'"),
        ({"gate_metric": "mae"}, "gate_metric", "looks like conductivity.test.mae"),
        ({"gate_metric": "conductivity.test.r2"}, "gate_lower_is_better", "of r2, higher is better"),
        ({"task": "generate", "gate_metric": "conductivity.test.mae"}, "gate_metric", "looks like samples.free.vun"),
    ],
)
def test_nonsense_is_refused_and_the_likely_name_told(fields: dict[str, Any], at: str, said: str) -> None:
    with pytest.raises(ActionError, match=said) as refused:
        check_schedule(schedule(**fields))
    assert refused.value.field == at


def test_a_champion_of_other_properties_cannot_be_started_from() -> None:
    factories.property_("hue")
    wrong = schedule(template={"properties": ["hue"]})
    with pytest.raises(ActionError, match="predicts conductivity"):
        check_schedule(wrong)
    wrong.start_from_champion = False
    check_schedule(wrong)


@pytest.mark.parametrize(
    "fields",
    [
        {"template": {"training": {"steps": 30}, "data": {"split": {"test": 0.2}}}},
        {"gate_metric": "conductivity.valid.rmse"},
        {"gate_metric": "conductivity.test.spearman", "gate_lower_is_better": False},
        {"task": "generate", "gate_metric": "samples.conductivity=high.vun", "gate_lower_is_better": False},
        {"model": None, "template": {"training": {"steps": 5}, "model": {"width": 3}}},
    ],
)
def test_what_makes_sense_is_saved(fields: dict[str, Any]) -> None:
    check_schedule(schedule(**fields))


def test_every_measure_of_a_predictor_has_a_better_direction() -> None:
    told = regression.measure(np.arange(5.0), np.arange(5.0))
    assert {*measures.LOWER_IS_BETTER, *measures.HIGHER_IS_BETTER} == told.keys() - {"n"}
