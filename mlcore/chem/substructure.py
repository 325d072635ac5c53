"""Substructure queries: read within limits, then matched within a budget.

A polymer is searched as an open chain of enough whole units to hold any match of the query, so that a query may run
over the joints between units, and an acyclic backbone does not count as a ring. Its two ends are dummy atoms there.
"""

from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem

from mlcore.chem import limits
from mlcore.chem.errors import ChemError
from mlcore.chem.fingerprints import WINDOW, pattern_bits_of, search_form
from mlcore.chem.reading import printable

_ANY_ATOM = Chem.AdjustQueryParameters.NoAdjustments()
_ANY_ATOM.makeDummiesQueries = True
_REACH = (WINDOW - 1) // 2  # bonds from the centre of a piece to its rim


class _OverBudget(Exception):
    """Thrown through RDKit's matcher, which has no limit of its own."""


@dataclass(frozen=True)
class Query:
    """A substructure that has been read; see `parse_query`."""

    text: str
    mol: Chem.Mol

    @cached_property
    def bits(self) -> list[int]:
        """Bits of the pattern fingerprint that every structure with a match has.

        The fingerprint also counts how often a pattern occurs. An endless chain may hold a long query more often than
        the open one that was fingerprinted, so it is pieces of the query, none longer than the window, that speak.
        """
        return sorted({bit for piece in _pieces(self.mol) for bit in pattern_bits_of(piece)})

    @cached_property
    def window(self) -> int:
        """Backbone atoms that one match can see: those of the query, and what its `$(...)` look at around them."""
        return max(self.mol.GetNumAtoms(), WINDOW if "$(" in self.text else 0)

    def matches(self, smiles: str) -> bool:
        """Whether a structure, in the form of `Identity.smiles`, contains the query.

        Raises:
            ChemError: "query_cost" when this one match takes more than `limits.MAX_QUERY_STEPS`.
        """
        target = search_form(smiles, self.window)
        left = limits.MAX_QUERY_STEPS

        def count_down(*_: object) -> bool:
            nonlocal left
            left -= 1
            if left < 0:
                raise _OverBudget
            return True

        params = Chem.SubstructMatchParameters()
        params.setExtraAtomCheckFunc(count_down)
        try:
            return bool(target.HasSubstructMatch(self.mol, params))
        except _OverBudget:
            advice = "name more of its atoms, or make it smaller"
            raise ChemError("query_cost", f"the query is too costly on {smiles[:80]}; {advice}") from None


def parse_query(text: str) -> Query:
    """Read SMILES or SMARTS.

    A text that is the SMILES of a structure without open valences is taken as SMILES: rings written with alternating
    bonds match aromatic ones, hydrogens are free and `*` is any atom. Everything else, `[OH]` among it, is SMARTS.

    Raises:
        ChemError: empty, too long, unreadable, in several pieces, or too deeply recursive.
    """
    text = printable(text, limits.MAX_QUERY_TEXT)
    if text.count("$(") > limits.MAX_QUERY_RECURSION:
        raise ChemError("query_recursion", f"more than {limits.MAX_QUERY_RECURSION} $(...) environments in one query")
    mol = _as_smiles(text) or Chem.MolFromSmarts(text)
    if mol is None:
        raise ChemError("query_unparsable", f"{text!r} is neither SMILES nor SMARTS")
    if not 1 <= mol.GetNumAtoms() <= limits.MAX_QUERY_ATOMS:
        raise ChemError("query_size", f"a query takes 1 to {limits.MAX_QUERY_ATOMS} atoms, not {mol.GetNumAtoms()}")
    if len(Chem.GetMolFrags(mol)) > 1:
        raise ChemError("query_pieces", "a query in several pieces is not searched for; give one connected piece")
    Chem.FastFindRings(mol)
    return Query(text, mol)


def _as_smiles(text: str) -> Chem.Mol | None:
    mol = Chem.MolFromSmiles(text)
    if mol is None or any(atom.GetNumRadicalElectrons() for atom in mol.GetAtoms()):
        return None
    return Chem.AdjustQueryProperties(mol, _ANY_ATOM)


def _pieces(mol: Chem.Mol) -> list[Chem.Mol]:
    """The query itself if it fits into the window, else what surrounds each of its atoms, as far as fits."""
    if mol.GetNumAtoms() <= WINDOW:
        return [mol]
    pieces = []
    for atom in range(mol.GetNumAtoms()):
        bonds = Chem.FindAtomEnvironmentOfRadiusN(mol, _REACH, atom, enforceSize=False)
        pieces.append(Chem.PathToSubmol(mol, bonds))
        Chem.FastFindRings(pieces[-1])
    return pieces
