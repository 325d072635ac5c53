"""Names instead of structures."""

import pytest

from mlcore.chem import polymer
from registry.formats.polymer_names import REPEAT_UNITS, advice


@pytest.mark.parametrize("unit", sorted(set(REPEAT_UNITS.values())))
def test_every_repeat_unit_is_one(unit):
    polymer.parse(unit)


@pytest.mark.parametrize(
    ("text", "said"),
    [("PEO", "its repeat unit is *CCO*"), (" poly(ethylene oxide) ", "*CCO*"), ("PVDF-HFP", "several components"),
     ("PEO/PAN", "several components"), ("*CCO*", ""), ("C-C", ""), ("", "")],
)  # fmt: skip
def test_advice(text, said):
    assert (said in advice(text)) if said else advice(text) == ""
