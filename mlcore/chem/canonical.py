"""Canonical SMILES that stay what they are when read and written again."""

from rdkit import Chem

_MAX_STEPS = 20


def fixed_point(smiles: str) -> str:
    """Read and write until the text no longer changes; of a cycle, its smallest member.

    RDKit alone flips for ever between two forms of some molecules, such as
    O=C(c1ccccc1C(=O)N1C(=O)c2ccccc2C1=O)N1C(=O)c2ccccc2C1=O: either form may be met first, both end here at one.
    """
    seen = [smiles]
    for _ in range(_MAX_STEPS):
        smiles = Chem.MolToSmiles(Chem.MolFromSmiles(smiles))
        if smiles in seen:
            return min(seen[seen.index(smiles) :])
        seen.append(smiles)
    return min(seen)
