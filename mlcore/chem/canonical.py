"""Canonical SMILES that stay what they are when read and written again."""

from rdkit import Chem

from mlcore.chem import limits
from mlcore.chem.errors import ChemError

_MAX_STEPS = 20


def fixed_point(smiles: str) -> tuple[str, Chem.Mol]:
    """Read and write until the text no longer changes; of a cycle, its smallest member. Also the text as it is read.

    RDKit alone flips for ever between two forms of some molecules, such as
    O=C(c1ccccc1C(=O)N1C(=O)c2ccccc2C1=O)N1C(=O)c2ccccc2C1=O: either form may be met first, both end here at one.
    """
    seen = [smiles]
    for _ in range(_MAX_STEPS):
        mol = Chem.MolFromSmiles(smiles)
        smiles = Chem.MolToSmiles(mol)
        if smiles == seen[-1]:
            return smiles, mol
        if smiles in seen:
            return _read(min(seen[seen.index(smiles) :]))
        seen.append(smiles)
    return _read(min(seen))


def _read(smiles: str) -> tuple[str, Chem.Mol]:
    return smiles, Chem.MolFromSmiles(smiles)


def checked_key(smiles: str) -> tuple[str, Chem.Mol]:
    """The fixed point as a key that an index can hold, and its molecule.

    Raises:
        ChemError: "key_too_long" above `limits.MAX_KEY_BYTES`.
    """
    key, mol = fixed_point(smiles)
    if len(key) > limits.MAX_KEY_BYTES:
        raise ChemError("key_too_long", f"the key has {len(key):,} characters; at most {limits.MAX_KEY_BYTES:,}")
    return key, mol
