"""Other ways of writing a polymer, made with RDKit's own molzip and FragmentOnBonds, not with the code under test."""

import re
from itertools import pairwise
from pathlib import Path
from random import Random

from rdkit import Chem

DATA = Path(__file__).parents[2] / "data"
HTPMD = (DATA / "htpmd_1500.txt").read_text().split()
SMIPOLY = (DATA / "smipoly_1000.txt").read_text().split()

_ZIP = Chem.MolzipParams()
_ZIP.label = Chem.MolzipLabel.Isotope
_END = re.compile(r"\[[12]00([12])\*\]")
_MARKS = [("*", "*"), ("[*:1]", "[*:2]"), ("[1*]", "[2*]"), ("[Cu]", "[Au]"), ("[Au]", "[Cu]")]


def load(text: str) -> Chem.Mol:
    """A unit whose ends are dummy atoms of isotope 1 and 2."""
    first, middle, last = re.split(r"\*|\[Cu\]|\[Au\]", text)
    return Chem.MolFromSmiles(f"{first}[1*]{middle}[2*]{last}")


def rewritten(unit: Chem.Mol, random: Random) -> str:
    """The same polymer: repeated, cut at another backbone bond, in random atom order, with some kind of end marks."""
    count = random.choice([1, 1, 2, 3])
    steps = _cuttable(unit)
    if steps and random.random() < 0.8:
        mol = _cut_out(repeated(unit, count + 1), random.choice(steps), count)
    else:
        mol = repeated(unit, count)
    marks = random.choice(_MARKS)
    text: str = Chem.MolToSmiles(mol, doRandom=True)
    return _END.sub(lambda end: marks[int(end.group(1)) - 1], text)


def repeated(unit: Chem.Mol, count: int) -> Chem.Mol:
    """An open chain whose ends have isotope 1001 and 1002; atoms remember their number in the unit and the copy."""
    chain = None
    for copy in range(count):
        mol = Chem.Mol(unit)
        for atom in mol.GetAtoms():
            atom.SetIntProp("unit", atom.GetIdx())
            atom.SetIntProp("copy", copy)
            if atom.GetAtomicNum() == 0:
                inward = atom.GetIsotope() == 1
                outermost = copy == (0 if inward else count - 1)
                atom.SetIsotope((1001 if inward else 1002) if outermost else 10 + copy + (not inward))
        chain = mol if chain is None else Chem.CombineMols(chain, mol)
    chain = Chem.molzip(chain, _ZIP) if count > 1 else chain
    Chem.SanitizeMol(chain)
    return chain


def _cuttable(unit: Chem.Mol) -> list[tuple[int, int]]:
    """Acyclic backbone bonds of any order; a stereo double bond is left whole, for RDKit's cut forgets its stereo."""
    ends = {atom.GetIsotope(): atom.GetIdx() for atom in unit.GetAtoms() if atom.GetAtomicNum() == 0}
    path = Chem.GetShortestPath(unit, ends[1], ends[2])
    steps = pairwise(path[1:-1])
    bonds = {step: unit.GetBondBetweenAtoms(*step) for step in steps}
    return [s for s, b in bonds.items() if not b.IsInRing() and b.GetStereo() == Chem.BondStereo.STEREONONE]


def _cut_out(chain: Chem.Mol, step: tuple[int, int], count: int) -> Chem.Mol:
    """What lies between the bond in the first copy and the same bond in the last."""
    place = {(a.GetIntProp("unit"), a.GetIntProp("copy")): a.GetIdx() for a in chain.GetAtoms() if a.HasProp("unit")}
    bonds, labels = [], []
    for copy, (inward, outward) in ((0, (2001, 77)), (count, (78, 2002))):
        bond = chain.GetBondBetweenAtoms(place[step[0], copy], place[step[1], copy])
        forward = bond.GetBeginAtomIdx() == place[step[0], copy]
        bonds.append(bond.GetIdx())
        labels.append((inward, outward) if forward else (outward, inward))
    pieces = Chem.GetMolFrags(Chem.FragmentOnBonds(chain, bonds, dummyLabels=labels), asMols=True)
    return next(p for p in pieces if {2001, 2002} <= {atom.GetIsotope() for atom in p.GetAtoms()})


def with_random_stereo(unit: Chem.Mol, random: Random) -> tuple[str, int]:
    """PSMILES of the unit with stereo marks thrown at most of its centres and double bonds, and their number."""
    mol = Chem.Mol(unit)
    Chem.FindPotentialStereoBonds(mol, cleanIt=True)
    marked = 0
    for index, _ in Chem.FindMolChiralCenters(mol, includeUnassigned=True, useLegacyImplementation=True):
        if random.random() < 0.8:
            hands = [Chem.ChiralType.CHI_TETRAHEDRAL_CW, Chem.ChiralType.CHI_TETRAHEDRAL_CCW]
            mol.GetAtomWithIdx(index).SetChiralTag(random.choice(hands))
            marked += 1
    for bond in mol.GetBonds():
        if bond.GetStereo() == Chem.BondStereo.STEREOANY:
            bond.SetStereo(random.choice([Chem.BondStereo.STEREOCIS, Chem.BondStereo.STEREOTRANS]))
            marked += 1
    return re.sub(r"\[[12]\*\]", "*", Chem.MolToSmiles(mol)), marked
