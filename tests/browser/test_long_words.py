"""What people write without a single space stays inside the page."""

import pytest

from registry.models import Candidate
from tests import factories
from tests.browser.site import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WORD = "polyethyleneglycoldimethacrylate" * 6


@pytest.mark.parametrize("width", [390, 1440])
def test_a_word_without_end_widens_no_page(tab, curator, candidates, width):
    Candidate.objects.update(assignee=curator)
    for row in candidates:
        row.tags.add(factories.tag(name=f"{WORD[:50]}-{row.pk}"))
        factories.decision(candidate=row, reviewer=curator, reason=WORD, comment=WORD)
    dataset = factories.dataset(name=WORD[:100])
    factories.measurement(dataset=dataset)
    factories.import_run(dataset=dataset)
    log_in(tab)
    tab.set_viewport_size({"width": width, "height": 900})
    for address in ("", "registry/decision/", "registry/candidate/", "registry/dataset/", "registry/measurement/"):
        tab.goto(f"/admin/{address}")
        assert tab.evaluate("document.documentElement.scrollWidth - window.innerWidth") <= 0, address
        for part in (".sv-card", "#result_list"):  # a card or a table that overflows is cut or scrolls by itself
            for found in tab.locator(part).all():
                right = "e.getBoundingClientRect().right"
                inside = found.evaluate(f"e => {right} - e.parentElement{right[1:]}")
                assert inside <= 1, (address, part)
                assert found.evaluate("e => e.scrollWidth - e.clientWidth") <= 1, (address, part)
