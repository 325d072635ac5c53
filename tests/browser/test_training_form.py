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


def test_a_model_presets_what_its_champion_is(tab, champion):
    log_in(tab)
    tab.goto("/admin/registry/trainingrun/start/")
    assert tab.locator("[name=architecture]").input_value() != champion.architecture
    tab.locator("[name=model]").select_option(str(champion.model_id))
    tab.locator("summary", has_text="Network").wait_for()
    tab.wait_for_url("**architecture=polymer-gnn**")
    assert tab.locator("[name=architecture]").input_value() == "polymer-gnn"
    assert tab.locator("[name=model]").input_value() == str(champion.model_id)
    assert tab.locator("[name=init_version]").input_value() == str(champion.pk)
    assert tab.locator("[name=properties]").first.is_checked()


def test_what_was_chosen_stays(tab, champion):
    other = factories.model_version(model=champion.model)
    log_in(tab)
    tab.goto("/admin/registry/trainingrun/start/?architecture=polymer-gnn")
    tab.locator("[name=init_version]").select_option(str(other.pk))
    tab.locator("[name=model]").select_option(str(champion.model_id))
    assert tab.locator("[name=properties]").first.is_checked()
    assert tab.locator("[name=init_version]").input_value() == str(other.pk)
    tab.goto("/admin/registry/trainingrun/start/?architecture=gpt&chosen=architecture")
    tab.locator("[name=model]").select_option(str(champion.model_id))
    assert tab.locator("[name=architecture]").input_value() == "gpt"
    assert tab.locator("[name=init_version]").input_value() == ""
