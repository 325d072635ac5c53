"""What the registry stores about a structure, for polymers and molecules alike."""

import os
import re
import signal
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from typing import Literal

from rdkit import Chem
from rdkit.Chem import Descriptors, rdMolDescriptors

from mlcore.chem import molecule, polymer
from mlcore.chem.errors import ChemError
from mlcore.chem.synthesizability import sa_score, unit_sa_score
from mlcore.processes import die_with_parent

Kind = Literal["polymer", "molecule"]

_ELEMENT = re.compile("[A-Z][a-z]?")
_BATCH = 500  # texts sent to a worker process at once


@dataclass(frozen=True, slots=True)
class Identity:
    """One chemical identity. Everything follows from the key: no field depends on how the structure was written."""

    kind: Kind
    key_version: int
    key: str
    """Canonical SMILES; of a polymer, that of the ring closed from its primitive repeat unit."""
    smiles: str
    """The form to show: for a polymer, the primitive repeat unit with exactly two `*`."""
    formula: str
    """Hill order; of a polymer, of the primitive repeat unit without its ends."""
    mass: float
    """g/mol, average isotopes; of a polymer, of the primitive repeat unit."""
    charge: int
    heavy_atoms: int
    elements: tuple[str, ...]
    """Symbols, sorted."""
    sa_score: float
    """1 (easy to make) to 10 (hard); see `synthesizability`."""


def identify(text: str, kind: Kind) -> Identity:
    """Identify one structure.

    Raises:
        ChemError: when the text is no acceptable structure of this kind; `code` says why.
    """
    if kind == "polymer":
        chain = polymer.parse(text)
        return _describe(kind, polymer.KEY_VERSION, chain.key, chain.psmiles, chain.unit, unit_sa_score(chain.unit))
    if kind == "molecule":
        found = molecule.parse(text)
        mol = found.canonical
        return _describe(kind, molecule.KEY_VERSION, found.key, found.smiles, mol, sa_score(mol))
    raise ValueError(f"kind must be polymer or molecule, not {kind!r}")


def identify_many(texts: Iterable[str], kind: Kind, processes: int | None = None) -> Iterator[Identity | ChemError]:
    """Identify many structures, in order; what is refused comes back as its ChemError.

    Args:
        texts: may be a generator; it is read a few batches ahead.
        kind: of all of them.
        processes: worker processes; None takes one per core, 1 works in this process.
    """
    processes = processes or len(os.sched_getaffinity(0))
    batches = _in_batches(texts)
    if processes == 1:
        for batch in batches:
            yield from _identify_batch(batch, kind)
        return
    with ProcessPoolExecutor(processes, initializer=die_with_parent(signal.SIGKILL)) as pool:
        ahead = [pool.submit(_identify_batch, batch, kind) for batch in islice(batches, 2 * processes)]
        while ahead:
            yield from ahead.pop(0).result()
            ahead += [pool.submit(_identify_batch, batch, kind) for batch in islice(batches, 1)]


def _in_batches(texts: Iterable[str]) -> Iterator[list[str]]:
    source = iter(texts)
    return iter(lambda: list(islice(source, _BATCH)), [])


def _identify_batch(texts: list[str], kind: Kind) -> list[Identity | ChemError]:
    found: list[Identity | ChemError] = []
    for text in texts:
        try:
            found.append(identify(text, kind))
        except ChemError as error:
            found.append(error)
    return found


def _describe(kind: Kind, key_version: int, key: str, smiles: str, mol: Chem.Mol, score: float) -> Identity:
    formula = rdMolDescriptors.CalcMolFormula(mol).replace("*2", "")
    return Identity(
        kind=kind,
        key_version=key_version,
        key=key,
        smiles=smiles,
        formula=formula,
        mass=Descriptors.MolWt(mol),
        charge=Chem.GetFormalCharge(mol),
        heavy_atoms=mol.GetNumHeavyAtoms(),
        elements=tuple(sorted(_ELEMENT.findall(formula))),
        sa_score=score,
    )
