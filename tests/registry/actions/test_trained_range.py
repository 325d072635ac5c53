"""What a generator has seen is read from its bundle, shown, and held against every wish."""

import json
from pathlib import Path

import pytest

import mlcore
from registry import artifacts
from registry.actions.base import ActionError
from registry.actions.start_generation import StartGeneration
from registry.actions.start_scoring import StartScoring
from registry.actions.trained_range import TrainedRange, beyond_trained, condition_ranges, trained_range
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


@pytest.fixture
def over_conditions() -> ModelVersion:
    """The model over temperature, salt, molality and molecular weight that ships with the code."""
    folder = Path(mlcore.__file__).parent / "zoo" / "arrhenius-chemarr"
    config = json.loads((folder / "manifest.json").read_text())["config"]
    return factories.model_version(bundle_digest=artifacts.put_folder(folder), config=config)


def test_ranges_of_conditions_come_from_the_bundle(over_conditions) -> None:
    found = {key: (span.low, span.high, span.unit) for key, span in condition_ranges(over_conditions).items()}
    assert found == {
        "temperature_k": (243.15, 463.15, "K"),
        "concentration": (1.01e-5, 203.998161, "mol/kg"),
        "molecular_weight": (190.0, 110943600.0, "g/mol"),
    }
    assert condition_ranges(factories.model_version()) == {}


def test_a_bundle_of_other_weights_has_no_ranges(over_conditions, tmp_path) -> None:
    digest = artifacts.put_folder(write_bundle(tmp_path / "bundle", weights=b"no tensors"))
    assert condition_ranges(factories.model_version(bundle_digest=digest, config=over_conditions.config)) == {}


def test_a_condition_far_outside_is_said_where_the_run_starts(over_conditions) -> None:
    inside = {"temperature_k": [243.15, 463.15], "salt": "LiTFSI", "concentration": 1.0}
    assert beyond_trained(over_conditions, inside) == []
    factories.candidate()
    asked = inside | {"temperature_k": [300, 600, 700], "concentration": 300}
    run = StartScoring(actor=None, model_version=over_conditions, conditions=asked).run()
    said = list(run.job.events.filter(level="warning").order_by("sequence").values_list("message", flat=True))
    beyond = "; what is predicted there is marked as out of domain."
    assert said == [
        f"temperature_k 600, 700 K: the training data have 243.15 to 463.15 K{beyond}",
        f"concentration 300 mol/kg: the training data have 1.01e-05 to 203.99 mol/kg{beyond}",
    ]
