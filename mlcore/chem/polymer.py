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

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem

from mlcore.chem import chain, limits
from mlcore.chem.canonical import fixed_point
from mlcore.chem.errors import ChemError
from mlcore.chem.reading import read, sanitize

KEY_VERSION = 1
"""Raised whenever the key of any polymer changes, so that stored keys of two versions are never compared."""

_END_METALS = {"Cu", "Ag", "Au"}
_END_ORDERS = (Chem.BondType.SINGLE, Chem.BondType.DOUBLE, Chem.BondType.TRIPLE)
_SPARE_COPIES = 4  # tries to find a ring size that is not aromatic all round


@dataclass(frozen=True)
class Polymer:
    """An endless chain, by its primitive repeat unit in canonical cut and direction."""

    word: chain.Word
    """Blocks of the primitive unit along the chain."""
    length: int
    """Atoms on the shortest way through the primitive unit."""

    @cached_property
    def unit(self) -> Chem.Mol:
        """The primitive unit, sanitized; its ends are the dummy atoms with isotope 1 (in) and 2 (out)."""
        return chain.assemble(self.word, closed=False)

    @cached_property
    def psmiles(self) -> str:
        """The primitive unit as SMILES with exactly two `*`, the first of them leading."""
        start = next(atom.GetIdx() for atom in self.unit.GetAtoms() if _is_end(atom, 1))
        return Chem.MolToSmiles(self.unit, rootedAtAtom=start).replace("[1*]", "*").replace("[2*]", "*")

    @cached_property
    def key(self) -> str:
        """Canonical SMILES of the closed ring, the identity of the polymer.

        Raises:
            ChemError: "key_too_long" above `limits.MAX_KEY_BYTES`.
        """
        key = fixed_point(Chem.MolToSmiles(self._ring()))
        if len(key) > limits.MAX_KEY_BYTES:
            raise ChemError("key_too_long", f"the key has {len(key):,} characters; at most {limits.MAX_KEY_BYTES:,}")
        return key

    def oligomer(self, backbone_atoms: int) -> Chem.Mol:
        """An open chain of whole units with at least so many backbone atoms, ends marked as in `unit`."""
        return chain.assemble(self.word * max(1, -(-backbone_atoms // self.length)), closed=False)

    def _ring(self) -> Chem.Mol:
        longest = max((len(ring) for ring in self.unit.GetRingInfo().AtomRings()), default=0)
        fewest = -(-max(limits.MIN_RING, longest + 1) // self.length)
        for copies in range(fewest, fewest + _SPARE_COPIES):
            ring = chain.assemble(self.word * copies, closed=True)
            if not _aromatic_all_round(ring, longest):
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
    ends = _find_ends(mol)
    order = _check_ends(mol, ends)
    mol = sanitize(mol) if order == Chem.BondType.SINGLE else _recut(mol, ends)
    path = chain.backbone(mol, _labelled(mol, 1, 2))
    word = chain.blocks(mol, path)
    period = _period(word)
    return Polymer(_canonical_cut(word[:period]), (len(path) - 2) * period // len(word))


def key(text: str) -> str:
    """The identity of a polymer as text; equal keys of one KEY_VERSION mean the same endless chain."""
    return parse(text).key


def ring_smiles(psmiles: str) -> str:
    """The primitive unit closed to a ring, without ends: what graph networks and fingerprints see. It is the key."""
    return parse(psmiles).key


def _find_ends(mol: Chem.RWMol) -> tuple[int, int]:
    """Turn the two ends into dummy atoms with isotope 1 and 2, in the order of the text."""
    ends = [atom for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0]
    if not ends:
        ends = _metal_ends(mol)
    if len(ends) != 2:
        hint = (
            "a ladder polymer or network cannot be written with two ends" if len(ends) > 2 else "mark both ends with *"
        )
        raise ChemError("star_count", f"{len(ends)} chain ends, expected exactly 2; {hint}")
    for label, atom in enumerate(ends, 1):
        if atom.GetFormalCharge() or atom.GetNumExplicitHs() or atom.GetChiralTag():
            raise ChemError("star_form", "a chain end carries a charge, hydrogen or stereo mark; write it as plain *")
        atom.SetAtomicNum(0)
        atom.SetNoImplicit(True)
        atom.SetIsotope(label)
    for atom in mol.GetAtoms():
        atom.SetAtomMapNum(0)
    return ends[0].GetIdx(), ends[1].GetIdx()


def _metal_ends(mol: Chem.Mol) -> list[Chem.Atom]:
    """Terminal atoms of two different coinage metals, or nothing when there are no metals at all."""
    metals = [atom for atom in mol.GetAtoms() if atom.GetSymbol() in _END_METALS]
    if not metals:
        return []
    symbols = [atom.GetSymbol() for atom in metals]
    if len(metals) != 2 or symbols[0] == symbols[1]:
        raise ChemError(
            "metal_ends",
            f"metal ends {', '.join(symbols)} are no pair; one [Cu] and one [Au] (or *) mark the chain ends",
        )
    return metals


def _check_ends(mol: Chem.Mol, ends: tuple[int, int]) -> Chem.BondType:
    """Return the bond order at both ends."""
    first, second = (mol.GetAtomWithIdx(end) for end in ends)
    for end in (first, second):
        if end.GetDegree() != 1:
            raise ChemError("star_degree", f"a chain end has {end.GetDegree()} bonds; it takes exactly one")
    if mol.GetBondBetweenAtoms(*ends):
        raise ChemError(
            "empty_unit", "the two chain ends are bonded to each other; there is no repeat unit between them"
        )
    orders = [end.GetBonds()[0].GetBondType() for end in (first, second)]
    if orders[0] != orders[1]:
        raise ChemError("end_bonds", "the bond orders at the two ends differ; units could not be joined")
    if orders[0] not in _END_ORDERS:
        raise ChemError("end_bonds", "the ends must carry a single, double or triple bond")
    return orders[0]


def _is_end(atom: Chem.Atom, label: int) -> bool:
    return atom.GetAtomicNum() == 0 and atom.GetIsotope() == label


def _labelled(mol: Chem.Mol, first: int, second: int) -> tuple[int, int]:
    """Indices of the ends with these labels."""
    found = {atom.GetIsotope(): atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0}
    return found[first], found[second]


def _recut(mol: Chem.RWMol, ends: tuple[int, int]) -> Chem.Mol:
    """Move the cut of a unit with double or triple end bonds to the first backbone bond of the lowest order.

    Two units are joined, which completes the stereo of a double bond that the cut went through, and the part from the
    chosen bond of the first unit to the same bond of the second is taken out. Bonds of a cumulene all have the same
    order: it is left as it is.
    """
    size = mol.GetNumAtoms()
    dimer = Chem.RWMol(Chem.CombineMols(mol, mol))
    dimer.GetAtomWithIdx(ends[1]).SetIsotope(3)
    dimer.GetAtomWithIdx(ends[0] + size).SetIsotope(3)
    Chem.SetBondStereoFromDirections(dimer)
    path = chain.backbone(mol, ends)
    Chem.FastFindRings(mol)
    chosen = _lowest_bond(mol, path)
    if chosen is None:
        return sanitize(mol)
    first, second = chosen
    for atom in (first, second, first + size, second + size):
        dimer.GetAtomWithIdx(atom).SetIntProp("_cut", atom)
    chain.join(dimer, [(ends[1], ends[0] + size)])
    Chem.SetBondStereoFromDirections(dimer)
    whole = sanitize(dimer)
    at = {atom.GetIntProp("_cut"): atom.GetIdx() for atom in whole.GetAtoms() if atom.HasProp("_cut")}
    return _between(whole, (at[first], at[second]), (at[first + size], at[second + size]))


def _lowest_bond(mol: Chem.Mol, path: tuple[int, ...]) -> tuple[int, int] | None:
    """Atoms of the first acyclic backbone bond whose order is below that of the end bonds."""
    end_order = mol.GetBondBetweenAtoms(*path[:2]).GetBondTypeAsDouble()
    steps = list(zip(path[1:-2], path[2:-1], strict=True))
    bonds = {step: mol.GetBondBetweenAtoms(*step) for step in steps}
    lower = [s for s in steps if not bonds[s].IsInRing() and bonds[s].GetBondTypeAsDouble() < end_order]
    return min(lower, key=lambda step: bonds[step].GetBondTypeAsDouble(), default=None)


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


def _aromatic_all_round(ring: Chem.Mol, longest: int) -> bool:
    """Whether backbone bonds, those in no ring of up to `longest` atoms, were taken for aromatic ones."""
    size = ring.GetRingInfo().MinBondRingSize
    return any(bond.GetIsAromatic() and size(bond.GetIdx()) > longest for bond in ring.GetBonds())


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
