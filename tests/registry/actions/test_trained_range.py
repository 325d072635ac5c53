"""What a generator has seen is read from its bundle, shown, and held against every wish."""

import pytest

from registry import artifacts
from registry.actions.base import ActionError
from registry.actions.start_generation import StartGeneration
from registry.actions.trained_range import TrainedRange, trained_range
from registry.models import Job, ModelVersion
from tests import factories
from tests.bundles import CONDUCTIVITY, write_bundle

pytestmark = pytest.mark.django_db

SPAN = CONDUCTIVITY | {"minimum": 6.9170087e-06, "maximum": 0.00050656, "threshold": 1.234e-4}


@pytest.fixture
def version(tmp_path) -> ModelVersion:
    digest = artifacts.put_folder(write_bundle(tmp_path / "bundle", properties=[SPAN]))
    return factories.model_version("generate", bundle_digest=digest)


def start(version: ModelVersion, wish: object) -> StartGeneration:
    return StartGeneration(actor=None, model_version=version, requested=5, condition={"conductivity": wish})


def test_range_comes_from_the_bundle(version) -> None:
    found = trained_range(version, factories.property_())
    assert (found.low, found.high, found.threshold) == (6.9170087e-06, 0.00050656, 1.234e-4)
    assert str(found) == "6.92e-06 to 0.000506 S/cm"
    assert found.example == 5.9e-05


@pytest.mark.parametrize("wish", ["low", "high", 6.92e-06, 0.000506, 5.9e-05])
def test_wish_inside_is_queued(version, wish) -> None:
    assert start(version, wish).run().job.state == Job.State.QUEUED


@pytest.mark.parametrize("wish", [6.9e-06, 0.000507, 1])
def test_wish_outside_is_refused_with_range_and_unit(version, wish) -> None:
    with pytest.raises(ActionError, match=r"trained on, 6\.92e-06 to 0\.000506 S/cm") as refused:
        start(version, wish).run()
    assert refused.value.field == "condition.conductivity"
    assert not Job.objects.exists()


def test_unreadable_bundle_leaves_the_judgement_to_the_job() -> None:
    version = factories.model_version("generate")
    assert trained_range(version, factories.property_()) is None
    assert start(version, 1.0).run().job.state == Job.State.QUEUED


@pytest.mark.parametrize(
    ("span", "said", "example"),
    [
        (TrainedRange(-1.641864, 0.8216879, ""), "-1.64 to 0.821", -0.41),
        (TrainedRange(0, 0, "K"), "0 to 0 K", 0),
        (TrainedRange(298.15, 298.15, "K"), "298.15 to 298.15 K", 298.15),
        (TrainedRange(298.12, 298.19, "K"), "298.12 to 298.19 K", 298.155),
        (TrainedRange(0.0, 0.3333), "0 to 0.333", 0.17),
    ],
)
def test_any_range_can_be_written(span, said, example) -> None:
    assert (str(span), span.example) == (said, example)
