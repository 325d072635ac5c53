"""What is no structure is refused with a code and a reason, quickly, and without noise from RDKit."""

from random import Random
from time import perf_counter

import pytest

from mlcore.chem import limits, molecule, polymer
from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Kind, identify

_POLYMERS = [
    ("CCO", "star_count", "0 chain ends"),
    ("*CCO", "star_count", "1 chain ends"),
    ("*CC(*)*", "star_count", "ladder"),
    ("*CC*.[Na+]", "salt", "counter-ions"),
    ("*C.C*", "salt", "dot"),
    ("**", "empty_unit", "bonded to each other"),
    ("*=CC*", "end_bonds", "differ"),
    ("*:c1ccccc1:*", "end_bonds", "single, double or triple"),
    ("*1CC*CC1", "star_degree", "2 bonds"),
    ("[*+]CC*", "star_form", "plain *"),
    ("[*H]CC*", "star_form", "plain *"),
    ("[Cu]CC[Cu]", "metal_ends", "Cu, Cu"),
    ("[Cu]CC", "metal_ends", "Cu"),
    ("[Cu]CC([Au])[Au]", "metal_ends", "Au"),
    ("*C(C)(C)(C)C*", "valence", "atom 2 (C)"),
    ("*c1cccc1*", "kekulize", "[nH]"),
    ("*CC(*", "unparsable", "'('"),
    ("*C1CC*", "unparsable", "ring closure 1"),
    ("*C[Zz]*", "unparsable", "Zz at position 4 is no element"),
    ("*CQ*", "unparsable", "not valid"),
    ("*C[R1]*", "r_group", "R-groups"),
    ("*C[C,N]*", "query", "SMARTS"),
    ("*C~C*", "query", "SMARTS"),
    ("*[$(CC)]*", "query", "SMARTS"),
    ("*CC*>>*CO*", "reaction", "reaction"),
    ("{[$]CC[$]}", "bigsmiles", "BigSMILES"),
    ("*CC* |$A;;B$|", "whitespace", "name or extension"),
    ("*C\0C*", "nul_byte", "position 3"),
    ("*C\x07C*", "control_character", "\\x07"),
    ("*CĊ*", "not_ascii", "position 3"),
    ("\ufeff*CC*", "not_ascii", "position 1"),
    ("", "empty", "empty"),
    (" \t", "empty", "empty"),
    ("*[N+999]*", "number", "+999"),
    ("*[12345C]*", "number", "12345"),
    ("*[Pt@SP1](F)(Cl)*", "stereo_class", "tetrahedral"),
    ("C" * 1_000_000, "too_long", "1,000,000"),
    ("*" + "C" * (limits.MAX_HEAVY_ATOMS + 1) + "*", "too_large", "heavy atoms"),
    ("*C1(" + "C" * 400 + "1)*", "key_too_long", "heavy atoms"),
    (None, "not_text", "NoneType"),
    (float("nan"), "not_text", "float"),
]

_MOLECULES = [
    ("*CC*", "star", "polymer"),
    ("CCO.O", "mixture", "neutral"),
    ("[Li+].CCO", "mixture", "neutral"),
    ("[Li+].[O-2]", "unbalanced_salt", "-1"),
    (".".join(["[Li+]", "[F-]"] * 5), "too_many_components", "10"),
    ("C(C)(C)(C)(C)C", "valence", "atom 1 (C)"),
    ("CCO ethanol", "whitespace", "name"),
    ("C1CC", "unparsable", "ring closure 1"),
    ("[13Xx]C(", "unparsable", "Xx at position 4 is no element"),
    ("c1cc[se", "unparsable", "1 '[' but 0 ']'"),
]


@pytest.mark.parametrize(("text", "code", "said"), _POLYMERS, ids=lambda value: str(value)[:24])
def test_polymer_is_refused(text: str, code: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    _check(text, "polymer", code, said)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(("text", "code", "said"), _MOLECULES, ids=lambda value: str(value)[:24])
def test_molecule_is_refused(text: str, code: str, said: str, capfd: pytest.CaptureFixture[str]) -> None:
    _check(text, "molecule", code, said)
    assert capfd.readouterr() == ("", "")


def _check(text: str, kind: Kind, code: str, said: str) -> None:
    with pytest.raises(ChemError) as refusal:
        identify(text, kind)
    assert refusal.value.code == code
    assert said in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("CC(C)(C)(C)C", "atom 2 (C) has too many bonds"),
        ("Cc1cccc1", "an aromatic ring has no alternating bonds (a missing [nH]?): atoms 2, 3, 4, 5, 6"),
        ("Cc", "atom 2 (C) is written as aromatic but is in no ring"),
    ],
)
def test_atoms_are_counted_in_one_way(text: str, said: str) -> None:
    """From 1; RDKit's own sentences count from 0."""
    with pytest.raises(ChemError) as refusal:
        identify(text, "molecule")
    assert str(refusal.value) == said


@pytest.mark.parametrize(
    "text",
    [
        "(" * 2400,
        "[" * 2400,
        "*" + "C(" * 450 + "C" + ")" * 450 + "*",
        "*" + "[C@H](F)" * 200 + "*",
        "*" + "C1CC2CC3CC1CC(C2)C3" * 10 + "*",
        "*C" + "".join(f"[U]%{i}%{j}" for i in range(10, 30) for j in range(30, 34)) + "C*",
        "*" + "CO" * 90 + "N" + "CO" * 90 + "*",
    ],
    ids=lambda text: text[:12],
)
def test_hostile_text_takes_no_time(text: str) -> None:
    start = perf_counter()
    try:
        polymer.key(text)
    except ChemError as refusal:
        assert refusal.code  # noqa: PT017  (both ends are fine here, the clock decides)
    assert perf_counter() - start < 5


def test_noise_never_ends_in_another_error() -> None:
    random = Random(7)
    pieces = [*"CCCCNOSFcno()=#123[]@H+-/\\*.%", "[C@H]", "[Cu]", "[Au]", "Cl", "c1ccccc1", "[O-]", "[2H]"]
    kept = 0
    for _ in range(3000):
        text = "*" + "".join(random.choices(pieces, k=random.randint(1, 12))) + "*"
        for parse in (polymer.parse, molecule.parse):
            try:
                found = parse(text)
            except ChemError:
                continue
            assert parse(found.psmiles if isinstance(found, polymer.Polymer) else found.smiles).key == found.key
            kept += 1
    assert kept > 100
