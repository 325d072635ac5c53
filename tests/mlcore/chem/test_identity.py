"""Identities, of polymers and of molecules, one by one and in bulk."""

import importlib
import pickle
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import RDConfig

from mlcore.chem import fingerprints
from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity, Kind, identify, identify_many
from mlcore.chem.synthesizability import sa_score
from mlcore.processes import Workers
from tests.mlcore.chem.rewriting import HTPMD, SMIPOLY, load, rewritten

ADAMANTANE = "C1C2CC3CC1CC(C2)C3"
LITFSI = "[Li+].FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F"


def test_polymer() -> None:
    found = identify("[Cu]CCOCCO[Au]", "polymer")
    assert (found.key, found.smiles, found.formula) == ("C1COCCOCCO1", "*OCC*", "C2H4O")
    assert found.mass == pytest.approx(44.053, abs=1e-3)
    assert (found.charge, found.heavy_atoms, found.elements) == (0, 3, ("C", "H", "O"))
    assert (found.kind, found.key_version) == ("polymer", 1)
    assert 1 <= found.sa_score <= 10


def test_charged_polymer() -> None:
    found = identify("*CC(*)C(=O)[O-]", "polymer")
    assert (found.formula, found.charge) == ("C3H3O2-", -1)


def test_salt() -> None:
    found = identify(LITFSI, "molecule")
    assert (found.formula, found.charge, found.heavy_atoms) == ("C2F6LiNO4S2", 0, 16)
    assert found.smiles == found.key
    assert found.mass == pytest.approx(287.09, abs=0.01)
    assert identify("[N-](S(=O)(=O)C(F)(F)F)S(=O)(=O)C(F)(F)F", "molecule").charge == -1


@settings(max_examples=150, deadline=None)
@given(text=st.sampled_from(HTPMD + SMIPOLY), seed=st.integers(0, 2**32))
def test_nothing_depends_on_how_it_is_written(text: str, seed: int) -> None:
    assert identify(rewritten(load(text), Random(seed)), "polymer") == identify(text, "polymer")


@settings(max_examples=150, deadline=None)
@given(text=st.sampled_from(SMIPOLY), seed=st.integers(0, 2**31))
def test_molecule_key_survives_random_order(text: str, seed: int) -> None:
    mol = Chem.MolFromSmiles(text.replace("*", "C"))
    (other,) = Chem.MolToRandomSmilesVect(mol, 1, randomSeed=seed)
    assert identify(other, "molecule") == identify(Chem.MolToSmiles(mol), "molecule")


def test_sa_score_is_polygens() -> None:
    """The score of the raw string with its metal ends; the stored score of the same cut is the same."""
    raw = "CC(O[Cu])C(=O)NC(C)C(C)(C)OC(=O)[Au]"
    assert sa_score(Chem.MolFromSmiles(raw)) == pytest.approx(4.932917, abs=1e-5)
    assert identify(raw, "polymer").sa_score == pytest.approx(4.932917, abs=1e-5)
    assert sa_score(Chem.MolFromSmiles("CCO")) < 2.5


def test_sa_score_is_rdkits_to_the_last_digit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(Path(RDConfig.RDContribDir) / "SA_Score"))
    rdkits = importlib.import_module("sascorer").calculateScore
    for text in [*HTPMD[:200], *SMIPOLY[:200], ADAMANTANE, "C[C@H](F)[C@@H](C)C1CC2CCC1C2", "C1CCCCCCCCC1"]:
        assert sa_score(Chem.MolFromSmiles(text)) == rdkits(Chem.MolFromSmiles(text)), text


@pytest.mark.parametrize("processes", [1, 2])
def test_many_keep_their_order(processes: int) -> None:
    texts = [*HTPMD[:700], "*C", "*CC*", "a\0"]
    found = list(identify_many(iter(texts), "polymer", processes))
    assert len(found) == len(texts)
    assert [item.code for item in found if isinstance(item, ChemError)] == ["star_count", "nul_byte"]
    assert found[0] == identify(texts[0], "polymer")
    assert isinstance(found[-2], Identity)
    assert found[-2].smiles == "*C*"


def test_workers_serve_more_than_once_and_bring_fingerprints() -> None:
    with Workers(2) as workers:
        for texts in (HTPMD[:600], SMIPOLY[:600]):
            for found in identify_many(texts, "polymer", workers=workers, with_fingerprints=True):
                assert isinstance(found, Identity)
                assert found.fingerprints == fingerprints.of_identity(found.key, found.smiles)


@pytest.mark.parametrize(("text", "kind"), [("*CC(*)[C@H](F)Cl", "polymer"), (LITFSI, "molecule")])
def test_fingerprints_of_both_kinds(text: str, kind: Kind) -> None:
    found = identify(text, kind, with_fingerprints=True)
    assert found.fingerprints == fingerprints.of_identity(found.key, found.smiles)
    assert identify(text, kind).fingerprints is None


def test_error_survives_another_process() -> None:
    error = pickle.loads(pickle.dumps(ChemError("salt", "no")))  # noqa: S301
    assert (error.code, str(error)) == ("salt", "no")


def test_unknown_kind() -> None:
    with pytest.raises(ValueError, match="kind"):
        identify("CC", "crystal")  # type: ignore[arg-type]
