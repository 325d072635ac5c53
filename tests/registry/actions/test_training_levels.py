"""Values of several levels of theory are never averaged unless they were before."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError

from registry.actions.base import ActionError
from registry.actions.freeze_dataset import FreezeDataset
from registry.actions.start_training import MINIMUM_LABELS, StartTraining
from registry.jobs import schedules
from registry.models import Dataset, DatasetVersion, ModelVersion, Schedule, TrainingRun
from tests import factories

pytestmark = pytest.mark.django_db

BOTH = ({"method_detail": "B3LYP"}, {"method_detail": "G4MP2"})
SAID = r"conductivity of the same structures at several levels: B3LYP, G4MP2; .* inputs\.levels.*: \"B3LYP\""


def measured(methods: Sequence[Mapping[str, str]], dataset: Dataset | None = None) -> DatasetVersion:
    """A version whose structures have a value by each of the methods."""
    dataset = dataset or factories.dataset()
    for _ in range(MINIMUM_LABELS):
        structure = factories.structure()
        for method in methods:
            factories.measurement(dataset=dataset, structure=structure, **method)
    return FreezeDataset(actor=None, dataset=dataset).run()


def training(version: DatasetVersion, **fields: object) -> StartTraining:
    defaults = {"model": factories.registered_model(), "architecture": "polymer-gnn"}
    defaults |= {"properties": [factories.property_()], "actor": None, "dataset_version": version}
    return StartTraining(**(defaults | fields))


def learned(version: DatasetVersion, **inputs: object) -> ModelVersion:
    """A champion that has been trained on a version."""
    model = factories.registered_model()
    run = factories.training_run(model=model, dataset_version=version, inputs=inputs)
    champion = factories.model_version(model=model, training_run=run, dataset_version=version)
    factories.alias(version=champion)
    return champion


def turn(champion: ModelVersion, dataset: Dataset, **fields: object) -> Schedule:
    """What comes of a schedule's next turn."""
    schedule = factories.schedule(model=champion.model, dataset=dataset, template={}, **fields)
    schedules.tick(datetime(2026, 11, 23, tzinfo=UTC))
    schedules.tick(datetime(2026, 11, 24, 12, tzinfo=UTC))
    schedule.refresh_from_db()
    return schedule


def test_a_level_must_be_chosen_where_structures_have_several() -> None:
    version = measured(BOTH)
    with pytest.raises(ActionError, match=SAID) as caught:
        training(version).run()
    assert caught.value.field == "inputs.levels"
    levels = {"conductivity": "g4mp2"}
    assert training(version, inputs={"levels": levels}).run().inputs == {"levels": levels}


ONE_EACH = {
    "no details": ({"method": "experiment"}, {"method": "md"}),
    "one without": ({"method_detail": "G4MP2"}, {"method": "experiment"}),
    "two spellings": ({"method_detail": "G4MP2"}, {"method_detail": "g4mp2"}),
    "replicates": ({"method_detail": "G4MP2"}, {"method_detail": "G4MP2"}),
}


@pytest.mark.parametrize("case", ONE_EACH)
def test_values_of_one_level_and_of_none_are_learned_together(case: str) -> None:
    assert training(measured(ONE_EACH[case])).run().inputs == {}


def test_levels_of_different_structures_and_of_other_properties_are_no_mixture() -> None:
    dataset = factories.dataset()
    measured(BOTH[:1], dataset)
    hue = factories.property_("hue")
    measured([{"property": hue} | method for method in BOTH], dataset)
    assert training(measured(BOTH[1:], dataset)).run().inputs == {}


def test_what_has_learned_means_goes_on_to_learn_them() -> None:
    dataset = factories.dataset()
    champion = learned(measured(BOTH, dataset))
    version = measured(BOTH, dataset)
    assert training(version, model=champion.model, init_version=champion).run().inputs == {}
    with pytest.raises(ActionError, match=SAID):
        training(version, model=champion.model).run()


@pytest.mark.parametrize("from_champion", [True, False])
def test_a_schedule_repeats_what_its_champion_learned(from_champion: bool) -> None:
    dataset = factories.dataset()
    champion = learned(measured(BOTH, dataset))
    measured(BOTH, dataset)
    assert "started on" in turn(champion, dataset, start_from_champion=from_champion).last_outcome


def test_a_schedule_does_not_begin_to_learn_means() -> None:
    dataset = factories.dataset()
    champion = learned(measured(BOTH[:1], dataset))
    measured(BOTH, dataset)
    schedule = turn(champion, dataset)
    assert schedule.last_outcome.startswith("Failed: inputs:")
    assert schedule.last_outcome.endswith('such as {"levels": {"conductivity": "B3LYP"}}.')
    assert not schedule.training_runs.exists()


def test_a_schedule_repeats_the_level_that_its_champion_was_told() -> None:
    dataset = factories.dataset()
    champion = learned(measured(BOTH, dataset), levels={"conductivity": "G4MP2"})
    measured(BOTH, dataset)
    assert turn(champion, dataset).training_runs.get().inputs == {"levels": {"conductivity": "G4MP2"}}


def test_the_command_takes_levels_from_a_file(tmp_path: Path) -> None:
    arguments = ["train", "line", "--dataset", measured(BOTH).dataset.slug, "--architecture", "trees"]
    arguments += ["--property", "conductivity"]
    with pytest.raises(CommandError, match=SAID):
        call_command(*arguments)
    file = tmp_path / "inputs.json"
    file.write_text('{"levels": {"conductivity": "G4MP2"}}')
    call_command(*arguments, "--inputs", str(file))
    assert TrainingRun.objects.get().inputs == {"levels": {"conductivity": "G4MP2"}}


def test_the_same_value_everywhere_teaches_nothing() -> None:
    """At the level that is chosen; a model that goes on from another one knows more than these data."""
    dataset = factories.dataset()
    for number in range(MINIMUM_LABELS):
        structure = factories.structure()
        for level, value in (("B3LYP", 2e-5), ("G4MP2", 1e-5 * (number + 1))):
            factories.measurement(dataset=dataset, structure=structure, value=value, method_detail=level)
    version = FreezeDataset(actor=None, dataset=dataset).run()
    said = "the same value of conductivity at b3lyp in all 10 measurements, 2e-05 S/cm; there is nothing to learn"
    levels = {"conductivity": "b3lyp"}
    with pytest.raises(ActionError, match=said) as caught:
        training(version, inputs={"levels": levels}).run()
    assert caught.value.field == "properties"
    assert training(version, inputs={"levels": {"conductivity": "G4MP2"}}).run()
    assert training(version, inputs={"levels": {"conductivity": "G4MP2"}, "baselines": levels}).run()
    before = factories.model_version()
    assert training(version, inputs={"levels": levels}, init_version=before, model=before.model).run()
