"""Properties that follow from the structure alone; imports compute them when the mapping asks for it."""

from collections.abc import Callable

from rdkit import Chem

_ETHER = Chem.MolFromSmarts("[OX2;H0]([#6;!$(C=[O,S,N])])[#6;!$(C=[O,S,N])]")


def ether_oxygen_fraction(key: str) -> float:
    """Ether oxygens per heavy atom, 0 to 1.

    The key of a polymer is a ring of whole repeat units, so that an oxygen at the cut counts like any other.
    Oxygens of esters, acids, carbonates and carbamates are no ethers.
    """
    mol = Chem.MolFromSmiles(key)
    return len(mol.GetSubstructMatches(_ETHER, maxMatches=10_000)) / mol.GetNumHeavyAtoms()


COMPUTED: dict[str, Callable[[str], float]] = {"ether_oxygen_fraction": ether_oxygen_fraction}
