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
