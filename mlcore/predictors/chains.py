"""What the backbone of a polymer looks like: how far apart its polar atoms stand, and what hangs on it.

The key of a polymer is a ring closed from its repeat unit, so the backbone is the largest ring and distances along it
are those along the endless chain. How many bonds lie between two ether oxygens decides how many of them one lithium ion
reaches (Webb et al., ACS Cent. Sci. 1, 198 (2015)); a fingerprint of radius 3 does not see beyond
seven atoms.

Every number is of one repeat unit or a share, so that it does not depend on how often the unit stands in the ring. A
molecule has no backbone; only its atoms are counted.
"""

from collections import Counter
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from rdkit import Chem
from rdkit.Chem import rdMolDescriptors

Floats = NDArray[np.float64]

_SMALL_RING = 7  # a larger ring is a backbone, as in mlcore.data.graphs
_FARTHEST = 30  # the gap of a backbone that lacks the atoms
_ROLES = (
    *("C0", "C1", "C2", "C3", "C=", "C=O"),
    *("O0", "O1", "O0 acyl", "O1 acyl", "O="),
    *("N0", "N1", "N2", "N0 acyl", "N1 acyl", "N2 acyl", "N="),
    *("F", "Cl", "Br", "S", "P", "Si", "other"),
)
_DONORS = frozenset(("O0", "N0", "N1"))
_PLACE = {role: place for place, role in enumerate(_ROLES)}
_LONGEST_GAPS = (("polar", 8), ("donor", 10), ("carbonyl", 14))
COLUMNS = 15 + sum(longest for _, longest in _LONGEST_GAPS) + 3 * len(_ROLES)


def describe(molecule: Chem.Mol, units: int, is_polymer: bool = True) -> list[float]:
    """COLUMNS numbers of a ring that holds `units` repeat units, or of a molecule."""
    roles = _roles(molecule)
    ring = max(molecule.GetRingInfo().AtomRings(), key=len, default=()) if is_polymer else ()
    backbone = tuple(ring) if len(ring) > _SMALL_RING else ()
    along = [roles[atom] for atom in backbone]
    inside = set(backbone)
    whole = _counts(roles)
    side = _counts([role for atom, role in enumerate(roles) if atom not in inside]) if backbone else 0 * whole
    gaps = {
        "polar": _gaps(along, lambda role: not role.startswith("C") or role == "Cl"),
        "donor": _gaps(along, _DONORS.__contains__),
        "carbonyl": _gaps(along, lambda role: role == "C=O"),
    }
    return [
        *_shape(molecule, len(roles), along, gaps, units),
        *(count / units for kind, longest in _LONGEST_GAPS for count in _histogram(gaps[kind], longest)),
        *(whole / units),
        *(whole / max(1, len(roles))),
        *(side / units),
    ]


def _shape(molecule: Chem.Mol, atoms: int, along: Sequence[str], gaps: dict[str, list[int]], units: int) -> list[float]:
    length = max(1, len(along))
    donors, carbonyls = (gaps[kind] or [_FARTHEST] for kind in ("donor", "carbonyl"))
    chelating = gaps["donor"].count(3)  # two donors with two carbons between: a ring of five with the ion
    hydrogens = sum(atom.GetTotalNumHs() for atom in molecule.GetAtoms())
    run = _longest_run(along, "C2")
    return [
        atoms / units,
        len(along) / units,
        1 - len(along) / max(1, atoms),
        len(gaps["polar"]) / length,
        len(gaps["donor"]) / length,
        run,
        run / length,
        max(donors),
        sum(donors) / len(donors),
        min(donors),
        max(carbonyls),
        min(carbonyls),
        chelating / units,
        rdMolDescriptors.CalcExactMolWt(molecule) / length,
        hydrogens / max(1, atoms),
    ]


def _roles(molecule: Chem.Mol) -> list[str]:
    """What each atom is, in the terms of _ROLES."""
    partners: dict[int, str] = {}
    for bond in molecule.GetBonds():
        if bond.GetBondType() != Chem.BondType.SINGLE:
            begin, end = bond.GetBeginAtom(), bond.GetEndAtom()
            for atom, other in ((begin, end), (end, begin)):
                here = atom.GetIdx()
                partners[here] = max(partners.get(here, ""), other.GetSymbol())
    acyl = {place for place, symbol in partners.items() if symbol in ("O", "S")}
    return [_role(atom, partners.get(atom.GetIdx()), acyl) for atom in molecule.GetAtoms()]


def _role(atom: Chem.Atom, partner: str | None, acyl: set[int]) -> str:
    symbol = atom.GetSymbol()
    if symbol in "CON" and partner is not None:
        role = "C=O" if (symbol, partner) == ("C", "O") else f"{symbol}="
    elif symbol == "C":
        role = f"C{atom.GetTotalNumHs()}"
    elif symbol in "ON":
        near = any(other.GetIdx() in acyl and other.GetSymbol() == "C" for other in atom.GetNeighbors())
        role = f"{symbol}{atom.GetTotalNumHs()}{' acyl' if near else ''}"
    else:
        role = symbol
    return role if role in _PLACE else "other"


def _counts(roles: Sequence[str]) -> Floats:
    counts = np.zeros(len(_ROLES))
    for role, count in Counter(roles).items():
        counts[_PLACE[role]] = count
    return counts


def _gaps(along: Sequence[str], wanted: Callable[[str], bool]) -> list[int]:
    """Bonds from each wanted atom of a ring to the next one."""
    places = [place for place, role in enumerate(along) if wanted(role)]
    following = [*places[1:], places[0] + len(along)] if places else []
    return [there - here for here, there in zip(places, following, strict=True)]


def _histogram(gaps: Sequence[int], longest: int) -> list[int]:
    """How many gaps are 1, 2, ... bonds long; the last entry takes all longer ones."""
    counts = [0] * longest
    for gap in gaps:
        counts[min(gap, longest) - 1] += 1
    return counts


def _longest_run(along: Sequence[str], role: str) -> int:
    """Most atoms of one role in a row, around the ring."""
    if along and all(here == role for here in along):
        return len(along)
    best = run = 0
    for here in (*along, *along):
        run = run + 1 if here == role else 0
        best = max(best, run)
    return best
