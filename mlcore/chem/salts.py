"""Salts by the names that papers and lab books use, as SMILES."""

from functools import cache, lru_cache

from rdkit import Chem

from mlcore.chem import molecule
from mlcore.chem.errors import ChemError

_TFSI = "O=S(=O)([N-]S(=O)(=O)C(F)(F)F)C(F)(F)F"
_FSI = "O=S(=O)(F)[N-]S(=O)(=O)F"
_BETI = "O=S(=O)([N-]S(=O)(=O)C(F)(F)C(F)(F)F)C(F)(F)C(F)(F)F"
_TRIFLATE = "O=S(=O)([O-])C(F)(F)F"
_ANIONS = {
    "TFSI": _TFSI,
    "NTf2": _TFSI,
    "FSI": _FSI,
    "BETI": _BETI,
    "OTf": _TRIFLATE,
    "Tf": _TRIFLATE,
    "TFO": _TRIFLATE,
    "CF3SO3": _TRIFLATE,
    "PF6": "F[P-](F)(F)(F)(F)F",
    "BF4": "F[B-](F)(F)F",
    "AsF6": "F[As-](F)(F)(F)(F)F",
    "SbF6": "F[Sb-](F)(F)(F)(F)F",
    "ClO4": "[O-]Cl(=O)(=O)=O",
    "NO3": "[O-][N+](=O)[O-]",
    "SCN": "[S-]C#N",
    "BOB": "O=C1O[B-]2(OC1=O)OC(=O)C(=O)O2",
    "DFOB": "O=C1O[B-](F)(F)OC1=O",
    "TDI": "FC(F)(F)c1nc(C#N)c(C#N)[n-]1",
    "F": "[F-]",
    "Cl": "[Cl-]",
    "Br": "[Br-]",
    "I": "[I-]",
}
_CATIONS = {"Li": "[Li+]", "Na": "[Na+]", "K": "[K+]"}

SALTS = {f"{cation}{anion}": f"{plus}.{minus}" for cation, plus in _CATIONS.items() for anion, minus in _ANIONS.items()}
"""SMILES by name, such as LiTFSI."""
_PLAIN = {name.casefold(): smiles for name, smiles in SALTS.items()}


def by_name(text: str) -> str | None:
    """The SMILES of a salt given by its name, in any case; None for anything else."""
    return _PLAIN.get(text.strip().casefold())


def smiles_of(text: str) -> str:
    """The SMILES of a salt given by its name, in any case, or by a SMILES.

    Raises:
        ChemError: "unknown_salt" for anything else.
    """
    if known := by_name(text):
        return known
    try:
        return molecule.parse(text).smiles
    except ChemError as error:
        known_ones = ", ".join(list(SALTS)[:4])
        reason = f"{text[:40]!r} is no salt known by name here ({known_ones} ...), and no SMILES"
        raise ChemError("unknown_salt", reason) from error


def standard(text: str) -> str:
    """The one form of a salt, however it is written: its usual name, or else its canonical SMILES.

    Raises:
        ChemError: "unknown_salt", or "no_ions" for a structure without a cation and an anion.
    """
    smiles = molecule.parse(smiles_of(text)).smiles
    if known := _names().get(smiles):
        return known
    charges = [Chem.GetFormalCharge(part) for part in Chem.GetMolFrags(Chem.MolFromSmiles(smiles), asMols=True)]
    if not any(charge > 0 for charge in charges) or not any(charge < 0 for charge in charges):
        raise ChemError("no_ions", f"{text[:40]!r} is no salt: it has no cation and anion")
    return smiles


@lru_cache(maxsize=4096)
def fault(text: str) -> str:
    """Why a text is no salt; empty for one."""
    try:
        standard(text)
    except ChemError as error:
        return error.message
    return ""


@lru_cache(maxsize=4096)
def name_of(text: str) -> str:
    """The usual name of a salt, however it is written; any other text as it is."""
    try:
        return standard(text) if by_name(text) or "." in text else text
    except ChemError:
        return text


@cache
def _names() -> dict[str, str]:
    """By canonical SMILES; of several names the first."""
    found: dict[str, str] = {}
    for name, smiles in SALTS.items():
        found.setdefault(molecule.parse(smiles).smiles, name)
    return found
