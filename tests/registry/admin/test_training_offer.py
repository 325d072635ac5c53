"""The training form follows the model that is chosen, and offers only what can be started."""

import pytest
from django.urls import reverse

from mlcore import catalog
from registry.models import TrainingRun
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
