"""From untrusted text to an RDKit molecule, or to a ChemError that says why not."""

import re

from rdkit import Chem

from mlcore.chem import limits
from mlcore.chem.errors import ChemError

_PARAMS = Chem.SmilesParserParams()
_PARAMS.sanitize = False
_PARAMS.removeHs = False
_PARAMS.allowCXSMILES = False
_PARAMS.parseName = False
_HYDROGEN = Chem.MolFromSmarts("[#1]")
_BRACKET = re.compile(r"\[\d*([A-Za-z][a-z]?)")
"""A bracket up to its element; an aromatic one is written small."""
SYMBOLS = {Chem.GetPeriodicTable().GetElementSymbol(number): number for number in range(1, 119)}
"""Atomic number by element symbol."""

_NOT_SMILES = (  # pattern, code, what to do; the order matters: the most specific comes first
    (re.compile(r"[{}]"), "bigsmiles", "braces belong to BigSMILES; give one repeat unit with two * instead"),
    (re.compile(r"\[[^\]]*R\d*\]|\[\d*[RX](?::\d+)?\]"), "r_group", "R-groups stand for many structures; give one"),
    (re.compile(r"(?<!-)>|<(?!-)"), "reaction", "this is a reaction; give one structure"),
    (re.compile(r"\[\d{4,}|[+-]\d{2,}(?=[:\]])"), "number", "no isotope or charge is that large"),
    (re.compile(r"[~!?,;&]|\[[^\]]*\$"), "query", "this is a SMARTS query, not a structure; give SMILES"),
)


def read(text: object) -> Chem.RWMol:
    """Parse SMILES without sanitizing; bond directions and chirality marks stay those of the text, atom maps go.

    Raises:
        ChemError: for anything that is not the SMILES of a structure within `limits`.
    """
    smiles = check_text(text)
    mol = read_raw(smiles)
    check_size(mol)
    if ":" in smiles:
        for atom in mol.GetAtoms():
            atom.SetAtomMapNum(0)
    return mol


def read_raw(smiles: str) -> Chem.RWMol:
    """Parse a safe text without sanitizing or any other check."""
    mol = Chem.MolFromSmiles(smiles, _PARAMS)
    if mol is None:
        raise ChemError("unparsable", f"cannot be read as SMILES: {_diagnose(smiles)}")
    return Chem.RWMol(mol)


def check_text(text: object) -> str:
    """Return the stripped text when it may be SMILES and is safe to hand to RDKit."""
    smiles = printable(text, limits.MAX_TEXT)
    for pattern, code, advice in _NOT_SMILES:
        if found := pattern.search(smiles):
            raise ChemError(code, f"{found.group()!r} at position {found.start() + 1}: {advice}")
    return smiles


def printable(text: object, most: int) -> str:
    """Return the stripped text when it is one word of printable ASCII with at most so many characters."""
    if not isinstance(text, str):
        raise ChemError("not_text", f"expected text, got {type(text).__name__}")
    if len(text) > most:
        raise ChemError("too_long", f"{len(text):,} characters; at most {most:,} are read")
    word = text.strip()
    if not word:
        raise ChemError("empty", "there is no structure; the text is empty")
    if not (word.isascii() and word.isprintable()) or " " in word:
        raise _bad_character(word)
    return word


def _bad_character(text: str) -> ChemError:
    position, character = next((i, c) for i, c in enumerate(text, 1) if not "!" <= c <= "~")
    where = f"at position {position}"
    if character == "\0":
        return ChemError("nul_byte", f"NUL byte {where}; the file is damaged or not text")
    if character.isspace():
        return ChemError("whitespace", f"white space {where}; give the SMILES alone, without name or extension")
    if ord(character) < 128:
        return ChemError("control_character", f"control character {character!r} {where}; remove it")
    return ChemError("not_ascii", f"{character!a} {where} is no SMILES character; retype it as plain ASCII")


def _diagnose(text: str) -> str:
    """Name the commonest slips; RDKit itself only logs them."""
    for found in _BRACKET.finditer(text):
        if found[1].capitalize() not in SYMBOLS:
            return f"{found[1]} at position {found.start(1) + 1} is no element"
    for opening, closing in ("()", "[]"):
        if text.count(opening) != text.count(closing):
            return f"{text.count(opening)} {opening!r} but {text.count(closing)} {closing!r}"
    digits = re.findall(r"%\(\d+\)|%\d\d|\d", re.sub(r"\[[^\]]*\]", "", text))
    odd = sorted({digit for digit in digits if digits.count(digit) % 2})
    if odd:
        return f"ring closure {odd[0]} is opened but not closed"
    return f"{text[:60] + '…' if len(text) > 60 else text} is not valid SMILES"


def check_size(mol: Chem.Mol) -> None:
    """ChemError for a molecule beyond `limits`."""
    if mol.GetNumHeavyAtoms() > limits.MAX_HEAVY_ATOMS:
        raise ChemError("too_large", f"{mol.GetNumHeavyAtoms():,} heavy atoms; at most {limits.MAX_HEAVY_ATOMS:,}")
    rings = mol.GetNumBonds() - mol.GetNumAtoms() + 1
    if rings > limits.MAX_RINGS:
        raise ChemError("too_many_rings", f"{rings} rings; at most {limits.MAX_RINGS}")


def sanitize(mol: Chem.RWMol, clean_stereo: bool = True) -> Chem.Mol:
    """Perceive aromaticity and stereo and drop written-out hydrogens.

    Args:
        mol: as read; changed in place.
        clean_stereo: also drop marks on what is no stereo centre.

    Raises:
        ChemError: "valence", "kekulize" or "unparsable", naming the atom.
    """
    try:
        Chem.SanitizeMol(mol)
        plain = Chem.RemoveHs(mol, sanitize=False) if mol.HasSubstructMatch(_HYDROGEN) else mol
    except (Chem.MolSanitizeException, RuntimeError, ValueError) as error:
        raise _chemistry_error(mol, error) from None
    Chem.AssignStereochemistry(plain, cleanIt=clean_stereo, force=True)
    return plain


def _chemistry_error(mol: Chem.Mol, error: Exception) -> ChemError:
    text = (str(error).strip().splitlines() or ["RDKit refuses it"])[0]
    if isinstance(error, Chem.AtomValenceException):
        return ChemError("valence", f"{_named(mol, error)} has too many bonds")
    if isinstance(error, Chem.AtomKekulizeException):
        return ChemError("kekulize", f"{_named(mol, error)} is written as aromatic but is in no ring")
    if isinstance(error, Chem.KekulizeException):
        atoms = ", ".join(str(place + 1) for place in error.cause.GetAtomIndices())
        return ChemError("kekulize", f"an aromatic ring has no alternating bonds (a missing [nH]?): atoms {atoms}")
    return ChemError("unparsable", text)


def _named(mol: Chem.Mol, error: Chem.AtomSanitizeException) -> str:
    """The atom at fault, counted from 1, as RDKit does not."""
    atom = mol.GetAtomWithIdx(error.cause.GetAtomIdx())
    return f"atom {atom.GetIdx() + 1} ({atom.GetSymbol()})"
