"""Every measure against numbers worked out by hand."""

from collections.abc import Sequence

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from mlcore.chem import polymer
from mlcore.evaluation import generative
from mlcore.evaluation.generative import Reference, Sample, is_valid, judge, measure, measures

KNOWN = ["[Cu]CO[Au]", "[Cu]OC(=O)CC[Au]"]
DRAWN = [
    "[Cu]CO[Au]",  # known, as a string and by key
    "[Cu]OC[Au]",  # a new string, but the known polymer read backwards
    "[Cu]OCCS[Au]",  # new
    "[Cu]OCCS[Au]",  # the same again
    "[Cu]SCCO[Au]",  # a new string of the same polymer
    "[Cu]NCC(F)C[Au]",  # new
    "[Cu]C(=O)CC",  # one end only
    "nonsense",  # no SMILES
]


def test_the_six_measures_on_eight_strings() -> None:
    report = measure(DRAWN, Reference.of(KNOWN))
    clean = ["[Cu]OC[Au]", "[Cu]OCCS[Au]", "[Cu]SCCO[Au]", "[Cu]NCC(F)C[Au]"]
    assert report["n"] == 8
    assert report["uniqueness"] == 7 / 8
    assert report["novelty"] == 7 / 8
    assert report["validity"] == 6 / 8
    assert report["vun"] == 4 / 8
    assert report["synthesizability"] == sum(j.identity.sa_score < 5 for j in judge(clean) if j.identity) / 4
    assert report["similarity"] == pytest.approx(np.mean([tanimoto(a, b) for a in clean for b in KNOWN]))
    pairs = [1 - tanimoto(a, b) for i, a in enumerate(clean) for b in clean[:i]]
    assert report["diversity"] == pytest.approx(np.mean(pairs))


def tanimoto(a: str, b: str) -> float:
    make = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    fingerprints = [make.GetFingerprint(Chem.MolFromSmiles(text)) for text in (a, b)]
    return float(DataStructs.TanimotoSimilarity(*fingerprints))


def test_measures_by_key_see_through_the_spelling() -> None:
    report = measure(DRAWN, Reference.of(KNOWN))["by_key"]
    assert report["uniqueness"] == 3 / 6, "among six valid strings there are three polymers"
    assert report["novelty"] == 4 / 6, "two of the six are the known polymer"
    assert report["vun"] == 2 / 8


def stars(texts: Sequence[str]) -> list[str]:
    return [text.replace("[Cu]", "*").replace("[Au]", "*") for text in texts]


def test_two_conventions_are_compared_in_one_canonical_spelling() -> None:
    """As `*OC*` and `*CO*` have no direction left, the second string is now known and the fifth repeats the third."""
    report = measure(stars(DRAWN), Reference.of(KNOWN))
    assert report["uniqueness"] == 5 / 8
    assert report["novelty"] == 6 / 8
    assert report["validity"] == 6 / 8
    assert report["vun"] == 2 / 8
    assert report["by_key"] == measure(DRAWN, Reference.of(KNOWN))["by_key"]


def test_strings_of_one_convention_are_compared_exactly() -> None:
    exact, metals = measure(stars(DRAWN), Reference.of(stars(KNOWN))), measure(DRAWN, Reference.of(KNOWN))
    for name in ("uniqueness", "novelty", "validity", "vun", "synthesizability"):
        assert exact[name] == metals[name]


def test_uniqueness_counts_repeats_of_invalid_strings_too() -> None:
    report = measure(["x", "x", "x", "*CO*"], Reference.of(["*CO*"]))
    assert report["uniqueness"] == 0.5
    assert report["novelty"] == 0.75
    assert report["vun"] == 0
    assert report["similarity"] is report["diversity"] is report["synthesizability"] is report["frechet"] is None


@pytest.mark.parametrize("text", ["[Cu]CO[Au]", "*CO*", "[*:1]CO[*:2]", "[Au]C([Cu])=O", "*c1ccc(*)cc1"])
def test_valid_polymers(text: str) -> None:
    assert is_valid(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "CCO",
        "*CO",
        "*C(*)O*",
        "[Cu]CO[Cu]",
        "[Cu]CO*",
        "[Cu]=CO[Au]",
        "*#CC*",
        "C*CO*",
        "[Cu](C)CO[Au]",
        "[Cu]CO[Au].[Cu]",
        "*C(C",
    ],
)
def test_invalid_polymers(text: str) -> None:
    assert not is_valid(text)


def test_molecules_have_no_ends() -> None:
    assert is_valid("CCO", "molecule")
    assert not is_valid("[Na+].[Cl-]", "molecule")
    assert not is_valid("C(", "molecule")


def test_what_the_lineage_has_learned_is_not_new() -> None:
    sample = Sample.of(DRAWN, Reference.of(KNOWN))
    assert set(measures(sample)["by_key"]) == {"uniqueness", "novelty", "vun"}
    nothing = measures(sample, set())["by_key"]
    assert (nothing["novelty_lineage"], nothing["vun_lineage"]) == (nothing["novelty"], nothing["vun"])
    wider = measures(sample, {polymer.key("*SCCO*"), polymer.key("*CCCCC*")})["by_key"]
    assert (wider["novelty"], wider["vun"]) == (4 / 6, 2 / 8)
    assert (wider["novelty_lineage"], wider["vun_lineage"]) == (1 / 6, 1 / 8)


def test_diversity_of_many_strings_is_the_mean_over_all_pairs() -> None:
    texts = [f"*{'C' * i}O{'C' * j}N*" for i in range(1, 13) for j in range(1, 13)]
    report = measure(texts, Reference.of(KNOWN))
    bits = generative._fingerprints(texts)
    whole = generative.fingerprints.tanimoto_matrix(bits, bits).astype(float)
    n = len(texts)
    assert report["diversity"] == pytest.approx(1 - (whole.sum() - n) / (n * (n - 1)), abs=1e-6)
