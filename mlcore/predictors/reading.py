"""Structures as predictors see them: the closed ring of a polymer, the canonical molecule, its atoms in space."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem

from mlcore.chem import geometry, molecule, polymer
from mlcore.chem.errors import ChemError
from mlcore.chem.geometry import Geometry
from mlcore.chem.identity import Kind
from mlcore.data.splits import Split
from mlcore.data.tables import Table
from mlcore.errors import UserError
from mlcore.events import Events
from mlcore.predictors.protocol import Given
from mlcore.run import Run


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


def in_known_elements(run: Run) -> tuple[list[Geometry], Split]:
    """A geometry for each row of a training table, guessed where it has none, and the split without held-out rows that
    have an element of which no training row tells anything. UserError where the table holds no molecules."""
    if run.config.data.kind != "molecule":
        raise UserError('data.kind: only a molecule has a geometry; set it to "molecule"')
    table, split = run.table, run.split()
    found = _geometries(table, run.events)
    seen = {int(number) for row in split.train for number in found[row].numbers}
    strange = [sorted(set(one.numbers.tolist()) - seen) for one in found]
    for row in np.flatnonzero([bool(numbers) for numbers in strange]):
        message = f"{table.smiles[row]}: not used: no training molecule has the element with number {strange[row][0]}"
        run.events.log("warning", message)
    good = np.array([not numbers for numbers in strange], dtype=bool)
    return found, replace(split, valid=split.valid[good[split.valid]], test=split.test[good[split.test]])


def _geometries(table: Table, events: Events) -> list[Geometry]:
    """A geometry for each row; UserError where one has to be guessed and cannot be."""
    given = table.geometries or [None] * len(table.keys)
    missing = sum(found is None for found in given)
    if missing:
        events.log("warning", f"{missing:,} of {len(given):,} geometries are not given and are guessed")
    geometries = []
    for found, key, smiles in zip(given, table.keys, table.smiles, strict=True):
        try:
            geometries.append(found or _guessed(Chem.MolFromSmiles(key)))
        except ChemError as error:
            raise UserError(f"{smiles}: its geometry has to be guessed and cannot be: {error}") from error
    return geometries


def _guessed(canonical: Chem.Mol) -> Geometry:
    """A geometry by a force field; ChemError where it finds none that is of this molecule."""
    found = geometry.guess(Chem.MolToSmiles(canonical))
    geometry.check(found, canonical)
    return found


def _geometry(canonical: Chem.Mol, block: Geometry | str | None) -> Geometry:
    """The geometry that is given for a molecule, checked, or a guessed one."""
    if block is None or (isinstance(block, str) and not block.strip()):
        return _guessed(canonical)
    found = geometry.read(block) if isinstance(block, str) else block
    geometry.check(found, canonical)
    return found


def _check_elements(found: Geometry, elements: NDArray[np.int64]) -> None:
    known = np.isin(found.numbers, elements)
    if not known.all():
        strange = sorted({symbol for symbol, one in zip(found.symbols, known, strict=True) if not one})
        raise ChemError("element", f"no training structure has {', '.join(strange)}; nothing is known of it")
