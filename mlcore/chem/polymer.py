"""Polymer identity: one key for every way of writing the same endless chain.

A repeat unit comes as SMILES with two marked ends: `*`, `[*]`, `[*:1]`, `[1*]`, or a pair of different coinage metals
as in HTP-MD (`[Cu]CO[Au]`). It is cut at every acyclic single bond of its backbone into a word of blocks (see
`chain`); two units describe the same endless chain exactly when their words agree up to rotation (cut elsewhere),
reversal (read from the other end) and repetition (doubled). So the shortest period of the word is the *primitive*
unit, and its largest rotation in either direction stands for the polymer.

Decided here: head-to-tail repetition of the unit as written; the primitive unit counts, so `*C*`, `*CC*` and `*CCCC*`
are all polyethylene, shown as `*C*`; structures are taken as drawn (tautomers, charges and resonance forms differ,
apart from aromaticity); an unmarked stereo centre is its own statement and differs from a marked one.

The *key* is the canonical SMILES of the ring closed from the primitive unit, repeated until the ring has at least
`MIN_RING` backbone atoms and is larger than every ring of the unit, and until no bond of the backbone is
taken for an aromatic one (polyacetylene is no annulene).
Then the backbone can be told from any other ring of the key, hence different chains never share a key.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from rdkit import Chem

from mlcore.chem import chain, limits
from mlcore.chem.canonical import checked_key
from mlcore.chem.errors import ChemError
from mlcore.chem.reading import read, sanitize

KEY_VERSION = 1
"""Raised whenever the key of any polymer changes, so that stored keys of two versions are never compared."""

_END_METAL = Chem.MolFromSmarts("[Cu,Ag,Au]")
_END_ORDERS = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
_OTHER_STEREO = re.compile(r"@(?:TH|AL|SP|TB|OH)\d")
_SPARE_COPIES = 4  # tries to find a ring size that is not aromatic all round


@dataclass(frozen=True)
class Polymer:
    """An endless chain, by its primitive repeat unit in canonical cut and direction."""

    word: chain.Word
    """Blocks of the primitive unit along the chain."""
    length: int
    """Atoms on the shortest way through the primitive unit."""
    heavy_atoms: int
    """All heavy atoms of the primitive unit."""

    @cached_property
    def unit(self) -> Chem.Mol:
        """The primitive unit, sanitized; its ends are the dummy atoms with isotope 1 (in, atom 0) and 2 (out)."""
        return chain.unit(self.word)

    @cached_property
    def psmiles(self) -> str:
        """The primitive unit as SMILES with exactly two `*`, the first of them leading."""
        return Chem.MolToSmiles(self.unit, rootedAtAtom=0).replace("[1*]", "*").replace("[2*]", "*")

    @property
    def key(self) -> str:
        """Canonical SMILES of the closed ring, the identity of the polymer.

        Raises:
            ChemError: "key_too_long" above `limits.MAX_KEY_BYTES`.
        """
        return self._keyed[0]

    @property
    def ring(self) -> Chem.Mol:
        """The closed ring as the key reads; do not change it.

        Raises:
            ChemError: as `key` does.
        """
        return self._keyed[1]

    @cached_property
    def _keyed(self) -> tuple[str, Chem.Mol]:
        return checked_key(Chem.MolToSmiles(self._closed()))

    def _closed(self) -> Chem.Mol:
        longest = max(chain.largest_ring(block) for block in self.word)
        fewest = -(-max(limits.MIN_RING, longest + 1) // self.length)
        if fewest * self.heavy_atoms > limits.MAX_KEY_BYTES:
            raise ChemError("key_too_long", f"the ring needs {fewest:,} units of {self.heavy_atoms:,} heavy atoms")
        for copies in range(fewest, fewest + _SPARE_COPIES):
            ring = chain.ring(self.word * copies)
            if not ring.GetBondWithIdx(ring.GetNumBonds() - 1).GetIsAromatic():
                return ring
        raise ChemError("aromatic_backbone", "the endless chain is aromatic all along; its bonds cannot be told apart")


def parse(text: str) -> Polymer:
    """Read a repeat unit.

    Raises:
        ChemError: when the text is no repeat unit with two ends; `code` says why.
    """
    mol = read(text)
    if "." in text:
        raise ChemError("salt", "a dot separates several components; give the repeat unit alone, without counter-ions")
    if _OTHER_STEREO.search(text):
        raise ChemError("stereo_class", "only tetrahedral (@, @@) and double-bond stereo can follow a chain")
    order = _end_order(*_label_ends(mol))
    mol = sanitize(mol) if order == Chem.BondType.SINGLE else _recut(mol)
    path = chain.backbone(mol)
    word = chain.blocks(mol, path)
    period = _period(word)
    repeats = len(word) // period
    return Polymer(_canonical_cut(word[:period]), (len(path) - 2) // repeats, mol.GetNumHeavyAtoms() // repeats)


def key(text: str) -> str:
    """The identity of a polymer as text; equal keys of one KEY_VERSION mean the same endless chain."""
    return parse(text).key


def ring_smiles(psmiles: str) -> str:
    """The primitive unit closed to a ring, without ends: what graph networks and fingerprints see. It is the key."""
    return parse(psmiles).key


def _label_ends(mol: Chem.RWMol) -> tuple[Chem.Atom, Chem.Atom]:
    """Turn the two ends into dummy atoms with isotope 1 and 2, in the order of the text."""
    ends = _atoms(mol, chain.STAR) or _metal_ends(mol)
    if len(ends) != 2:
        many = len(ends) > 2
        hint = "ladder polymers and networks cannot be written with two ends" if many else "mark both ends with *"
        raise ChemError("star_count", f"{len(ends)} chain ends, expected exactly 2; {hint}")
    for label, atom in enumerate(ends, 1):
        if atom.GetFormalCharge() or atom.GetNumExplicitHs() or atom.GetChiralTag():
            raise ChemError("star_form", "a chain end carries a charge, hydrogen or stereo mark; write it as plain *")
        atom.SetAtomicNum(0)
        atom.SetNoImplicit(True)
        atom.SetIsotope(label)
    return ends[0], ends[1]


def _atoms(mol: Chem.Mol, query: Chem.Mol) -> list[Chem.Atom]:
    return [mol.GetAtomWithIdx(index) for (index,) in mol.GetSubstructMatches(query, maxMatches=limits.MAX_TEXT)]


def _metal_ends(mol: Chem.Mol) -> list[Chem.Atom]:
    """Atoms of two different coinage metals, or nothing when there are no such metals at all."""
    metals = _atoms(mol, _END_METAL)
    symbols = [atom.GetSymbol() for atom in metals]
    if metals and (len(metals) != 2 or symbols[0] == symbols[1]):
        found = ", ".join(symbols)
        raise ChemError(
            "metal_ends", f"metal ends {found} are no pair; mark the ends by one [Cu] and one [Au], or by *"
        )
    return metals


def _end_order(first: Chem.Atom, second: Chem.Atom) -> Chem.BondType:
    """Check both ends and return the bond order they share."""
    for end in (first, second):
        if end.GetDegree() != 1:
            raise ChemError("star_degree", f"a chain end has {end.GetDegree()} bonds; it takes exactly one")
    bonds = [end.GetBonds()[0] for end in (first, second)]
    if bonds[0].GetIdx() == bonds[1].GetIdx():
        raise ChemError("empty_unit", "the two chain ends are bonded to each other, with no repeat unit between them")
    order, other = (bond.GetBondType() for bond in bonds)
    if order != other:
        raise ChemError("end_bonds", "the bond orders at the two ends differ, so that units could not be joined")
    if order not in _END_ORDERS:
        raise ChemError("end_bonds", "a chain end takes a single, double or triple bond")
    return order


def _recut(mol: Chem.RWMol) -> Chem.Mol:
    """Move the cut of a unit with double or triple end bonds to the first backbone bond of the lowest order.

    Two units are joined, which completes the stereo of a double bond that the cut went through, and the part from the
    chosen bond of the first unit to the same bond of the second is taken out. Bonds of a cumulene all have the same
    order: it is left as it is.
    """
    size, (into, out) = mol.GetNumAtoms(), (chain.stars(mol)[label] for label in (1, 2))
    chosen = _lowest_bond(mol)
    if chosen is None:
        return sanitize(mol)
    dimer = Chem.RWMol(Chem.CombineMols(mol, mol))
    dimer.GetAtomWithIdx(out).SetIsotope(3)
    dimer.GetAtomWithIdx(into + size).SetIsotope(3)
    cuts = [tuple(dimer.GetAtomWithIdx(atom + shift) for atom in chosen) for shift in (0, size)]
    for number, atom in enumerate(atom for cut in cuts for atom in cut):
        atom.SetIntProp("_cut", number)
    Chem.SetBondStereoFromDirections(dimer)
    chain.join(dimer, out, into + size)
    Chem.SetBondStereoFromDirections(dimer)
    whole = sanitize(dimer, clean_stereo=False)
    marked = sorted((a for a in whole.GetAtoms() if a.HasProp("_cut")), key=lambda atom: atom.GetIntProp("_cut"))
    left, right = (marked[0].GetIdx(), marked[1].GetIdx()), (marked[2].GetIdx(), marked[3].GetIdx())
    return _between(whole, left, right)


def _lowest_bond(mol: Chem.Mol) -> tuple[int, int] | None:
    """Atoms of the first acyclic backbone bond of the lowest order, when that is below the order of the end bonds."""
    Chem.FastFindRings(mol)
    path = chain.backbone(mol)
    end_order = mol.GetBondBetweenAtoms(*path[:2]).GetBondTypeAsDouble()
    order = {}
    for step in pairwise(path[1:-1]):
        bond = mol.GetBondBetweenAtoms(*step)
        if not bond.IsInRing() and bond.GetBondTypeAsDouble() < end_order:
            order[step] = bond.GetBondTypeAsDouble()
    return min(order, key=lambda step: order[step], default=None)


def _between(mol: Chem.Mol, left: tuple[int, int], right: tuple[int, int]) -> Chem.Mol:
    """The part of a chain between two bonds, each given by its atoms in chain order; new ends are labelled 1 and 2."""
    bonds = [mol.GetBondBetweenAtoms(*pair) for pair in (left, right)]
    labels = [
        (inward, outward) if bond.GetBeginAtomIdx() == pair[0] else (outward, inward)
        for bond, pair, inward, outward in zip(bonds, (left, right), (1, 5), (4, 2), strict=True)
    ]
    pieces = Chem.FragmentOnBonds(mol, [bond.GetIdx() for bond in bonds], dummyLabels=labels)
    (middle,) = (
        piece
        for piece in Chem.GetMolFrags(pieces, asMols=True, sanitizeFrags=False)
        if {atom.GetIsotope() for atom in piece.GetAtoms() if atom.GetAtomicNum() == 0} == {1, 2}
    )
    return sanitize(Chem.RWMol(middle))


def _period(word: chain.Word) -> int:
    """Length of the shortest word whose repetition is this one."""
    size = len(word)
    return next(n for n in range(1, size + 1) if size % n == 0 and word[:n] * (size // n) == word)


def _canonical_cut(word: chain.Word) -> chain.Word:
    """The largest rotation of the word or its reversal; the largest reads well: `*OCC*`, `*CC(*)c1ccccc1`."""
    back = tuple(chain.turned(block) for block in reversed(word))
    return max(max(_rotations(word)), max(_rotations(back)))


def _rotations(word: chain.Word) -> Iterable[chain.Word]:
    return (word[i:] + word[:i] for i in range(len(word)))
