"""What the registry stores about a structure, for polymers and molecules alike."""

import re
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from dataclasses import dataclass, field
from functools import lru_cache, partial
from itertools import islice
from typing import Literal

from rdkit import Chem
from rdkit.Chem import Descriptors, rdMolDescriptors

from mlcore.chem import fingerprints, molecule, polymer
from mlcore.chem.chain import Word
from mlcore.chem.errors import ChemError
from mlcore.chem.fingerprints import Fingerprints
from mlcore.chem.synthesizability import fragment_scores, sa_score, unit_sa_score
from mlcore.processes import Workers

Kind = Literal["polymer", "molecule"]

_ELEMENT = re.compile("[A-Z][a-z]?")
_BATCH = 128  # texts sent to a worker process at once


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
    fingerprints: Fingerprints | None = field(default=None, compare=False, repr=False)
    """Where they were asked for."""


def identify(text: str, kind: Kind, with_fingerprints: bool = False) -> Identity:
    """Identify one structure.

    Args:
        text: how somebody wrote it.
        kind: polymer or molecule.
        with_fingerprints: work them out too; cheaper now than later, as the molecules are at hand.

    Raises:
        ChemError: when the text is no acceptable structure of this kind; `code` says why.
    """
    if kind == "polymer":
        chain = polymer.parse(text)
        return _of_polymer(chain.word, chain.length, chain.heavy_atoms, with_fingerprints)
    if kind == "molecule":
        found = molecule.parse(text)
        mol = found.canonical
        bits = fingerprints.of(found) if with_fingerprints else None
        return _describe(kind, molecule.KEY_VERSION, found.key, found.smiles, mol, sa_score(mol), bits)
    raise ValueError(f"kind must be polymer or molecule, not {kind!r}")


def identify_many(
    texts: Iterable[str],
    kind: Kind,
    processes: int | None = None,
    *,
    workers: Workers | None = None,
    with_fingerprints: bool = False,
) -> Iterator[Identity | ChemError]:
    """Identify many structures, in order; what is refused comes back as its ChemError.

    Args:
        texts: may be a generator; it is read a few batches ahead.
        kind: of all of them.
        processes: worker processes; None takes one per core, 1 works in this process.
        workers: to be used instead of new processes, as their start costs about as much as 100 structures.
        with_fingerprints: as for `identify`.
    """
    fragment_scores()  # loaded before the fork, they are shared
    work = partial(_identify_batch, kind=kind, with_fingerprints=with_fingerprints)
    with nullcontext(workers) if workers else Workers(processes) as crew:
        for batch in crew.map(work, _in_batches(texts)):
            yield from batch


def _in_batches(texts: Iterable[str]) -> Iterator[list[str]]:
    source = iter(texts)
    return iter(lambda: list(islice(source, _BATCH)), [])


def _identify_batch(texts: list[str], kind: Kind, with_fingerprints: bool) -> list[Identity | ChemError]:
    found: list[Identity | ChemError] = []
    for text in texts:
        try:
            found.append(identify(text, kind, with_fingerprints))
        except ChemError as error:
            found.append(error)
    return found


@lru_cache(maxsize=20_000)
def _of_polymer(word: Word, length: int, heavy_atoms: int, with_fingerprints: bool) -> Identity:
    """Cached, since data sets and generators repeat polymers that were cut elsewhere; takes a `Polymer` apart for this,
    as one would keep its molecules in memory.
    """
    chain = polymer.Polymer(word, length, heavy_atoms)
    bits = fingerprints.of(chain) if with_fingerprints else None
    score = unit_sa_score(chain.unit)
    return _describe("polymer", polymer.KEY_VERSION, chain.key, chain.psmiles, chain.unit, score, bits)


def _describe(
    kind: Kind, key_version: int, key: str, smiles: str, mol: Chem.Mol, score: float, bits: Fingerprints | None
) -> Identity:
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
        fingerprints=bits,
    )
