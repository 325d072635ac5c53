"""Drawings as SVG to stand inside a page, light or dark.

The background is transparent, bonds and carbon take the text colour of the page (`currentColor`), other elements have
colours that are legible on white and on near-black. A polymer is drawn as its repeat unit, lying from left to right,
with a wavy line across each bond along which the chain goes on. The text of the input never reaches the SVG: it is
drawn from the parsed molecule.
"""

from math import atan2, cos, sin

import numpy as np
from rdkit import Chem
from rdkit.Chem import rdDepictor, rdMolTransforms
from rdkit.Chem.Draw import rdMolDraw2D

from mlcore.chem import molecule, polymer
from mlcore.chem.chain import stars
from mlcore.chem.substructure import parse_query

Colour = tuple[float, float, float]

_INK: Colour = (0.0, 0.0, 0.0)  # becomes currentColor
_PALETTE: dict[int, Colour] = {
    -1: _INK,
    0: _INK,
    1: _INK,
    6: _INK,
    7: (0.23, 0.49, 0.96),
    8: (0.90, 0.22, 0.21),
    9: (0.09, 0.62, 0.35),
    15: (0.85, 0.45, 0.06),
    16: (0.72, 0.53, 0.04),
    17: (0.09, 0.62, 0.35),
    35: (0.72, 0.33, 0.20),
    53: (0.58, 0.35, 0.90),
}
_HIGHLIGHT = (0.98, 0.75, 0.14, 0.45)
_BOND_PIXELS = 28


def svg(smiles: str, width: int, height: int, highlight_smarts: str | None = None) -> str:
    """Draw a structure.

    Args:
        smiles: a polymer with two marked ends, or a molecule.
        width: of the image, pixels.
        height: of the image, pixels.
        highlight_smarts: SMARTS or SMILES whose matches are marked; one without matches marks nothing.

    Returns:
        One <svg> element without an XML header.

    Raises:
        ChemError: when the structure or the query cannot be read.
    """
    mol = _laid_out(smiles)
    atoms, bonds = _highlighted(mol, highlight_smarts) if highlight_smarts else ([], [])
    drawer = rdMolDraw2D.MolDraw2DSVG(width, height)
    _set_style(drawer.drawOptions())
    rdMolDraw2D.PrepareAndDrawMolecule(drawer, mol, highlightAtoms=atoms, highlightBonds=bonds)
    drawer.FinishDrawing()
    text = drawer.GetDrawingText()
    text = text[text.index("<svg") :].replace(
        f"opacity:{_HIGHLIGHT[3]}", "opacity:1"
    )  # the colour of a highlight has it already
    return text.replace("#000000", "currentColor").strip()


def _set_style(options: rdMolDraw2D.MolDrawOptions) -> None:
    options.clearBackground = False
    options.fixedBondLength = _BOND_PIXELS
    options.bondLineWidth = 1.6
    options.scaleBondWidth = False
    options.scaleHighlightBondWidth = False
    options.highlightBondWidthMultiplier = 9
    options.dummiesAreAttachments = True
    options.padding = 0.06
    options.minFontSize = 11
    options.setHighlightColour(_HIGHLIGHT)
    options.updateAtomPalette(_PALETTE)
    options.setAnnotationColour(_INK)


def _laid_out(smiles: str) -> Chem.Mol:
    """The molecule, or the repeat unit, with flat coordinates."""
    ends = "*" in smiles or ("[Cu]" in smiles and "[Au]" in smiles)
    mol = Chem.Mol(polymer.parse(smiles).unit if ends else molecule.parse(smiles).mol)
    rdDepictor.Compute2DCoords(mol)
    if ends:
        _lay_down(mol)
        for end in stars(mol).values():
            mol.GetAtomWithIdx(end).SetIsotope(0)
    else:
        rdDepictor.StraightenDepiction(mol)
    return mol


def _lay_down(mol: Chem.Mol) -> None:
    """Turn the drawing so that the chain runs from left to right."""
    positions = mol.GetConformer().GetPositions()
    ends = stars(mol)
    x, y, _ = positions[ends[2]] - positions[ends[1]]
    angle = -atan2(y, x)
    turn = np.eye(4)
    turn[:2, :2] = [[cos(angle), -sin(angle)], [sin(angle), cos(angle)]]
    rdMolTransforms.TransformConformer(mol.GetConformer(), turn)


def _highlighted(mol: Chem.Mol, smarts: str) -> tuple[list[int], list[int]]:
    """Atoms and bonds of all matches."""
    query = parse_query(smarts).mol
    atoms: set[int] = set()
    bonds: set[int] = set()
    for match in mol.GetSubstructMatches(query, maxMatches=100):
        atoms.update(match)
        for bond in query.GetBonds():
            pair = match[bond.GetBeginAtomIdx()], match[bond.GetEndAtomIdx()]
            bonds.add(mol.GetBondBetweenAtoms(*pair).GetIdx())
    return sorted(atoms), sorted(bonds)
