"""Morgan and pattern fingerprints, and Tanimoto similarity in bulk."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from mlcore.chem import chain, molecule, polymer

BITS = 2048
RADIUS = 2
WINDOW = 10
"""Backbone atoms over which the pattern fingerprint of a polymer is complete; RDKit's patterns span at most 7 atoms."""

_BLOCK = 128  # rows of the left side at once: their intersections with 6,024 rows stay within the cache
_MORGAN = rdFingerprintGenerator.GetMorganGenerator(radius=RADIUS, fpSize=BITS)
_REVERSED = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))

Packed = NDArray[np.uint64]
"""Fingerprints as rows of 64-bit words, shape (N, BITS / 64)."""


@dataclass(frozen=True, slots=True)
class Fingerprints:
    """Both of a structure, each as 256 bytes with the lowest bit of each byte first."""

    morgan: bytes
    """As `morgan_bytes` has it."""
    pattern: bytes
    """The screen of substructure search; see `pattern_bits`."""


def of(structure: polymer.Polymer | molecule.Molecule) -> Fingerprints:
    """Both fingerprints of a structure that has been read."""
    if isinstance(structure, molecule.Molecule):
        return Fingerprints(morgan_of(structure.canonical), _pattern(structure.canonical))
    open_chain = chain.oligomer(_as_block(structure.psmiles), structure.length, WINDOW)
    return Fingerprints(morgan_of(structure.ring), _pattern(open_chain))


def of_identity(key: str, smiles: str) -> Fingerprints:
    """The same from the key and the shown form, which have to be read again."""
    return Fingerprints(morgan_bytes(key), _pattern(search_form(smiles)))


def morgan_bytes(key_smiles: str) -> bytes:
    """Morgan fingerprint, radius 2, 2048 bits, as 256 bytes with the lowest bit of each byte first.

    Args:
        key_smiles: the key of a polymer (its closed ring, so that no chain end leaves a trace) or of a molecule.
    """
    return morgan_of(Chem.MolFromSmiles(key_smiles))


def morgan_of(mol: Chem.Mol) -> bytes:
    """The same for a key that has been read already."""
    return DataStructs.BitVectToBinaryText(_MORGAN.GetFingerprint(mol))


def pattern_bits(smiles: str) -> list[int]:
    """On-bits of RDKit's pattern fingerprint, the screen of substructure search.

    Args:
        smiles: a molecule, or a polymer as PSMILES, taken as the open chain that `substructure.matches` looks at.
    """
    return pattern_bits_of(search_form(smiles))


def pattern_bits_of(mol: Chem.Mol) -> list[int]:
    """The same for a molecule that stands for itself."""
    return on_bits(_pattern(mol))


def _pattern(mol: Chem.Mol) -> bytes:
    return DataStructs.BitVectToBinaryText(Chem.PatternFingerprint(mol, BITS))


def on_bits(fingerprint: bytes) -> list[int]:
    """Numbers of the bits that are set, ascending; RDKit's own iterator takes ten times as long."""
    octets = np.frombuffer(fingerprint, dtype=np.uint8)
    numbers: list[int] = np.flatnonzero(np.unpackbits(octets, bitorder="little")).tolist()
    return numbers


def search_form(smiles: str, window: int = WINDOW) -> Chem.Mol:
    """The molecule to search in: a molecule as it is, a polymer as an open chain of several units.

    The ring of the key would make every backbone atom a ring atom, and a chain longer than the ring would not be found.

    Args:
        smiles: as in `Identity.smiles`; other ways of writing a polymer are read too, but more slowly.
        window: so many consecutive backbone atoms of the endless chain occur somewhere in the open one.

    Raises:
        ChemError: when `smiles` cannot be read.
    """
    if "*" not in smiles:
        return molecule.parse(smiles).mol
    psmiles = smiles if smiles.startswith("*") and smiles.count("*") == 2 else polymer.parse(smiles).psmiles
    block = _as_block(psmiles)
    return chain.oligomer(block, chain.length(block), window)


def _as_block(psmiles: str) -> str:
    return "[1*]" + psmiles[1:].replace("*", "[2*]")


def to_pg_bits(fingerprint: bytes) -> str:
    """The text of PostgreSQL's bit(2048) for a fingerprint of `morgan_bytes`: bit 0 leftmost."""
    return f"{int.from_bytes(to_pg_bytes(fingerprint)):0{BITS}b}"


def to_pg_bytes(fingerprint: bytes) -> bytes:
    """The bytes of PostgreSQL's bit(2048), highest bit of each byte first, as binary COPY wants them."""
    return fingerprint.translate(_REVERSED)


def pack(fingerprints: Sequence[bytes]) -> Packed:
    """Stack fingerprints of `morgan_bytes` into an array of shape (N, 32)."""
    return np.frombuffer(b"".join(fingerprints), dtype=np.uint64).reshape(-1, BITS // 64)


def tanimoto_blocks(a: Packed, b: Packed) -> Iterator[NDArray[np.float32]]:
    """Similarities of consecutive row blocks of `a` to all rows of `b`, shape (<= 128, len(b)); memory stays small."""
    count_b = np.bitwise_count(b).sum(axis=1, dtype=np.int32)
    columns = np.ascontiguousarray(b.T)
    for start in range(0, len(a), _BLOCK):
        rows = a[start : start + _BLOCK]
        both = np.zeros((len(rows), len(b)), dtype=np.uint16)
        for word in range(b.shape[1]):
            both += np.bitwise_count(rows[:, word, None] & columns[word])
        count_a = np.bitwise_count(rows).sum(axis=1, dtype=np.int32)
        either = count_a[:, None] + count_b - both
        yield np.divide(both, either, out=np.ones(both.shape, dtype=np.float32), where=either > 0)


def tanimoto_matrix(a: Packed, b: Packed) -> NDArray[np.float32]:
    """Similarities of all rows of `a` to all rows of `b`, shape (len(a), len(b)); two empty fingerprints give 1."""
    result = np.empty((len(a), len(b)), dtype=np.float32)
    start = 0
    for block in tanimoto_blocks(a, b):
        result[start : start + len(block)] = block
        start += len(block)
    return result
