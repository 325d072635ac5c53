"""The training form offers what the chosen data and architecture have to choose from, and hands it to the action."""

import pytest
from django.urls import reverse

from registry.actions.freeze_dataset import FreezeDataset
from registry.formats.training_table import passed_over, training_table
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
    (said,) = refused.context["form"].errors["level"]
    assert said.startswith(f"{version} has conductivity of the same structures at several levels: B3LYP, G4MP2;")
    assert said.endswith("Choose one under “Values of which method”.")
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


@pytest.mark.parametrize(
    ("given", "field", "said"),
    [
        ({"training.steps": 10, "training.warmup_steps": 20}, "training.warmup_steps",
         "“Warmup steps” is 20, but training ends after 10 steps (“Steps”); it must be less, or left out"),
        ({"data.split.valid": 0.6, "data.split.test": 0.6}, "__all__",
         "Held-out shares: valid + test is 1.2, nothing is left to train on"),
        ({"evaluation.sizes": "100"}, "evaluation.sizes",
         "“Sizes”: a learning curve needs “Folds”, such as 5"),
    ],
)  # fmt: skip
def test_errors_name_the_inputs_of_the_form(client_of, given, field, said):
    data = {"model": factories.registered_model().pk, "properties": [factories.property_().pk], "seed": 0,
            "queue": "cpu", "architecture": "polymer-gnn", "dataset_version": frozen().pk}  # fmt: skip
    refused = client_of("Engineer").post(reverse(START), data | given)
    assert refused.context["form"].errors == {field: [said]}


def test_a_condition_that_is_missing_is_named_as_in_the_form(client_of):
    version = frozen(kelvin=333.0)
    data = {"model": factories.registered_model().pk, "properties": [factories.property_().pk], "seed": 0,
            "queue": "cpu", "architecture": "polymer-arrhenius", "dataset_version": version.pk}  # fmt: skip
    refused = client_of("Engineer").post(reverse(START), data)
    assert refused.context["form"].non_field_errors() == [
        'polymer-arrhenius learns over the temperature; put "temperature" among the conditions.'
    ]


def test_values_at_other_temperatures_are_said_to_be_left_out(client_of, tmp_path):
    """As many as the table of the training leaves out."""
    dataset = factories.dataset()
    for text, kelvins in (("*CO*", (300.0, 333.0, 333.0, 350.0)), ("*CCO*", (300.0,)), ("*CCCO*", (None, 350.0))):
        for kelvin in kelvins:
            factories.measurement(dataset=dataset, structure=factories.structure(text), temperature_k=kelvin)
    version, item = FreezeDataset(actor=None, dataset=dataset).run(), factories.property_()
    client, asked = client_of("Engineer"), {"dataset_version": version.pk, "architecture": "trees"}
    text = client.get(reverse(START), asked).content.decode()
    said = "Of conductivity 3 of 7 values are left out: trees learns of each structure what was measured nearest 350 K."
    assert said in text
    told = client.get(reverse(START), asked | {"architecture": "polymer-arrhenius"}).content.decode()
    assert "are left out" not in told
    assert passed_over(version, [item]) == {item.pk: (3, 350.0)}
    assert training_table(version, [item], tmp_path / "table.csv").passed_over == 3
