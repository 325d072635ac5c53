"""The form that starts a training follows the model that is chosen, and leaves alone what a person has chosen."""

import pytest

from tests import factories
from tests.browser.site import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def champion(curator):
    curator.groups.set(factories.user("Engineer").groups.all())
    champion = factories.model_version(properties=[factories.property_()])
    factories.alias(version=champion)
    return champion


def pick(tab, name, value):
    """Choose in a list that has the form asked for anew."""
    with tab.expect_navigation():
        tab.locator(f"[name={name}]").select_option(value)


def value_of(tab, name):
    return tab.locator(f"select[name={name}]").input_value()


def test_a_model_presets_what_its_champion_is(tab, champion):
    log_in(tab)
    tab.goto("/admin/registry/trainingrun/start/")
    assert value_of(tab, "architecture") != champion.architecture
    pick(tab, "model", str(champion.model_id))
    assert value_of(tab, "architecture") == "polymer-gnn"
    assert value_of(tab, "model") == str(champion.model_id)
    assert value_of(tab, "init_version") == str(champion.pk)
    assert tab.locator("[name=properties]").first.is_checked()
    pick(tab, "architecture", "trees")
    assert value_of(tab, "init_version") == ""
    assert tab.locator("[name=properties]").first.is_checked()


def test_what_was_chosen_stays(tab, champion):
    other = factories.model_version(model=champion.model)
    log_in(tab)
    tab.goto("/admin/registry/trainingrun/start/?architecture=polymer-gnn")
    tab.locator("[name=init_version]").select_option(str(other.pk))
    pick(tab, "model", str(champion.model_id))
    assert tab.locator("[name=properties]").first.is_checked()
    assert value_of(tab, "init_version") == str(other.pk)
    tab.goto("/admin/registry/trainingrun/start/")
    pick(tab, "architecture", "trees")
    pick(tab, "model", str(champion.model_id))
    assert value_of(tab, "architecture") == "trees"
    assert value_of(tab, "init_version") == ""


def test_settings_that_were_typed_outlast_the_choice_of_a_model(tab, champion):
    log_in(tab)
    tab.goto("/admin/registry/trainingrun/start/?architecture=polymer-gnn")
    tab.locator("summary", has_text="Training").click()
    tab.locator("[name='training.steps']").fill("70")
    tab.locator("[name=model]").select_option(str(champion.model_id))
    tab.locator("[name=properties]").first.check()
    assert tab.locator("[name='training.steps']").input_value() == "70"
