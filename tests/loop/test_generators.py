"""The other generators from the registry: pretrained without properties, fine-tuned with one, asked and measured."""

from typing import Any

import pytest

from registry.actions.start_generation import StartGeneration
from registry.actions.start_training import StartTraining
from registry.catalogue import ensure_properties
from registry.models import DatasetVersion, ModelVersion, Property, RegisteredModel
from tests import factories
from tests.loop.test_full_circle import bring_data, finished

SHAPES: dict[str, dict[str, Any]] = {
    "diffusion-lm": {"layers": 1, "heads": 2, "width": 32, "code": 8},
    "diffusion1d": {"width": 16, "heads": 2},
}
LOOP = {"steps": 30, "batch_size": 16, "learning_rate": 3e-3, "warmup_steps": 5}


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("architecture", SHAPES)
def test_pretrained_tuned_and_asked(architecture: str) -> None:
    conductivity = next(item for item in ensure_properties() if item.name == "conductivity")
    data = bring_data(factories.user("Engineer"))
    model = RegisteredModel.objects.create(name=architecture, task=RegisteredModel.Task.GENERATE)
    parent = trained(model, data, architecture, [])
    child = trained(model, data, architecture, [conductivity], init_version=parent)
    assert child.parent == parent
    assert child.properties.get() == conductivity
    run = StartGeneration(
        actor=None, model_version=child, requested=60, condition={"conductivity": "high"}, config={"calls": 4}
    ).run()
    run = finished(run)
    assert run.proposals.count() == 60
    assert not run.proposals.filter(log_likelihood__isnull=False).exists()
    assert run.metrics["evaluation"]["n"] == 60


def trained(
    model: RegisteredModel, data: DatasetVersion, architecture: str, properties: list[Property], **options: Any
) -> ModelVersion:
    config = {
        "model": {"notation": "selfies", "cut": "canonical", "forms": 1, **SHAPES[architecture]},
        "training": LOOP,
        "condition": {"report_samples": 0},
    }
    start = StartTraining(
        actor=factories.user("Engineer"), model=model, dataset_version=data, architecture=architecture,
        properties=properties, config=config, **options,
    )  # fmt: skip
    version: ModelVersion = finished(start.run()).model_version
    return version
