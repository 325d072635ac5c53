"""Cutting a repeat unit into backbone blocks, and joining blocks into chains and rings.

A *block* is what lies between two neighbouring cuts of the backbone, written as SMILES that starts at `[1*]`, where the
chain comes in, and holds `[2*]` where it goes out: poly(ethylene oxide) is `[1*]O[2*]`, `[1*]C[2*]`, `[1*]C[2*]`. As
its ends are labelled, a block keeps every stereo centre that only the direction of the chain makes one.
"""

import re
from functools import lru_cache
from itertools import pairwise

from rdkit import Chem

from mlcore.chem.canonical import fixed_point
from mlcore.chem.reading import read_raw, sanitize

Word = tuple[str, ...]
Path = tuple[int, ...]

STAR = Chem.MolFromSmarts("[#0]")
_LABEL = re.compile(r"\[(\d+)\*\]")
_RING_CLOSURE = re.compile(r"(\[[^\]]*\])|%\((\d+)\)|%(\d\d)|(\d)")
_SWAP = {"1": "[2*]", "2": "[1*]"}
_FLIP = str.maketrans("/\\", "\\/")
_AS_CIS_TRANS = {
    Chem.BondStereo.STEREOZ: Chem.BondStereo.STEREOCIS,
    Chem.BondStereo.STEREOE: Chem.BondStereo.STEREOTRANS,
}


def stars(mol: Chem.Mol) -> dict[int, int]:
    """Index of each dummy atom by its isotope, the label of a chain end."""
    return {mol.GetAtomWithIdx(index).GetIsotope(): index for (index,) in mol.GetSubstructMatches(STAR)}


def backbone(mol: Chem.Mol) -> Path:
    """Atom indices of the shortest way from end 1 to end 2, both included."""
    ends = stars(mol)
    return tuple(Chem.GetShortestPath(mol, ends[1], ends[2]))


def blocks(mol: Chem.Mol, path: Path) -> Word:
    """Cut a sanitized unit at every acyclic backbone bond of the order of its end bonds (nearly always single).

    Every acyclic bond on a shortest path between two terminal atoms separates them, so the cuts do not depend on
    which of several shortest paths was found.
    """
    order = mol.GetBondBetweenAtoms(*path[:2]).GetBondType()
    cuts: list[int] = []
    labels: list[tuple[int, int]] = []
    for here, there in pairwise(path[1:-1]):
        bond = mol.GetBondBetweenAtoms(here, there)
        if bond.GetBondType() == order and not bond.IsInRing():
            inward, outward = 2 * len(cuts) + 4, 2 * len(cuts) + 3
            cuts.append(
                bond.GetIdx()
            )  # RDKit's first label goes to the atom at the bond's end, the second to its begin
            labels.append((inward, outward) if bond.GetBeginAtomIdx() == here else (outward, inward))
    pieces = Chem.FragmentOnBonds(mol, cuts, dummyLabels=labels) if cuts else Chem.Mol(mol)
    pieces.GetAtomWithIdx(path[0]).SetIsotope(2)
    pieces.GetAtomWithIdx(path[-1]).SetIsotope(2 * len(cuts) + 3)
    in_order = sorted(Chem.MolToSmiles(pieces).split("."), key=_place)
    return tuple(
        stable(piece.replace(f"[{2 * place}*]", "[1*]").replace(f"[{2 * place + 1}*]", "[2*]"))
        for place, piece in enumerate(in_order, 1)
    )


def _place(piece: str) -> int:
    """Number of a piece along the chain, from 1: piece n comes in at label 2n and goes out at 2n + 1."""
    return int(_LABEL.search(piece).group(1)) // 2  # type: ignore[union-attr]


@lru_cache(maxsize=100_000)
def stable(block: str) -> str:
    """The fixed point of a block, written from its way in; cached, as chains are made of few different blocks."""
    _, mol = fixed_point(block)
    return Chem.MolToSmiles(mol, rootedAtAtom=stars(mol)[1])


@lru_cache(maxsize=100_000)
def turned(block: str) -> str:
    """The same block walked through the other way."""
    return stable(_LABEL.sub(lambda label: _SWAP[label.group(1)], block))


@lru_cache(maxsize=100_000)
def largest_ring(block: str) -> int:
    """Atoms of the largest ring in a block, 0 without rings."""
    mol = Chem.MolFromSmiles(block)  # ring information does not keep its molecule alive
    return max((len(ring) for ring in mol.GetRingInfo().AtomRings()), default=0)


def smiles(word: Word) -> str:
    """Blocks joined head to tail as one text, from `[1*]` to `[2*]`; it follows from the word alone."""
    tail, offset = "[2*]", 0
    for block in reversed(word):
        body, offset = _with_own_closures(block.removeprefix("[1*]"), offset)
        before, after = body.split("[2*]")
        if before and before[-1] in "/\\=#" and tail[0] in "/\\=#":  # both blocks write the bond that joins them
            tail = tail[1:] if before[-1] == tail[0] else tail.translate(_FLIP)[1:]
        tail = before + tail + after
    return "[1*]" + tail


def _with_own_closures(text: str, offset: int) -> tuple[str, int]:
    """Renumber ring closures above `offset`, so that a block can stand inside an open ring of another."""
    if text.isalpha():
        return text, offset
    highest = offset

    def renumber(match: re.Match[str]) -> str:
        nonlocal highest
        if match.group(1):  # a bracket atom: its digits are isotopes, hydrogens and charges
            return match.group(1)
        number = offset + int(match.group(2) or match.group(3) or match.group(4))
        highest = max(highest, number)
        return f"%({number})"

    return _RING_CLOSURE.sub(renumber, text), highest


def unit(word: Word) -> Chem.Mol:
    """Blocks joined to an open chain whose ends are the dummy atoms [1*] (in) and [2*] (out)."""
    return Chem.MolFromSmiles(smiles(word))


def length(block: str) -> int:
    """Backbone atoms of a unit that is written like a block."""
    return len(backbone(read_raw(block))) - 2


def oligomer(block: str, length: int, window: int) -> Chem.Mol:
    """An open chain of so many copies that any `window` consecutive backbone atoms of the endless chain occur in it.

    Its stereo is left unperceived, which takes a third of the time: no search looks at it.

    Args:
        block: a whole unit written like a block.
        length: its backbone atoms.
        window: backbone atoms.
    """
    chain = read_raw(smiles((block,) * (1 + -(-window // length))))
    Chem.SanitizeMol(chain)
    return chain


def ring(word: Word) -> Chem.Mol:
    """Blocks joined to a ring; its last bond is the one that closes it."""
    text = smiles(word)
    mol = read_raw(text)
    if "/" in text or "\\" in text:
        Chem.SetBondStereoFromDirections(mol)
        for bond in mol.GetBonds():  # two ends may disagree on the direction of the bond that will join them
            bond.SetBondDir(Chem.BondDir.NONE)
    ends = stars(mol)
    join(mol, ends[2], ends[1])
    return sanitize(mol, clean_stereo=False)  # the blocks hold nothing but true stereo


def join(mol: Chem.RWMol, out: int, into: int) -> None:
    """Replace two chain ends by a bond between their neighbours, in place, keeping all stereo.

    Both ends carry the same bond order. Bond directions must have been turned into stereo before.
    """
    (tail,), (head,) = (mol.GetAtomWithIdx(end).GetNeighbors() for end in (out, into))
    order = mol.GetBondBetweenAtoms(out, tail.GetIdx()).GetBondType()
    partner = {out: head.GetIdx(), into: tail.GetIdx()}
    stereo = _double_bonds_beside(tail) + _double_bonds_beside(head)
    for end, atom in ((out, tail), (into, head)):
        _invert_when_odd(atom, end)
        mol.RemoveBond(end, atom.GetIdx())
    mol.AddBond(tail.GetIdx(), head.GetIdx(), order)
    for begin, end, references, kind in stereo:
        bond = mol.GetBondBetweenAtoms(begin, end)
        bond.SetStereoAtoms(*(partner.get(atom, atom) for atom in references))
        bond.SetStereo(kind)
    for end in sorted(partner, reverse=True):
        mol.RemoveAtom(end)


def _invert_when_odd(atom: Chem.Atom, end: int) -> None:
    """A new bond comes last in the atom's list: moving the chain end's place there may be an odd permutation."""
    if atom.GetChiralTag() != Chem.ChiralType.CHI_UNSPECIFIED:
        neighbours = [other.GetIdx() for other in atom.GetNeighbors()]
        if (len(neighbours) - 1 - neighbours.index(end)) % 2:
            atom.InvertChirality()


def _double_bonds_beside(atom: Chem.Atom) -> list[tuple[int, int, tuple[int, ...], Chem.BondStereo]]:
    """(begin, end, reference atoms, cis or trans) of stereo double bonds: RDKit forgets them when a neighbour goes."""
    return [
        (
            bond.GetBeginAtomIdx(),
            bond.GetEndAtomIdx(),
            tuple(bond.GetStereoAtoms()),
            _AS_CIS_TRANS.get(bond.GetStereo(), bond.GetStereo()),
        )
        for bond in atom.GetBonds()
        if bond.GetStereo() > Chem.BondStereo.STEREOANY
    ]
