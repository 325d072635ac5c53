"""Finding a structure by what it is, however it is written."""

from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Identity, identify
from registry.models import Structure

_CHAIN_ENDS = ("*", "[Cu]", "[Au]")


def read(smiles: str, kind: str = "") -> Identity:
    """The identity of a text; without a kind, one with chain ends is a polymer and one without is a molecule.

    Raises: ChemError.
    """
    guessed = "polymer" if any(end in smiles for end in _CHAIN_ENDS) else "molecule"
    return identify(smiles, kind or guessed)


def find(smiles: str, kind: str = "") -> Structure | None:
    """The stored structure that this text means.

    Raises: ChemError when the text means none.
    """
    identity = read(smiles, kind)
    return Structure.objects.filter(kind=identity.kind, key_version=identity.key_version, key=identity.key).first()


def meant(text: str) -> Structure | None:
    """The stored structure that somebody who searches for a text may mean, if the text is a whole structure."""
    try:
        return find(text.strip())
    except ChemError:
        return None
