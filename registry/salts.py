"""Salts by the names that papers and lab books use, as SMILES."""

from functools import cache, lru_cache

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


def smiles_of(text: str) -> str:
    """The SMILES of a salt given by its name, in any case, or by a SMILES; ValueError for anything else."""
    if known := _PLAIN.get(text.strip().casefold()):
        return known
    try:
        return molecule.parse(text).smiles
    except ChemError as error:
        raise ValueError(
            f"{text!r} is no salt known by name here ({', '.join(list(SALTS)[:4])} ...), and no SMILES"
        ) from error


@lru_cache(maxsize=4096)
def name_of(text: str) -> str:
    """The usual name of a salt written as SMILES, however written; any other text as it is."""
    if "." not in text:
        return text
    try:
        return _names().get(molecule.parse(text).smiles, text)
    except ChemError:
        return text


@cache
def _names() -> dict[str, str]:
    """By canonical SMILES; of several names the first."""
    found: dict[str, str] = {}
    for name, smiles in SALTS.items():
        found.setdefault(molecule.parse(smiles).smiles, name)
    return found
