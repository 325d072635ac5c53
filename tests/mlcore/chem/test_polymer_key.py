"""The key of a polymer is the same however the polymer is written, and differs between polymers."""

import csv
import os
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from mlcore.chem import limits, polymer
from mlcore.chem.canonical import fixed_point
from tests.mlcore.chem.rewriting import HTPMD, SMIPOLY, load, rewritten, with_random_stereo

_REAL = st.sampled_from(HTPMD + SMIPOLY)
_SEED = st.integers(0, 2**32)
_ADAMANTANE = Chem.MolFromSmiles("C1C2CC3CC1CC(C2)C3")  # with some of its atoms marked, RDKit itself is not canonical


@settings(max_examples=250, deadline=None)
@given(text=_REAL, seed=_SEED)
def test_key_survives_every_way_of_writing(text: str, seed: int) -> None:
    other = rewritten(load(text), Random(seed))
    assert polymer.key(other) == polymer.key(text)


@settings(max_examples=150, deadline=None)
@given(text=_REAL.filter(lambda text: not load(text).HasSubstructMatch(_ADAMANTANE)), seed=_SEED)
def test_key_survives_with_stereo(text: str, seed: int) -> None:
    random = Random(seed)
    marked, _ = with_random_stereo(load(text), random)
    assert polymer.key(rewritten(load(marked), random)) == polymer.key(marked)


@settings(max_examples=150, deadline=None)
@given(text=_REAL)
def test_shown_form_has_two_stars_and_the_same_key(text: str) -> None:
    found = polymer.parse(text)
    assert found.psmiles.startswith("*")
    assert found.psmiles.count("*") == 2
    again = polymer.parse(found.psmiles)
    assert (again.key, again.psmiles) == (found.key, found.psmiles)


@settings(max_examples=150, deadline=None)
@given(text=_REAL)
def test_key_is_a_fixed_point_in_a_long_ring(text: str) -> None:
    key = polymer.key(text)
    assert fixed_point(key)[0] == key
    assert len(key) <= limits.MAX_KEY_BYTES
    assert "*" not in key
    mol = Chem.MolFromSmiles(key)  # ring information does not keep its molecule alive
    sizes = [len(ring) for ring in mol.GetRingInfo().AtomRings()]
    assert max(sizes) >= limits.MIN_RING


def test_different_strings_of_the_sets_have_different_keys() -> None:
    assert len({polymer.key(text) for text in HTPMD}) == len(HTPMD)


@pytest.mark.realdata
@pytest.mark.slow
def test_htpmd_has_6024_keys() -> None:
    path = Path(os.environ["DATA_DIR"]) / "htpmd" / "PolyGen-train-set-from-HTP-MD.csv"
    with path.open() as lines:
        texts = [row["mol_smiles"] for row in csv.DictReader(lines)]
    assert len(texts) == 6024
    assert len({polymer.key(text) for text in texts}) == 6024


@pytest.mark.parametrize(
    ("name", "forms"),
    [
        ("polyethylene", ["*C*", "*CC*", "*CCCC*", "*C([H])([H])C*", "[Cu]CCC[Au]", "[CH2](*)*", "*[CH2:7]C*"]),
        ("PEO", ["*CCO*", "*OCC*", "*COC*", "*CCOCCOCCO*", "[Au]COC[Cu]", "[*:1]CCO[*:2]", "[3*]CCO[9*]", "[*]CCO[*]"]),
        ("polystyrene", ["*CC(*)c1ccccc1", "*C(c1ccccc1)C*", "*CC(*)C1=CC=CC=C1"]),
        ("polyethylidene, both ends on one atom", ["*C(*)C", "CC(*)*", "*C(C)C(*)C"]),
        ("polyacetylene", ["*C=C*", "*=CC=*", "*C=CC=C*"]),
        ("trans-polyacetylene", ["*/C=C/*", "*\\C=C\\*", "*=C/C=*", "*=C/C=C/C=*", "*/C=C/C=C/*"]),
        ("cis-polybutadiene", ["*C/C=C\\C*", "*/C=C\\CC*", "*=C\\CC/C=*", "*C\\C=C/CC/C=C\\C*"]),
        ("trans-polybutadiene", ["*C/C=C/C*", "*/C=C/CC*", "*=C/CC/C=*"]),
        ("isotactic polypropylene", ["*C[C@H](*)C", "*C[C@@H](*)C", "*[C@H](C)C*", "*[C@H](C)C[C@H](C)C*"]),
        ("syndiotactic polypropylene", ["*[C@H](C)C[C@@H](C)C*", "*[C@@H](C)C[C@H](C)C*"]),
        ("L-polylactide", ["*O[C@@H](C)C(*)=O", "*C(=O)[C@H](C)O*", "*[C@@H](C)C(=O)O*"]),
        ("D-polylactide", ["*O[C@H](C)C(*)=O", "*C(=O)[C@@H](C)O*"]),
        ("polylactide", ["*OC(C)C(*)=O", "*C(C)C(=O)O*"]),
        ("polyyne", ["*C#C*", "*#CC#*", "*C#CC#C*"]),
        ("cumulene", ["*=C=*", "*=C=C=*"]),
        ("para-phenylene", ["*c1ccc(*)cc1", "*C1=CC=C(*)C=C1", "*c1ccc(cc1)-c1ccc(*)cc1"]),
        ("meta-phenylene", ["*c1cccc(*)c1", "c1c(*)cccc1*"]),
        ("head to head", ["*CC(C)C(C)C*", "*C(C)C(C)CC*"]),
        ("head to tail", ["*CC(*)C", "*CC(C)CC(*)C"]),
        ("carbon-13 polyethylene", ["*[13CH2]*", "*[13CH2][13CH2]*"]),
        ("an ionene", ["*[N+](C)(C)C*", "*C[N+](*)(C)C"]),
        ("azobenzene, cut through the double bond", ["*=Nc1ccc(N=*)cc1", "*c1ccc(cc1)N=N*", "*N=Nc1ccc(*)cc1"]),
    ],
)
def test_forms_meet(name: str, forms: list[str]) -> None:
    keys = {form: polymer.key(form) for form in forms}
    assert len(set(keys.values())) == 1, (name, keys)


def test_polymers_stay_apart() -> None:
    apart = [
        *(
            "*C*",
            "*CCO*",
            "*OC*",
            "*CC(*)c1ccccc1",
            "*C(*)C",
            "*CC(*)C",
            "*CC(C)C(C)C*",
            "*C=C*",
            "*/C=C/*",
            "*/C=C\\*",
        ),
        *("*C/C=C\\C*", "*C/C=C/C*", "*C[C@H](*)C", "*[C@H](C)C[C@@H](C)C*", "*O[C@@H](C)C(*)=O"),
        *("*O[C@H](C)C(*)=O", "*OC(C)C(*)=O", "*C#C*", "*=C=*", "*c1ccc(*)cc1", "*c1cccc(*)c1", "*[13CH2]*"),
        *("*CC(*)C(=O)O", "*CC(*)C(=O)[O-]", "*[N+](C)(C)C*", "*N(C)C*", "*CC(*)[2H]"),
    ]
    assert len({polymer.key(text) for text in apart}) == len(apart)


def test_large_pendant_rings_do_not_pass_for_the_backbone() -> None:
    """Closed as they are, a backbone of 9 with a pendant ring of 11 and the reverse are the same spiro compound."""
    nine_eleven = polymer.key("*C1(CCCCCCCCCC1)CCCCCCCC*")
    eleven_nine = polymer.key("*C1(CCCCCCCC1)CCCCCCCCCC*")
    assert nine_eleven != eleven_nine


def test_rdkit_flips_and_we_do_not() -> None:
    flipping = "O=C(c1ccccc1C(=O)N1C(=O)c2ccccc2C1=O)N1C(=O)c2ccccc2C1=O"
    forms = {flipping, Chem.CanonSmiles(flipping)}
    assert len({fixed_point(form)[0] for form in forms}) == 1
    mol = Chem.MolFromSmiles(flipping)
    random = Chem.MolToRandomSmilesVect(mol, 30, randomSeed=1)
    assert len({fixed_point(Chem.CanonSmiles(text))[0] for text in random}) == 1


def test_a_conjugated_ring_is_no_annulene() -> None:
    assert "c" not in polymer.key("*C=CC=CC=C*")
    ring = Chem.MolFromSmiles(polymer.key("*c1cccc(*)c1"))
    between = [b for b in ring.GetBonds() if ring.GetRingInfo().MinBondRingSize(b.GetIdx()) > 6]
    assert between
    assert not any(bond.GetIsAromatic() for bond in between)


def test_ring_smiles_is_the_key() -> None:
    assert polymer.ring_smiles("*CCO*") == polymer.key("*COC*") == "C1COCCOCCO1"
