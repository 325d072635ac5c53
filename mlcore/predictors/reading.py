"""Structures as predictors see them: the closed ring of a polymer, the canonical molecule, its atoms in space."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from mlcore.chem import geometry, molecule, polymer
from mlcore.chem.errors import ChemError
from mlcore.chem.geometry import Geometry
from mlcore.chem.identity import Kind
from mlcore.chem.molecule import Molecule
from mlcore.config import DataConfig
from mlcore.predictors import doubts
from mlcore.predictors.dressed_atoms import strange
from mlcore.predictors.protocol import Given


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


@dataclass(frozen=True)
class InSpace:
    """The molecules that could be read with a geometry, and for each structure None or why not."""

    molecules: list[Chem.Mol]
    """As the structures were written."""
    geometries: list[Geometry]
    errors: list[str | None]

    def doubts_about(self, data: DataConfig) -> list[str]:
        """For each molecule that could be read whether its geometry is a guess where the training had given ones."""
        guessed = np.array([found.guessed for found in self.geometries], dtype=bool)
        return doubts.where(
            guessed & bool(data.geometry_column),
            "its geometry is guessed, and the model has learned from computed ones",
        )


def in_space(structures: Sequence[str], given: Given, elements: NDArray[np.int64]) -> InSpace:
    """Molecules with the geometries that are given, or with guessed ones; only of `elements`, by atomic number."""
    read = InSpace([], [], [])
    blocks = given.geometries if len(given.geometries) else [None] * len(structures)
    for text, block in zip(structures, blocks, strict=True):
        try:
            parsed = molecule.parse(text)
            found = _geometry(parsed, block)
            if fault := strange(found, elements):
                raise ChemError("element", fault)
        except ChemError as error:
            read.errors.append(str(error))
            continue
        read.molecules.append(parsed.mol)
        read.geometries.append(found)
        read.errors.append(None)
    return read


def guessed(canonical: Chem.Mol) -> Geometry:
    """A geometry by a force field, for a molecule that nobody gave one of.

    Raises ChemError where the molecule is a radical, or where the guess is no geometry of it.
    """
    geometry.check_closed(canonical)
    try:
        found = geometry.guess(Chem.MolToSmiles(canonical))
        geometry.check(found, canonical)
    except ChemError as error:
        raise ChemError("no_geometry", f"no geometry is given and none could be guessed: {error}; give one") from error
    return found


def _geometry(parsed: Molecule, block: Geometry | str | None) -> Geometry:
    """The geometry that is given for a molecule, checked, or a guessed one: the same for any way of writing it."""
    if block is None or (isinstance(block, str) and not block.strip()):
        return guessed(parsed.canonical)
    found = geometry.read(block) if isinstance(block, str) else block
    geometry.check(found, parsed.mol)
    return found
