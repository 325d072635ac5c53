"""Queries: what matches, what the screen promises, what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mlcore.chem import fingerprints, polymer
from mlcore.chem.errors import ChemError
from mlcore.chem.substructure import parse_query
from tests.mlcore.chem.rewriting import HTPMD, SMIPOLY

QUERIES = [
    *(
        "C(=O)N",
        "COC",
        "c1ccccc1",
        "C1=CC=CC=C1",
        "C(F)(F)F",
        "O*C",
        "[OH]",
        "[#7;H1]",
        "[R]",
        "S(=O)(=O)",
        "CCCCCCCCCC",
    ),
    *("[N+]", "C#N", "[Si]O", "*~[Cl,Br]", "[CX4][CX4][CX4]", "C(=O)OCCO", "[$(C=O)]N"),
]

FULLERENE = (
    "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6c%11c2c2c7c3c3c8c4c4c9c5"
    "c1c1c6c2c3c41"
)


@pytest.mark.parametrize(
    ("query", "smiles", "expected"),
    [
        ("COCCOC", "*OCC*", True),
        ("C" * 40, "*C*", True),
        ("COCO", "*OCC*", False),
        ("NC(=O)", f"*N{'C' * 30}C(*)=O", True),
        ("C(=O)NCCC(=O)N", "*NCCC(*)=O", True),
        ("[R]", "*OCC*", False),
        ("[R]", "*c1ccc(*)cc1", True),
        ("C1=CC=CC=C1", "*CC(*)c1ccccc1", True),
        ("[OH]", "*OCC*", False),
        ("[OH]", "*CC(*)CO", True),
        ("C*O", "CCO", True),
        ("C*O", "CO", False),
        ("[#6]-[#8]", "CO", True),
        ("[nH]1cccc1", "c1cc[nH]c1C", True),
    ],
)
def test_matches(query: str, smiles: str, expected: bool) -> None:
    assert parse_query(query).matches(smiles) is expected


@settings(max_examples=200, deadline=None)
@given(text=st.sampled_from(HTPMD + SMIPOLY), query=st.sampled_from(QUERIES))
def test_the_screen_loses_nothing(text: str, query: str) -> None:
    read, smiles = parse_query(query), polymer.parse(text).psmiles
    if read.matches(smiles):
        assert set(read.bits) <= set(fingerprints.pattern_bits(smiles))


@pytest.mark.parametrize(
    ("query", "smiles"),
    [
        ("C" * 20, "*C*"),
        ("CCO" * 7, "*CCO*"),
        ("c1ccc(Cc2ccc(Cc3ccccc3)cc2)cc1", "*Cc1ccc(*)cc1"),
        ("C" * 20, "C" * 30),
    ],
)
def test_the_screen_keeps_what_holds_a_long_query(query: str, smiles: str) -> None:
    read = parse_query(query)
    assert read.matches(smiles)
    assert set(read.bits) <= set(fingerprints.pattern_bits(smiles))


def test_a_recursive_query_looks_past_its_own_atoms() -> None:
    assert parse_query("[$(COCCOC)]").matches("*OCC*")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "empty"),
        ("C" * 501, "too_long"),
        ("C.C", "query_pieces"),
        ("*~" * 110 + "*", "query_size"),
        ("[$(C)]" * 11, "query_recursion"),
        ("[C", "query_unparsable"),
        ("C\0", "nul_byte"),
    ],
)
def test_refused(query: str, code: str) -> None:
    with pytest.raises(ChemError) as refusal:
        parse_query(query)
    assert refusal.value.code == code


def test_a_bomb_is_stopped() -> None:
    for bomb in ("*~" * 24 + "[#92]", "[$(" + "*~" * 24 + "[#92])]"):
        with pytest.raises(ChemError) as refusal:
            parse_query(bomb).matches(FULLERENE)
        assert refusal.value.code == "query_cost"
