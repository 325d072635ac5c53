"""The training form follows the model that is chosen, and offers only what can be started."""

import pytest
from django.urls import reverse

from mlcore import catalog
from mlcore.config import TrainingConfig
from registry.admin.forms.config import sections
from registry.admin.forms.schedule import template_help
from registry.models import Conformer, Structure, TrainingRun
from tests import factories

pytestmark = pytest.mark.django_db

START = "admin:registry_trainingrun_start"
PREDICTORS = {entry.name for entry in catalog.ARCHITECTURES.values() if entry.task == "predict"}


@pytest.fixture
def shown(client_of):
    """shown(model=3): the form at that address."""
    client = client_of("Engineer")
    return lambda **asked: client.get(reverse(START), asked).context["form"]


def champion_of(architecture="polymer-gnn", **fields):
    version = factories.model_version(architecture=architecture, **fields)
    factories.alias(version=version)
    return version


def architectures(form):
    return {name for _, group in form.fields["architecture"].choices for name, _ in group}


def measured(smiles, kind, kelvins=(None,)):
    """A dataset version with values of these structures, each at every temperature."""
    version = factories.dataset_version()
    for text in smiles:
        one = factories.structure(text, kind)
        for kelvin in kelvins:
            factories.measurement(dataset=version.dataset, added_in=version, structure=one, temperature_k=kelvin)
    return version


def starts(form):
    return set(form.fields["init_version"].queryset)


def test_a_model_brings_what_its_champion_is(shown):
    known = [factories.property_(), factories.property_("hue")]
    champion = champion_of(properties=known)
    factories.model_version(model=champion.model)
    form = shown(model=champion.model_id)
    assert form["architecture"].value() == "polymer-gnn"
    assert form["init_version"].value() == champion.pk
    assert set(form["properties"].value()) == {item.pk for item in known}


def test_a_model_without_a_champion_brings_its_newest_version(shown):
    latest = factories.model_version("generate")
    assert shown(model=latest.model_id)["init_version"].value() == latest.pk
    strange = factories.model_version(architecture="of_a_newer_release")
    form = shown(model=strange.model_id)
    assert form["init_version"].value() is None
    assert form["architecture"].value() in PREDICTORS


def test_only_architectures_and_starts_of_the_models_task_are_offered(shown):
    champion, other = champion_of(), factories.model_version()
    factories.model_version(architecture="schnet")
    factories.model_version("generate")
    form = shown(model=champion.model_id)
    assert architectures(form) == PREDICTORS
    assert starts(form) == {champion, other}
    assert architectures(shown()) == set(catalog.ARCHITECTURES)
    generator = shown(model=factories.registered_model("generate").pk, architecture="schnet", chosen="architecture")
    assert catalog.get(generator["architecture"].value()).task == "generate"


def test_another_architecture_clears_the_start(shown):
    champion = champion_of()
    asked = {"model": champion.model_id, "init_version": champion.pk}
    for chosen in ("architecture", "architecture,init_version"):
        form = shown(**asked, architecture="schnet", chosen=chosen)
        assert form["architecture"].value() == "schnet"
        assert form["init_version"].value() is None
    kept = shown(**asked, architecture="polymer-gnn", chosen="architecture")
    assert kept["init_version"].value() == champion.pk


def test_what_a_person_emptied_stays_empty(shown):
    champion = champion_of()
    form = shown(model=champion.model_id, init_version="", architecture="polymer-gnn", chosen="init_version,properties")
    assert form["init_version"].value() is None
    assert not form["properties"].value()


@pytest.mark.parametrize("architecture", ["trees", "fchl"])
def test_what_cannot_go_on_is_no_start(shown, client_of, architecture):
    champion = champion_of(architecture)
    form = shown(model=champion.model_id)
    assert form["architecture"].value() == architecture
    assert form["init_version"].value() is None
    assert not starts(form)
    assert "cannot be trained further" in form["init_version"].help_text
    page = client_of("Engineer").get(reverse("admin:registry_modelversion_change", args=[champion.pk]))
    assert "Fine-tune" not in [button.label for button in page.context["buttons"]]


def test_the_button_to_fine_tune_leads_to_that_version(shown, client_of):
    version = champion_of(properties=[factories.property_("hue")])
    other = factories.model_version(model=version.model)
    page = client_of("Engineer").get(reverse("admin:registry_modelversion_change", args=[other.pk]))
    assert "Fine-tune" in page.content.decode()
    form = shown(init_version=other.pk, model=other.model_id, architecture=other.architecture)
    assert form["init_version"].value() == other.pk
    assert form["properties"].value() == [factories.property_().pk]


def test_a_start_of_another_architecture_is_refused_at_its_field(client_of):
    champion = champion_of()
    data = {"model": champion.model_id, "init_version": champion.pk, "architecture": "trees", "seed": 0, "queue": "cpu"}
    for architecture, said in (("trees", "cannot be trained further"), ("schnet", "of the architecture chosen")):
        page = client_of("Engineer").post(reverse(START), data | {"architecture": architecture})
        assert said in page.context["form"].errors["init_version"][0]
    assert not TrainingRun.objects.exists()


def test_an_architecture_of_another_task_is_refused_in_words(client_of):
    model, version = factories.registered_model(), factories.dataset_version(measurement_count=1)
    data = {"model": model.pk, "dataset_version": version.pk, "architecture": "gpt", "seed": 0, "queue": "cpu"}
    page = client_of("Engineer").post(reverse(START), data)
    assert "gpt can generate" in page.context["form"].errors["architecture"][0]


POLYMERS, MOLECULES = (["*CO*", "*CCO*"], "polymer"), (["CO", "CCO"], "molecule")


@pytest.mark.parametrize(
    ("held", "kelvins", "geometries", "first"),
    [
        (POLYMERS, (None,), False, "polymer-gnn"),
        (POLYMERS, (300.0,), False, "polymer-gnn"),
        (POLYMERS, (300.0, 333.0), False, "polymer-arrhenius"),
        (MOLECULES, (None,), False, "gaussian-process"),
        (MOLECULES, (None,), True, "fchl"),
    ],
)
def test_the_data_choose_the_first_predictor(shown, held, kelvins, geometries, first):
    version = measured(*held, kelvins)
    for one in Structure.objects.all() if geometries else ():
        factories.conformer(structure=one)
    form = shown(dataset_version=version.pk, architecture="gpt", chosen="dataset_version")
    assert form["architecture"].value() == first
    chosen = shown(dataset_version=version.pk, architecture="trees", chosen="architecture")
    assert chosen["architecture"].value() == "trees"


def test_predictors_of_other_data_are_not_offered(shown):
    offered = architectures(shown(dataset_version=measured(*MOLECULES).pk))
    assert "polymer-arrhenius" not in offered
    assert {"fchl", "trees", "gpt"} <= offered
    offered = architectures(shown(dataset_version=measured(*POLYMERS, kelvins=(300.0,)).pk))
    assert "polymer-arrhenius" in offered
    assert not {"fchl", "schnet", "dressed-atoms"} & offered
    assert "fchl" in architectures(shown(dataset_version=measured(*POLYMERS).pk, architecture="fchl"))


def test_geometries_that_came_with_the_structures_are_taken(shown):
    version = measured(*MOLECULES)
    for number, one in enumerate(Structure.objects.all()):
        factories.conformer(structure=one, level=Conformer.GUESSED)
        factories.conformer(structure=one, level="G4MP2" if number else "B3LYP")
        factories.conformer(structure=one, level="B3LYP")
    assert shown(dataset_version=version.pk)["geometry"].value() == "B3LYP"
    guessed = shown(dataset_version=version.pk, geometry="", chosen="geometry,dataset_version")
    assert not guessed["geometry"].value()


def test_a_model_brings_the_inputs_of_its_training(shown):
    """A fine-tuning that named the geometries alone would forget the levels of its parent."""
    inputs = {"levels": {"conductivity": "G4MP2"}, "baselines": {"conductivity": "B3LYP"}, "geometry": "HF"}
    version = measured(*MOLECULES)
    factories.measurement(dataset=version.dataset, added_in=version, method_detail="G4MP2",
                          structure=factories.structure("CO", "molecule"))  # fmt: skip
    for level in ("B3LYP", "HF"):
        factories.conformer(structure=factories.structure("CO", "molecule"), level=level)
    model = factories.registered_model()
    run = factories.training_run(model=model, inputs=inputs)
    factories.model_version(model=model, architecture="schnet", training_run=run)
    form = shown(model=model.pk, dataset_version=version.pk)
    assert [form[name].value() for name in ("level", "baseline", "geometry")] == ["G4MP2", "B3LYP", "HF"]


@pytest.mark.parametrize(
    ("name", "offered"),
    [("fchl", set()), ("trees", {"steps", "learning_rate", "valid_every"}), ("gpt", {*TrainingConfig.__annotations__})],
)
def test_only_settings_of_training_that_mean_something_are_offered(name, offered):
    found = sections(catalog.get(name))
    assert ("training" in found) == bool(offered)
    assert {entry["name"] for entry in found.get("training", ())} == offered


@pytest.mark.parametrize("name", catalog.ARCHITECTURES)
def test_a_schedule_explains_itself_for_every_architecture(name):
    assert f"With the defaults of {name}: {{" in template_help(catalog.get(name))
    assert set(catalog.get(name).loop or ()) <= set(TrainingConfig.__annotations__)
