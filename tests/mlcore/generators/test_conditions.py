import numpy as np
import pytest

from mlcore.config import ConditionConfig, PropertyConfig
from mlcore.errors import UserError
from mlcore.generators.conditions import Axis, axes_from, parse, prompts

VALUES = 10.0 ** np.linspace(-6, -3, 301)
ITEM = PropertyConfig(name="conductivity", unit="S/cm", scale="log10")
AXIS = Axis.fit(ITEM, VALUES, ConditionConfig(thresholds={"conductivity": 1e-4}))


def test_a_value_becomes_standard_deviations_on_the_models_axis() -> None:
    assert AXIS.mean == pytest.approx(-4.5)
    assert AXIS.draw(10**-4.5, 2, None).tolist() == pytest.approx([0, 0], abs=1e-9)
    assert AXIS.draw(10 ** (-4.5 + AXIS.std), 1, None)[0] == pytest.approx(1)
    assert np.isnan(AXIS.draw(None, 3, None)).all()


def test_a_class_is_the_distribution_of_its_members() -> None:
    random = np.random.default_rng(0)
    for name, low, high in (("low", -6, -4), ("high", -4, -3)):
        drawn = AXIS.draw(name, 4000, random) * AXIS.std + AXIS.mean
        assert drawn.min() == pytest.approx(low, abs=0.02)
        assert drawn.max() == pytest.approx(high, abs=0.02)
        assert drawn.mean() == pytest.approx((low + high) / 2, abs=0.05)
        assert AXIS.draw(name, 1, None)[0] * AXIS.std + AXIS.mean == pytest.approx((low + high) / 2, abs=0.02)


def test_without_a_threshold_high_is_the_top_quantile() -> None:
    axis = Axis.fit(ITEM, VALUES, ConditionConfig(high_quantile=0.95))
    assert (axis.threshold <= VALUES).mean() == pytest.approx(0.05, abs=0.01)


def test_an_axis_survives_the_manifest() -> None:
    assert axes_from([AXIS.as_json()]) == [AXIS]


def test_equal_values_and_missing_ones_do_no_harm() -> None:
    axis = Axis.fit(ITEM, np.array([1e-5, np.nan, 1e-5]), ConditionConfig())
    assert axis.std == 1
    assert np.isfinite(axis.draw("high", 5, np.random.default_rng(0))).all()
    with pytest.raises(UserError, match="conductivity has no value in the training rows"):
        Axis.fit(ITEM, np.array([np.nan]), ConditionConfig())


def test_a_threshold_beyond_all_values_is_refused() -> None:
    with pytest.raises(UserError, match="no training value is high of 1"):
        Axis.fit(ITEM, VALUES, ConditionConfig(thresholds={"conductivity": 1.0}))


def test_conditions_are_parsed() -> None:
    assert parse(["a=high", " b = 3e-4 "]) == {"a": "high", "b": 3e-4}


@pytest.mark.parametrize("text", ["a", "a=", "=high", "a=nan", "a=inf"])
def test_conditions_that_say_nothing_are_refused(text: str) -> None:
    with pytest.raises(UserError, match="expected"):
        parse([text])


def test_a_property_is_asked_for_once() -> None:
    with pytest.raises(UserError, match="condition a: given twice"):
        parse(["a=1", "a=2"])


@pytest.mark.parametrize(
    ("condition", "message"),
    [
        ({"conductvity": "high"}, "condition conductvity: unknown property; did you mean 'conductivity'"),
        ({"conductivity": "medium"}, "conductivity=medium: expected a number in S/cm, low or high"),
        ({"conductivity": 1.0}, "conductivity=1: outside of the trained range, 1e-06 to 0.001 S/cm"),
    ],
)
def test_wishes_that_cannot_be_met_are_refused(condition: dict[str, str | float], message: str) -> None:
    with pytest.raises(UserError, match=message):
        prompts([AXIS], condition, 3, None)


def test_prompts_of_no_property_have_no_columns() -> None:
    assert prompts([], None, 4, None).shape == (4, 0)


def test_class_high_may_ask_for_one_value_inside_it() -> None:
    asked = ConditionConfig(thresholds={"conductivity": 1e-4}, asked={"conductivity": 5e-4})
    axis = Axis.fit(ITEM, VALUES, asked)
    drawn = axis.draw("high", 50, np.random.default_rng(0))
    assert drawn.tolist() == pytest.approx([*axis.prompts(np.array([5e-4]))] * 50)
    assert axis.threshold == 1e-4
    assert axis.low == AXIS.low


@pytest.mark.parametrize("value", [9e-5, 2e-3])
def test_class_high_asks_for_nothing_outside_it(value: float) -> None:
    with pytest.raises(UserError, match=r"condition.asked.conductivity: .* is not in class high, 0.0001 to 0.001"):
        Axis.fit(ITEM, VALUES, ConditionConfig(thresholds={"conductivity": 1e-4}, asked={"conductivity": value}))
