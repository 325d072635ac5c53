"""The training form offers what the chosen data and architecture have to choose from, and hands it to the action."""

import pytest
from django.urls import reverse

from registry.actions.freeze_dataset import FreezeDataset
from registry.models import TrainingRun
from tests import factories

pytestmark = pytest.mark.django_db

START = "admin:registry_trainingrun_start"


def frozen(kelvin=None, detail=("",), salt=""):
    dataset = factories.dataset()
    for number in range(10):
        of = factories.structure("*" + "C" * (number + 1) + "O*")
        for name in detail:
            factories.measurement(dataset=dataset, structure=of, property=factories.property_(), method_detail=name,
                                  value=1e-6 * (number + 1), temperature_k=kelvin, salt=salt)  # fmt: skip
    return FreezeDataset(actor=None, dataset=dataset).run()


def test_levels_are_offered_where_there_are_some_and_go_for_every_property(client_of):
    version, plain = frozen(detail=("G4MP2", "B3LYP")), frozen()
    client = client_of("Engineer")
    asked = {"architecture": "trees", "dataset_version": version.pk}
    text = client.get(reverse(START), asked).content.decode()
    assert "As the difference to" in text
    assert "guessed where one is needed" not in text
    other = client.get(reverse(START), {"architecture": "gpt", "dataset_version": version.pk}).content.decode()
    none = client.get(reverse(START), {"architecture": "trees", "dataset_version": plain.pk}).content.decode()
    assert "As the difference to" not in other + none
    data = {"model": factories.registered_model().pk, "properties": [factories.property_().pk], "seed": 0,
            "queue": "cpu", **asked}  # fmt: skip
    refused = client.post(reverse(START), {**data, "baseline": "B3LYP"})
    assert refused.status_code == 422
    assert "needs the level of the values" in refused.content.decode()
    client.post(reverse(START), {**data, "level": "G4MP2", "baseline": "B3LYP"})
    run = TrainingRun.objects.get()
    assert run.inputs == {"levels": {"conductivity": "G4MP2"}, "baselines": {"conductivity": "B3LYP"}}
    text = client.get(reverse("admin:registry_trainingrun_change", args=[run.pk])).content.decode()
    assert "conductivity at G4MP2, as the difference to B3LYP" in text


def test_a_level_is_asked_for_at_its_field_where_structures_have_several(client_of):
    version = frozen(detail=("G4MP2", "B3LYP"))
    data = {"model": factories.registered_model().pk, "properties": [factories.property_().pk], "seed": 0,
            "queue": "cpu", "architecture": "trees", "dataset_version": version.pk}  # fmt: skip
    refused = client_of("Engineer").post(reverse(START), data)
    assert refused.status_code == 422
    assert [error[:7] for error in refused.context["form"].errors["level"]] == ["inputs:"]
    assert not refused.context["form"].non_field_errors()
    assert not TrainingRun.objects.exists()


def test_conditions_are_offered_to_an_architecture_that_takes_them(client_of):
    version = frozen(kelvin=333.0, salt="LiTFSI")
    client = client_of("Engineer")
    asked = {"architecture": "polymer-arrhenius", "dataset_version": version.pk}
    response = client.get(reverse(START), {**asked, "conditions": ["temperature_k", "salt"]})
    field = response.context["form"]["conditions"]
    assert [name for name, _ in field.field.choices] == ["temperature_k", "salt"]
    assert field.value() == ["temperature_k", "salt"]
    assert "conditions" not in client.get(reverse(START), {**asked, "architecture": "trees"}).context["form"].fields
