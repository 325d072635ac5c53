"""Drawings are inlinable, safe SVG that follows the colours of the page."""

from xml.etree import ElementTree

import pytest

from mlcore.chem.drawing import svg
from mlcore.chem.errors import ChemError
from tests.mlcore.chem.rewriting import HTPMD, SMIPOLY


@pytest.mark.parametrize("smiles", [*HTPMD[::150], *SMIPOLY[::100], "CCO", "[Li+].[F-]", "*C*", "*=C=*"])
def test_is_one_svg_element(smiles: str) -> None:
    text = svg(smiles, 240, 160)
    assert text.startswith("<svg")
    root = ElementTree.fromstring(text)  # noqa: S314  (our own drawing)
    assert (root.get("width"), root.get("height")) == ("240px", "160px")
    assert {element.tag.split("}")[1] for element in root.iter()} <= {"svg", "path", "rect", "ellipse"}


def test_colours_follow_the_page() -> None:
    text = svg("*OCC*", 200, 150)
    assert "currentColor" in text
    assert "#000000" not in text
    assert "<rect" not in text, "the background is transparent"


def test_highlight_marks_matches_only() -> None:
    plain = svg("*OCC*", 200, 150)
    assert svg("*OCC*", 200, 150, "CO") != plain
    assert svg("*OCC*", 200, 150, "[Si]") == plain


def test_same_polymer_same_drawing() -> None:
    assert svg("[Cu]COC[Au]", 200, 150) == svg("*CCO*", 200, 150)


def test_text_does_not_reach_the_page() -> None:
    with pytest.raises(ChemError):
        svg("*<script>alert(1)</script>*", 200, 150)
    with pytest.raises(ChemError):
        svg("*CC*", 200, 150, "<script>")
