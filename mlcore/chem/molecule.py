"""Molecule identity: canonical SMILES at its fixed point.

Decided here: a molecule is one connected structure of any charge, or a salt of up to `MAX_COMPONENTS` ions whose
charges cancel, such as `[Li+].O=S(=O)([N-]S(=O)(=O)C(F)(F)F)C(F)(F)F`. Mixtures, solvates and open chain ends are
refused, as they are no single structure. Atom maps and written-out hydrogens are dropped, isotopes and stereo are kept;
tautomers and charge states are taken as drawn.
"""

from dataclasses import dataclass
from functools import cached_property

from rdkit import Chem

from mlcore.chem import limits
from mlcore.chem.canonical import checked_key
from mlcore.chem.errors import ChemError
from mlcore.chem.reading import check_size, printable, read, sanitize

KEY_VERSION = 1
"""Raised whenever the key of any molecule changes."""


@dataclass(frozen=True)
class Molecule:
    """A molecule or salt."""

    mol: Chem.Mol
    """Sanitized, as read."""

    @property
    def key(self) -> str:
        """Canonical SMILES, the identity of the molecule.

        Raises:
            ChemError: "key_too_long" above `limits.MAX_KEY_BYTES`.
        """
        return self._keyed[0]

    @property
    def canonical(self) -> Chem.Mol:
        """The molecule as the key reads; do not change it.

        Raises:
            ChemError: as `key` does.
        """
        return self._keyed[1]

    @cached_property
    def _keyed(self) -> tuple[str, Chem.Mol]:
        return checked_key(Chem.MolToSmiles(self.mol))

    @property
    def smiles(self) -> str:
        """The form to show; the key itself."""
        return self.key


def parse(text: str) -> Molecule:
    """Read a molecule or salt from SMILES or InChI.

    Raises:
        ChemError: when the text is no such structure; `code` says why.
    """
    if str(text).lstrip().startswith("InChI="):
        return Molecule(_of_inchi(text))
    mol = read(text)
    if any(atom.GetAtomicNum() == 0 for atom in mol.GetAtoms()):
        raise ChemError("star", "* marks an open chain end; a molecule has none (import it as a polymer instead)")
    molecule = Molecule(sanitize(mol))
    if "." in text:
        _check_salt(molecule.mol)
    return molecule


def _of_inchi(text: str) -> Chem.Mol:
    """The tautomer that RDKit makes of an InChI, which does not tell tautomers apart."""
    mol = Chem.MolFromInchi(printable(text, limits.MAX_TEXT))
    if mol is None or not mol.GetNumAtoms():
        raise ChemError("unparsable", f"cannot be read as InChI: {text.strip()[:60]}")
    check_size(mol)
    _check_salt(mol)
    return mol


def key(text: str) -> str:
    """The identity of a molecule as text."""
    return parse(text).key


def _check_salt(mol: Chem.Mol) -> None:
    components = Chem.GetMolFrags(mol)
    if len(components) > limits.MAX_COMPONENTS:
        raise ChemError("too_many_components", f"{len(components)} components; at most {limits.MAX_COMPONENTS}")
    charges = [sum(mol.GetAtomWithIdx(i).GetFormalCharge() for i in component) for component in components]
    if len(components) > 1 and not all(charges):
        raise ChemError("mixture", "a neutral component stands beside others; give one molecule or one salt")
    if len(components) > 1 and sum(charges):
        raise ChemError("unbalanced_salt", f"the charges of the ions add up to {sum(charges):+d}; a salt is neutral")
