"""Fingerprints equal RDKit's, in every form they are stored and compared in."""

import numpy as np
import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from mlcore.chem import chain, fingerprints, polymer
from tests.mlcore.chem.rewriting import HTPMD, SMIPOLY

_GENERATOR = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
KEYS = [polymer.key(text) for text in HTPMD[:60] + SMIPOLY[:60]]


@pytest.fixture(scope="module")
def packed() -> fingerprints.Packed:
    return fingerprints.pack([fingerprints.morgan_bytes(key) for key in KEYS])


def test_tanimoto_equals_rdkit(packed: fingerprints.Packed) -> None:
    theirs = [_GENERATOR.GetFingerprint(Chem.MolFromSmiles(key)) for key in KEYS]
    expected = [DataStructs.BulkTanimotoSimilarity(one, theirs) for one in theirs]
    np.testing.assert_allclose(fingerprints.tanimoto_matrix(packed, packed), expected, atol=1e-6)


def test_blocks_are_rows_of_the_matrix(packed: fingerprints.Packed) -> None:
    many = np.concatenate([packed] * 5)
    blocks = list(fingerprints.tanimoto_blocks(many, packed))
    assert len(blocks) > 1
    np.testing.assert_array_equal(np.concatenate(blocks)[: len(packed)], fingerprints.tanimoto_matrix(packed, packed))


def test_empty_fingerprints_are_alike() -> None:
    nothing = fingerprints.pack([bytes(256)])
    assert fingerprints.tanimoto_matrix(nothing, nothing).tolist() == [[1.0]]


def test_postgres_bits_are_the_bits_of_rdkit() -> None:
    """PostgreSQL counts bits from the left of the text, and the highest bit of a byte comes first."""
    key = KEYS[0]
    text = fingerprints.to_pg_bits(fingerprints.morgan_bytes(key))
    assert len(text) == 2048
    on = list(_GENERATOR.GetFingerprint(Chem.MolFromSmiles(key)).GetOnBits())
    assert [i for i, bit in enumerate(text) if bit == "1"] == on
    raw = fingerprints.to_pg_bytes(fingerprints.morgan_bytes(key))
    assert "".join(f"{byte:08b}" for byte in raw) == text


def test_morgan_bits_do_not_depend_on_the_number_of_copies() -> None:
    unit = polymer.parse("*OC(C)C(=O)NCC(*)=O")
    longer = chain.ring(unit.word * 3)
    assert fingerprints.morgan_of(longer) == fingerprints.morgan_bytes(unit.key)


def test_pattern_bits_see_across_the_joints() -> None:
    whole = set(Chem.PatternFingerprint(Chem.MolFromSmiles("CCOCCOCCO"), 2048).GetOnBits())
    assert whole <= set(fingerprints.pattern_bits("*OCC*"))
    assert fingerprints.pattern_bits("*OCC*") == fingerprints.pattern_bits("[*:1]OCC[*:2]")
