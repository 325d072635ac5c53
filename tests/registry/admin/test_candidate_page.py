"""Acting on the page of one candidate: what is said, what can be taken back, and what a refusal keeps."""

import re

import pytest
from django.urls import reverse

from registry.admin.parts import display
from registry.models import Decision
from tests import factories

pytestmark = pytest.mark.django_db


def url(name, *args):
    return reverse(f"admin:registry_{name}", args=args)


def page_of(candidate):
    return url("candidate_change", candidate.pk)


def said(response):
    return [str(message) for message in response.context["messages"]]


def undo(client, message):
    """Press the message's Undo."""
    action = re.search(r'action="([^"]+)"', message).group(1)
    return client.post(action, dict(re.findall(r'name="([^"]+)" value="([^"]*)"', message)), follow=True)


def test_the_message_names_its_candidate_and_takes_it_back(client_of):
    first, second, client = factories.candidate("*OCC*"), factories.candidate("*OCCC*"), client_of("Curator")
    data = {"candidates": first.pk, "verdict": "hold", "stay": "o=-3", "onward": page_of(second)}
    response = client.post(url("candidate_decide"), data, follow=True)
    assert response.redirect_chain[-1][0] == page_of(second)
    (message,) = said(response)
    assert f'href="{page_of(first)}?_changelist_filters=o%3D-3"' in message
    assert first.structure.smiles in message
    assert message in response.content.decode()  # as a link and a form, not as escaped text
    after = undo(client, message)
    first.refresh_from_db()
    assert first.status == "proposed"
    assert after.redirect_chain[-1][0] == f"{page_of(first)}?_changelist_filters=o%3D-3"
    assert first.structure.smiles in said(after)[0]


def test_undo_in_a_message_passes_the_csrf_check():
    from django.test import Client

    client, candidate = Client(enforce_csrf_checks=True), factories.candidate()
    client.force_login(factories.user("Curator", is_staff=True))
    token = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', client.get(page_of(candidate)).content.decode())
    data = {"candidates": candidate.pk, "verdict": "accept", "stay": "", "csrfmiddlewaretoken": token.group(1)}
    response = client.post(url("candidate_decide"), data, follow=True)
    assert undo(client, said(response)[0]).status_code == 200
    candidate.refresh_from_db()
    assert candidate.status == "proposed"


@pytest.mark.parametrize(
    ("data", "error"),
    [
        ({"verdict": "reject", "comment": "smells"}, "Give the reason for the rejection."),
        ({"verdict": "comment", "comment": "  "}, "Write the comment."),
        ({"verdict": "reject", "reason": "x" * 201, "comment": "smells"}, "at most 200 characters"),
    ],
)
def test_a_refusal_stays_on_the_page_and_keeps_what_was_typed(client_of, data, error):
    candidate, client = factories.candidate(), client_of("Curator")
    factories.candidate()
    response = client.post(url("candidate_decide"), data | {"candidates": candidate.pk, "stay": "o=-3"})
    text = response.content.decode()
    assert response.status_code == 422
    assert response.context["candidate"] == candidate
    assert response.context["place"].total == 2
    assert error in text
    assert data.get("reason", "") in text
    assert data["comment"].strip() in text
    assert f'data-address="{page_of(candidate)}?_changelist_filters=o%3D-3"' in text
    assert text.count("aria-invalid") == 1
    assert not Decision.objects.exists()


def test_a_refused_tag_stays_on_the_page_too(client_of):
    candidate = factories.candidate()
    data = {"candidates": candidate.pk, "stay": "", "add": "no;tag"}
    response = client_of("Curator").post(url("candidate_tag"), data)
    assert response.context["candidate"] == candidate
    assert "is no tag" in response.content.decode()
    assert 'value="no;tag"' in response.content.decode()


def test_a_refusal_for_a_candidate_that_is_gone_is_still_an_answer(client_of):
    data = {"candidates": 999_999, "verdict": "reject", "stay": ""}
    assert client_of("Curator").post(url("candidate_decide"), data).status_code == 422


def test_tags_are_taken_off_and_put_on_again(client_of):
    candidate, client = factories.candidate(tags=["ether", "old"]), client_of("Curator")
    data = {"candidates": candidate.pk, "stay": "", "remove": "ether"}
    response = client.post(url("candidate_tag"), data, follow=True)
    assert [tag.name for tag in candidate.tags.all()] == ["old"]
    assert "removed ether" in said(response)[0]
    undo(client, said(response)[0])
    assert {tag.name for tag in candidate.tags.all()} == {"ether", "old"}
    added = client.post(
        url("candidate_tag"), {"candidates": candidate.pk, "stay": "", "add": "ether, new"}, follow=True
    )
    undo(client, said(added)[0])
    assert {tag.name for tag in candidate.tags.all()} == {"ether", "old"}  # ether was there before: it stays


def test_the_trail_leaves_a_structure_as_it_is_written(client_of):
    """c1conn1 is aromatic, C1conn1 no molecule."""
    row = factories.structure("c1conn1", "molecule")
    text = client_of("Viewer").get(url("structure_change", row.pk)).content.decode()
    assert row.smiles == "c1conn1"
    assert "C1conn1" not in text


def test_long_comments_are_folded(client_of):
    candidate = factories.candidate()
    factories.decision(candidate=candidate, comment="word " * 200)
    factories.decision(candidate=candidate, comment="short")
    text = client_of("Viewer").get(page_of(candidate)).content.decode()
    assert text.count('<details class="sv-clamp">') == 1
    assert "…" in text


def test_the_same_fingerprint_is_not_the_same_structure(client_of):
    """Long chains differ by more than radius 2 sees."""
    near, far = factories.structure("*OCCCCCCCCCC*"), factories.structure("*OCCCCCC(C)CCCC*")
    for structure in (near, far):
        factories.measurement(structure=structure)
    response = client_of("Viewer").get(page_of(factories.candidate("*OCCCCCCCCCCCC*")))
    twin, other = response.context["neighbours"]
    assert (twin["structure"], twin["similarity"], twin["twin"]) == (near, "1.00", True)
    assert (other["structure"], other["twin"], other["similarity"] < "1.00") == (far, False, True)
    assert response.content.decode().count("same fingerprint, another structure") == 1


def test_neighbours_show_what_was_measured_and_not_what_was_computed(client_of):
    near, far, computed = (factories.structure(f"*O{'C' * n}*") for n in (5, 6, 8))
    fraction = factories.property_("ether_oxygen_fraction", unit="", scale="linear", better="neither")
    density = factories.property_("density", unit="g/cm3", scale="linear", better="neither")
    for structure in (near, computed):
        factories.measurement(structure=structure, property=fraction, value=0.2, method="computed")
    factories.measurement(structure=near, property=density, value=1.1)
    factories.measurement(structure=near, value=2e-4, standard_deviation=1e-5, temperature_k=333)
    factories.measurement(structure=far, property=density, value=1.2)
    response = client_of("Viewer").get(page_of(factories.candidate("*OCCCC*")))
    shown = [(one["structure"], [of.name for of, *_ in one["values"]]) for one in response.context["neighbours"]]
    assert shown == [(near, ["conductivity", "density"]), (far, ["density"])]
    _, value, stated = response.context["neighbours"][0]["values"][0]
    assert ("± 1.0×10⁻⁵" in value, stated) == (True, "333 K")


def test_values_of_neighbours_have_the_digits_of_predictions(client_of):
    gap = factories.property_("gap", unit="Ha", scale="linear", better="neither")
    factories.measurement(structure=factories.structure("*OCCCCC*"), property=gap, value=0.332319033)
    response = client_of("Viewer").get(page_of(factories.candidate("*OCCCC*")))
    (neighbour,) = response.context["neighbours"]
    assert neighbour["values"][0][1] == display.quantity(0.332319033, gap)
    assert "0.332<" in response.content.decode()
    assert "0.3323" not in response.content.decode()


def test_origins_after_the_first_are_folded(client_of):
    candidate, client = factories.candidate(), client_of("Viewer")
    first = factories.proposal(candidate=candidate, text="[Cu]first[Au]")
    assert "more time" not in client.get(page_of(candidate)).content.decode()
    for _ in range(3):
        factories.proposal(candidate=candidate, run=first.run)
    text = client.get(page_of(candidate)).content.decode()
    assert "and 3 more times" in text
    assert text.index("[Cu]first[Au]") < text.index("and 3 more times")


def test_no_is_not_painted_red(client_of):
    factories.schedule(enabled=False)
    text = client_of("Engineer").get(url("schedule_changelist")).content.decode()
    assert 'sv-grey">no<' in text
    assert "close_small" not in text


def test_the_button_that_adds_says_what(client_of):
    assert "Add tag</a>" in client_of("Curator").get(url("tag_changelist")).content.decode()
