"""Whoever writes a whole structure into a list's search finds it, however it is written."""

import pytest

from tests import factories

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("noun", ["candidate", "structure", "prediction", "measurement"])
def test_another_spelling_finds_the_structure(client_of, noun):
    structure = factories.candidate(structure=factories.structure("*OCC*")).structure
    other = factories.candidate(structure=factories.structure("*OCCCCCC*")).structure
    for one in (structure, other):
        factories.prediction(structure=one)
        factories.measurement(structure=one)
    client, address = client_of("Curator"), f"/admin/registry/{noun}/"
    for text, found in (("*CCO*", {structure}), (" [Cu]CCO[Au] ", {structure}), ("*CCN*", set()), ("OCCCC", {other})):
        rows = client.get(address, {"q": text}).context["cl"].queryset
        assert {row if noun == "structure" else row.structure for row in rows} == found, text
