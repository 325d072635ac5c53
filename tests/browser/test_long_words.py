"""What people write without a single space stays inside the page."""

import pytest

from registry.models import Candidate
from tests import factories
from tests.browser.site import log_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

BORATE = f"[Li+].[B-]({')('.join(['c1cc(C(F)(F)F)cc(C(F)(F)F)c1'] * 3)})c1cc(C(F)(F)F)cc(C(F)(F)F)c1"
INSIDE = """() => [...document.querySelectorAll(".sv-card, .sv-cards li, .sv-table td, #result_list td")]
    .filter(box => box.scrollWidth > box.clientWidth + 1).map(box => box.textContent.trim().slice(0, 60))"""
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


@pytest.mark.parametrize("width", [390, 1440])
def test_a_salt_that_is_a_long_smiles_stays_in_its_place(tab, curator, candidates, width):
    """In cards of drawings, beside predictions and in tables; a condition with another name is never shortened."""
    shown, near = candidates[0].structure, factories.structure("*OCCCCCC*")
    for row in (shown, near):
        factories.measurement(structure=row, temperature_k=333, salt=BORATE, conditions={"comment": WORD})
    log_in(tab)
    tab.set_viewport_size({"width": width, "height": 900})
    pages = (f"candidate/{candidates[0].pk}/change/", f"structure/{shown.pk}/change/", "measurement/")
    found = {}
    for address in pages:
        tab.goto(f"/admin/registry/{address}")
        tab.get_by_text("333 K").first.wait_for()
        if wide := tab.evaluate(INSIDE):
            found[address] = wide
    assert found == {}
