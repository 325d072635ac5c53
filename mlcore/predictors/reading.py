"""Structures as predictors see them: the closed ring of a polymer, the canonical molecule."""

from collections.abc import Sequence

from rdkit import Chem

from mlcore.chem import molecule, polymer
from mlcore.chem.errors import ChemError
from mlcore.chem.identity import Kind


def read(structures: Sequence[str], kind: Kind) -> tuple[list[Chem.Mol], list[str | None]]:
    """Molecules of the structures that could be read, and for each structure None or why not."""
    molecules: list[Chem.Mol] = []
    errors: list[str | None] = []
    for text in structures:
        try:
            molecules.append(polymer.parse(text).ring if kind == "polymer" else molecule.parse(text).canonical)
            errors.append(None)
        except ChemError as error:
            errors.append(str(error))
    return molecules, errors


def of_keys(keys: Sequence[str]) -> list[Chem.Mol]:
    """The same molecules from the structures' identities, several times as fast."""
    return [Chem.MolFromSmiles(key) for key in keys]
