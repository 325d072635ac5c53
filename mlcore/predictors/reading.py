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
    geometries: list[Geometry]
    errors: list[str | None]


def in_space(structures: Sequence[str], given: Given, elements: NDArray[np.int64]) -> InSpace:
    """Molecules with the geometries that are given, or with guessed ones; only of `elements`, by atomic number."""
    read = InSpace([], [], [])
    blocks = given.geometries if len(given.geometries) else [None] * len(structures)
    for text, block in zip(structures, blocks, strict=True):
        try:
            canonical = molecule.parse(text).canonical
            found = _geometry(canonical, block)
            _check_elements(found, elements)
        except ChemError as error:
            read.errors.append(str(error))
            continue
        read.molecules.append(canonical)
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


def _geometry(canonical: Chem.Mol, block: Geometry | str | None) -> Geometry:
    """The geometry that is given for a molecule, checked, or a guessed one."""
    if block is None or (isinstance(block, str) and not block.strip()):
        return guessed(canonical)
    found = geometry.read(block) if isinstance(block, str) else block
    geometry.check(found, canonical)
    return found


def _check_elements(found: Geometry, elements: NDArray[np.int64]) -> None:
    known = np.isin(found.numbers, elements)
    if not known.all():
        strange = sorted({symbol for symbol, one in zip(found.symbols, known, strict=True) if not one})
        raise ChemError("element", f"no training structure has {', '.join(strange)}; nothing is known of it")
