"""Cutting a repeat unit into backbone blocks, and joining blocks into chains and rings.

A *block* is what lies between two neighbouring cuts of the backbone, written as SMILES with `[1*]` where the chain comes
in and `[2*]` where it goes out: poly(ethylene oxide) is the word `[1*]C[2*]`, `[1*]C[2*]`, `[1*]O[2*]`. As its ends are
labelled, a block keeps every stereo centre that only the direction of the chain makes one.
"""

import re
from functools import lru_cache

from rdkit import Chem

from mlcore.chem.canonical import fixed_point
from mlcore.chem.reading import sanitize

Word = tuple[str, ...]

_LABEL = re.compile(r"\[(\d+)\*\]")
_AS_CIS_TRANS = {
    Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS,
}
_SWAP = {"1": "[2*]", "2": "[1*]"}


def backbone(mol: Chem.Mol, ends: tuple[int, int]) -> tuple[int, ...]:
    """Atom indices of the shortest way from one end to the other, both ends included; empty when there is none."""
    return tuple(Chem.GetShortestPath(mol, *ends))


def cut_bonds(mol: Chem.Mol, path: tuple[int, ...]) -> list[Chem.Bond]:
    """Backbone bonds that may be cut, in order: acyclic and of the order of the end bonds (nearly always single).

    Every acyclic bond of a shortest path between two terminal atoms separates them, so the set does not depend on
    which of several shortest paths was found.
    """
    order = mol.GetBondBetweenAtoms(*path[:2]).GetBondType()
    steps = zip(path[1:-2], path[2:-1], strict=True)
    bonds = (mol.GetBondBetweenAtoms(*step) for step in steps)
    return [bond for bond in bonds if bond.GetBondType() == order and not bond.IsInRing()]


def blocks(mol: Chem.Mol, path: tuple[int, ...]) -> Word:
    """Cut a sanitized unit at every cut bond; atoms path[0] and path[-1] are its ends."""
    cuts = cut_bonds(mol, path)
    place = {atom: i for i, atom in enumerate(path)}
    labels = []
    for i, bond in enumerate(cuts):  # RDKit puts the first label on the atom at the bond's end, the second on its begin
        inward, outward = 2 * i + 4, 2 * i + 3
        forward = place[bond.GetBeginAtomIdx()] < place[bond.GetEndAtomIdx()]
        labels.append((inward, outward) if forward else (outward, inward))
    mol = Chem.Mol(mol)
    mol.GetAtomWithIdx(path[0]).SetIsotope(2)
    mol.GetAtomWithIdx(path[-1]).SetIsotope(2 * len(cuts) + 3)
    pieces = Chem.FragmentOnBonds(mol, [bond.GetIdx() for bond in cuts], dummyLabels=labels) if cuts else mol
    return tuple(stable(_LABEL.sub(_as_in_or_out, text)) for text in _in_order(Chem.MolToSmiles(pieces)))


def _in_order(text: str) -> list[str]:
    """Fragments of a dotted SMILES sorted along the chain."""
    return sorted(text.split("."), key=lambda piece: min(int(label) for label in _LABEL.findall(piece)))


def _as_in_or_out(label: re.Match[str]) -> str:
    return "[2*]" if int(label.group(1)) % 2 else "[1*]"


@lru_cache(maxsize=100_000)
def stable(block: str) -> str:
    """The fixed point of a block's SMILES; cached, as chains are made of few different blocks."""
    return fixed_point(block)


@lru_cache(maxsize=100_000)
def turned(block: str) -> str:
    """The same block walked through the other way."""
    return fixed_point(_LABEL.sub(lambda label: _SWAP[label.group(1)], block))


def assemble(word: Word, closed: bool) -> Chem.Mol:
    """Join blocks head to tail, into a ring or into a unit whose ends are [1*] (in) and [2*] (out); sanitized.

    Atom numbers follow from the word alone, so that all that is written from the result does too.
    """
    size = len(word)
    relabelled = (
        _LABEL.sub(lambda label, i=i: f"[{2 * i + 2 if label.group(1) == '1' else 2 * i + 3}*]", block)  # type: ignore[misc]
        for i, block in enumerate(word)
    )
    params = Chem.SmilesParserParams()
    params.sanitize = params.removeHs = False
    mol = Chem.RWMol(Chem.MolFromSmiles(".".join(relabelled), params))
    Chem.SetBondStereoFromDirections(mol)
    for bond in mol.GetBonds():  # two ends may disagree on the direction of the bond that will join them
        bond.SetBondDir(Chem.BondDir.NONE)
    star = {atom.GetIsotope(): atom.GetIdx() for atom in mol.GetAtoms() if atom.GetAtomicNum() == 0}
    pairs = [(star[2 * i + 3], star[2 * i + 4]) for i in range(size - 1)]
    if closed:
        pairs.append((star[2 * size + 1], star[2]))
    else:
        mol.GetAtomWithIdx(star[2]).SetIsotope(1)
        mol.GetAtomWithIdx(star[2 * size + 1]).SetIsotope(2)
    join(mol, pairs)
    return sanitize(mol, clean_stereo=False)  # the blocks hold nothing but true stereo


def join(mol: Chem.RWMol, pairs: list[tuple[int, int]]) -> None:
    """Replace each pair of end atoms by a bond between their neighbours, in place, keeping all stereo.

    Both ends of a pair carry the same bond order (checked when the unit is read). Bond directions must have been
    turned into stereo before (SetBondStereoFromDirections).
    """
    stereo = _double_bond_stereo(mol)
    partner = {}
    for out, into in pairs:
        (tail,) = mol.GetAtomWithIdx(out).GetNeighbors()
        (head,) = mol.GetAtomWithIdx(into).GetNeighbors()
        partner[out], partner[into] = head.GetIdx(), tail.GetIdx()
        order = mol.GetBondBetweenAtoms(out, tail.GetIdx()).GetBondType()
        for star, atom in ((out, tail), (into, head)):
            _turn_when_odd(atom, star)
            mol.RemoveBond(star, atom.GetIdx())
        mol.AddBond(tail.GetIdx(), head.GetIdx(), order)
    _restore(mol, stereo, partner)
    mol.BeginBatchEdit()
    for star in partner:
        mol.RemoveAtom(star)
    mol.CommitBatchEdit()


def _turn_when_odd(atom: Chem.Atom, star: int) -> None:
    """A new bond comes last in the atom's list: moving the end's place there may be an odd permutation."""
    if atom.GetChiralTag() == Chem.ChiralType.CHI_UNSPECIFIED:
        return
    neighbours = [other.GetIdx() for other in atom.GetNeighbors()]
    if (len(neighbours) - 1 - neighbours.index(star)) % 2:
        atom.InvertChirality()


Stereo = list[tuple[int, int, tuple[int, int], Chem.BondStereo]]


def _double_bond_stereo(mol: Chem.RWMol) -> Stereo:
    """(begin, end, reference atoms, cis or trans) of every stereo double bond; RDKit forgets it when a neighbour goes."""
    found = []
    for bond in mol.GetBonds():
        if bond.GetStereo() > Chem.BondStereo.STEREOANY:
            first, second = bond.GetStereoAtoms()
            kind = _AS_CIS_TRANS.get(bond.GetStereo(), bond.GetStereo())
            found.append((bond.GetBeginAtomIdx(), bond.GetEndAtomIdx(), (first, second), kind))
    return found


def _restore(mol: Chem.RWMol, stereo: Stereo, partner: dict[int, int]) -> None:
    for begin, end, (first, second), kind in stereo:
        bond = mol.GetBondBetweenAtoms(begin, end)
        bond.SetStereoAtoms(partner.get(first, first), partner.get(second, second))
        bond.SetStereo(kind)
