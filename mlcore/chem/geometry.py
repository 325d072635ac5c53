"""Atoms in space: read from xyz or MDL blocks, guessed where there is none, and checked against what they shall be."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdDistGeom, rdForceFieldHelpers

from mlcore.chem import limits
from mlcore.chem.errors import ChemError
from mlcore.chem.reading import SYMBOLS

CLOSEST = 0.5
"""Angstrom; no two nuclei of a molecule come nearer (H-H is 0.74)."""
_STRETCHES = (1.15, 1.3)
"""Of covalent radii: what counts as bonded. The first gave the right graph for all 3,065 molecules of a data set of
G4MP2 energies; the second is for geometries that are less well relaxed."""
WIDEST = 10_000.0
"""Angstrom; a coordinate beyond it is no coordinate of a molecule."""

_TABLE = Chem.GetPeriodicTable()
_RADII = np.array([_TABLE.GetRcovalent(number) for number in range(119)])  # angstrom, by atomic number


@dataclass(frozen=True)
class Geometry:
    """The atoms of one molecule, hydrogens included."""

    numbers: NDArray[np.int64]
    """(A,): atomic numbers."""
    positions: NDArray[np.float64]
    """(A, 3): in angstrom."""
    guessed: bool = False
    """Made by a force field, not by whoever computed the energies."""

    def __post_init__(self) -> None:
        _check_positions(self)

    @cached_property
    def distances(self) -> NDArray[np.float64]:
        """(A, A) in angstrom; infinity from an atom to itself."""
        apart = self.positions[:, None] - self.positions
        found: NDArray[np.float64] = np.sqrt(np.einsum("ijk,ijk->ij", apart, apart))
        np.fill_diagonal(found, math.inf)
        return found

    def near(self, stretch: float) -> NDArray[np.bool_]:
        """(A, A): do two atoms lie nearer than `stretch` times the sum of their covalent radii."""
        radii = _RADII[self.numbers]
        close: NDArray[np.bool_] = self.distances < stretch * (radii[:, None] + radii)
        return close

    @cached_property
    def symbols(self) -> list[str]:
        """Element symbols, (A,)."""
        return [_TABLE.GetElementSymbol(int(number)) for number in self.numbers]

    def to_xyz(self, comment: str = "") -> str:
        """An xyz block; `read` takes it back to 1e-6 angstrom."""
        rows = zip(self.symbols, self.positions, strict=True)
        lines = [f"{symbol} {x:.6f} {y:.6f} {z:.6f}" for symbol, (x, y, z) in rows]
        return "\n".join([str(len(lines)), comment.replace("\n", " "), *lines]) + "\n"


def read(text: str) -> Geometry:
    """A geometry from an xyz block (that of QM9 with its further columns and `*^` exponents too) or an MDL mol block.

    Raises:
        ChemError: when the block is neither, or no molecule: `code` says why.
    """
    if "V2000" in text or "V3000" in text:
        return _read_mdl(text)
    lines = text.strip("\n").splitlines()
    count = lines[0].strip() if lines else ""
    if not count.isdecimal() or len(count) > 9 or int(count) < 1:
        raise ChemError("geometry", "no xyz block (its first line is the number of atoms) and no mol block")
    atoms = lines[2 : 2 + int(count)]
    if len(atoms) < int(count):
        raise ChemError("geometry", f"the xyz block names {count} atoms but has lines for {len(atoms)}")
    if int(count) > 3 * limits.MAX_HEAVY_ATOMS:
        raise ChemError("too_large", f"{count} atoms; at most {3 * limits.MAX_HEAVY_ATOMS}")
    parsed = [_atom(line, number) for number, line in enumerate(atoms, start=3)]
    return Geometry(np.array([atom[0] for atom in parsed]), np.array([atom[1] for atom in parsed], dtype=np.float64))


def _atom(line: str, number: int) -> tuple[int, list[float]]:
    parts = line.split()
    if len(parts) < 4:
        raise ChemError("geometry", f"line {number} of the xyz block is no `element x y z`: {line.strip()[:60]!r}")
    symbol = parts[0].capitalize() if parts[0].isalpha() else parts[0]
    element = int(symbol) if symbol.isdecimal() and len(symbol) < 4 and 0 < int(symbol) < 119 else SYMBOLS.get(symbol)
    if element is None:
        raise ChemError("element", f"line {number} of the xyz block: {parts[0][:20]!r} is no element")
    try:
        return element, [float(value.replace("*^", "e")) for value in parts[1:4]]
    except ValueError:
        raise ChemError(
            "geometry", f"line {number} of the xyz block has no three numbers: {line.strip()[:60]!r}"
        ) from None


def _read_mdl(text: str) -> Geometry:
    mol = Chem.MolFromMolBlock(text, sanitize=False, removeHs=False)
    if mol is None or not mol.GetNumAtoms() or not mol.GetNumConformers():
        raise ChemError("geometry", "the mol block cannot be read")
    if not mol.GetConformer().Is3D():
        raise ChemError("flat", "the mol block is a drawing: it has no third coordinate")
    return _of(mol)


def guess(smiles: str, seed: int = 0) -> Geometry:
    """A geometry of a molecule by distance geometry and MMFF94 (ETKDGv3; Wang et al., J. Chem. Inf. Model. 60, 2044
    (2020)), marked as guessed.

    Raises:
        ChemError: when the SMILES cannot be read or no geometry is found for it.
    """
    mol = Chem.MolFromSmiles(smiles)
    if mol is None or not mol.GetNumAtoms():
        raise ChemError("unreadable", f"{smiles[:80]!r} is no SMILES")
    if any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise ChemError("star", "a polymer has no geometry of its own; * marks an open chain end")
    mol = Chem.AddHs(mol)
    settings = rdDistGeom.ETKDGv3()
    settings.randomSeed, settings.maxIterations = seed, 50
    if rdDistGeom.EmbedMolecule(mol, settings) != 0:
        settings.useRandomCoords = True
        if rdDistGeom.EmbedMolecule(mol, settings) != 0:
            raise ChemError("no_geometry", f"distance geometry finds no geometry for {smiles[:80]}")
    if rdForceFieldHelpers.MMFFHasAllMoleculeParams(mol):
        rdForceFieldHelpers.MMFFOptimizeMolecule(mol, maxIters=2000)
    try:
        return _of(mol, guessed=True)
    except ChemError as error:
        raise ChemError("no_geometry", f"the geometry guessed for {smiles[:80]} is none: {error}") from error


def _of(mol: Chem.Mol, guessed: bool = False) -> Geometry:
    numbers = np.array([atom.GetAtomicNum() for atom in mol.GetAtoms()], dtype=np.int64)
    if not numbers.all():
        raise ChemError("star", "the block has a dummy atom")
    return Geometry(numbers, np.array(mol.GetConformer().GetPositions(), dtype=np.float64), guessed)


def check(geometry: Geometry, molecule: Chem.Mol) -> None:
    """Is this a geometry of that molecule, a closed shell: the same elements, the heavy atoms joined in the same way.

    Bond orders and the atoms that hydrogens are bound to are not compared, so that a tautomer passes: InChI, with which
    many data sets name their molecules, does not tell tautomers apart either. But each must be bound.

    Raises:
        ChemError: "composition" or "connectivity" where it is not, "radical" where electrons stay unpaired.
    """
    check_closed(molecule)
    atoms = list(molecule.GetAtoms())
    numbers = [atom.GetAtomicNum() for atom in atoms]
    wanted = Counter(numbers + [1] * sum(atom.GetTotalNumHs() for atom in atoms))
    if wanted != Counter(geometry.numbers.tolist()):
        formula = _formula([_TABLE.GetElementSymbol(number) for number in wanted.elements()])
        found = _formula(geometry.symbols)
        raise ChemError("composition", f"the geometry is of {found}, {_named(molecule)} is {formula}")
    skeleton = _skeleton(numbers, [(bond.GetBeginAtomIdx(), bond.GetEndAtomIdx()) for bond in molecule.GetBonds()])
    given = geometry.numbers.tolist()
    if all(_skeleton(given, _pairs(geometry.near(stretch))) != skeleton for stretch in _STRETCHES):
        raise ChemError("connectivity", f"the heavy atoms of the geometry are not joined as in {_named(molecule)}")
    free = np.flatnonzero(~geometry.near(_STRETCHES[-1]).any(axis=1) & (geometry.numbers == 1))
    if len(free) and len(given) > 1:
        raise ChemError("connectivity", f"atom {free[0] + 1} of the geometry, a hydrogen, is bound to no other")


def check_closed(molecule: Chem.Mol) -> None:
    """Raises ChemError "radical" where electrons stay unpaired."""
    if any(atom.GetNumRadicalElectrons() for atom in molecule.GetAtoms()):
        raise ChemError("radical", f"{_named(molecule)} is a radical; energies of closed shells are learned only")


def _named(molecule: Chem.Mol) -> str:
    return str(Chem.MolToSmiles(molecule)[:80])


def _pairs(near: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Of a symmetric matrix (A, A), each once."""
    first, second = np.nonzero(np.triu(near))
    return list(zip(first.tolist(), second.tolist(), strict=True))


def _skeleton(numbers: Sequence[int], bonds: Sequence[tuple[int, int]]) -> str:
    """The graph of heavy atoms with single bonds, as canonical text."""
    graph, places = Chem.RWMol(), {}
    for i, number in enumerate(numbers):
        if number > 1:
            atom = Chem.Atom(number)
            atom.SetNoImplicit(True)
            places[i] = graph.AddAtom(atom)
    for i, j in bonds:
        if i in places and j in places:
            graph.AddBond(places[i], places[j], Chem.BondType.SINGLE)
    return str(Chem.MolToSmiles(graph))


def _formula(symbols: Sequence[str]) -> str:
    """Hill order: carbon, hydrogen, the others by name."""
    counts = Counter(symbols)
    first = [symbol for symbol in ("C", "H") if "C" in counts and symbol in counts]
    order = first + sorted(counts.keys() - set(first))
    return "".join(f"{symbol}{counts[symbol] if counts[symbol] > 1 else ''}" for symbol in order)


def _check_positions(geometry: Geometry) -> None:
    positions = geometry.positions
    if positions.shape != (len(geometry.numbers), 3) or not len(positions):
        raise ChemError("geometry", f"{len(geometry.numbers)} elements but positions of shape {positions.shape}")
    if not np.isfinite(positions).all() or np.abs(positions).max() > WIDEST:
        raise ChemError("geometry", "a coordinate is not a finite number of angstrom")
    apart = geometry.distances
    if apart.min() < CLOSEST:
        first, second = sorted(int(i) for i in np.unravel_index(apart.argmin(), apart.shape))
        names = [f"{geometry.symbols[i]} (atom {i + 1})" for i in (first, second)]
        raise ChemError("overlap", f"{' and '.join(names)} lie {apart.min():.2f} angstrom apart: overlapping atoms")
