"""The form that starts a scoring says what will be scored, and keeps what was typed when it is asked for anew."""

import pytest

from tests import factories
from tests.browser.site import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

START = "/admin/registry/scoringrun/start/"
OVER = {
    "data": {
        "conditions": [
            {"name": "temperature", "unit": "K", "kind": "number"},
            {"name": "salt", "kind": "structure"},
        ]
    }
}


def test_conditions_that_were_typed_outlast_the_choice_of_a_run(tab, curator):
    run = factories.generation_run()
    version = factories.model_version(config=OVER)
    log_in(tab)
    tab.goto(f"{START}?model_version={version.pk}")
    tab.locator("[name='condition.temperature_k']").fill("353")
    tab.locator("[name='condition.salt']").fill("LiTFSI")
    with tab.expect_navigation():
        tab.locator("[name=generation_run]").select_option(str(run.pk))
    assert tab.locator("select[name=generation_run]").input_value() == str(run.pk)
    assert tab.locator("[name='condition.temperature_k']").input_value() == "353"
    assert tab.locator("[name='condition.salt']").input_value() == "LiTFSI"


def test_the_structures_of_a_dataset_are_counted_once_it_is_chosen(tab, curator):
    factories.candidate()
    factories.model_version()
    frozen = factories.dataset_version()
    for _ in range(2):
        factories.measurement(dataset=frozen.dataset, added_in=frozen)
    log_in(tab)
    tab.goto(START)
    assert tab.locator(".sv-summary b").inner_text() == "1 candidate"
    with tab.expect_navigation():
        tab.locator("[name=dataset_version]").select_option(str(frozen.pk))
    assert tab.locator(".sv-summary b").inner_text() == "2 structures"
    with tab.expect_navigation():
        tab.locator("[name=dataset_version]").select_option("")
    assert tab.locator(".sv-summary b").inner_text() == "1 candidate"
