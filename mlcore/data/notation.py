"""Two ways to spell a structure for a network: SMILES, or SELFIES, in which hardly a text can go wrong.

A SMILES is broken by one bracket or bond too many. SELFIES (Krenn et al., Mach. Learn.: Sci. Technol. 2020) reads every
sequence of its tokens as a structure that keeps to valences. What is left to go wrong is that a repeat unit has two
ends; so a text names as few of them as it can: it begins at the first, and where it stops is the other, unless the text
has put that elsewhere. As SELFIES does with tokens for which there is no room, what cannot be meant is passed over: of
several named ends all but the first, and atoms at the stop that have no hydrogen to give up for an end. A named end is
spelt as astatine, which has one bond, since SELFIES knows no `*`.
"""

import re
from typing import Literal

import selfies
from rdkit import Chem

from mlcore.chem.identity import Kind

Notation = Literal["smiles", "selfies"]

_END = "[At]"
_ATOM = re.compile(r"(\[[^\]]+\]|Br|Cl|[BCNOPSFI])((?:[-=#/\\]?(?:\d|%\d\d))*)")  # with its ring closures
_VALENCES = {**selfies.get_preset_constraints("default"), "At": 1, "Si": 4}

_SYMBOLS = """
    At C =C #C N =N #N O =O S =S P =P B =B Si F Cl Br I
    N+1 =N+1 #N+1 N-1 =N-1 O-1 S+1 =S+1 P+1 =P+1 NH1+1 =NH1+1
    C@ C@@ C@H1 C@@H1 /C \\C /N \\N /O \\O /C@H1 /C@@H1 \\C@H1 \\C@@H1
    Branch1 =Branch1 #Branch1 Branch2 =Branch2 #Branch2 Branch3 =Branch3 #Branch3
    Ring1 =Ring1 #Ring1 -/Ring1 -\\Ring1 Ring2 =Ring2 #Ring2 -/Ring2 -\\Ring2 Ring3 =Ring3 #Ring3
"""
COMMON_SELFIES = tuple(f"[{symbol}]" for symbol in _SYMBOLS.split())
"""Tokens that every SELFIES vocabulary holds, so that a network can later be fine-tuned on other data."""


def spell(smiles: str, notation: Notation) -> str | None:
    """The text of a SMILES, that of a polymer beginning with `*`; None where SELFIES cannot say it."""
    if notation == "smiles":
        return smiles
    if _END in smiles:
        return None
    selfies.set_semantic_constraints(_VALENCES)
    try:
        text = str(selfies.encoder(smiles.replace("*", _END), strict=False))
    except selfies.EncoderError:
        return None
    return text.removeprefix(_END).removesuffix(_END) if smiles.startswith("*") else text


def read(text: str, notation: Notation, kind: Kind) -> str:
    """The SMILES that a text stands for, its chain ends `*`; a SMILES text stands for itself, right or wrong."""
    if notation == "smiles":
        return text
    selfies.set_semantic_constraints(_VALENCES)
    if kind == "molecule":
        return str(selfies.decoder(text))
    before, named, after = text.partition(_END)
    smiles = str(selfies.decoder(_END + before + (named or _END) + after.replace(_END, "")))
    return (smiles if smiles.count(_END) > 1 else _ended(smiles)).replace(_END, "*")


def _ended(smiles: str) -> str:
    """A SMILES with an end at the last of its plain atoms that has a hydrogen; without one it stays as it is."""
    molecule = Chem.MolFromSmiles(smiles)
    if molecule is None:
        return smiles
    atoms = list(_ATOM.finditer(smiles))
    for atom, found in zip(reversed(list(molecule.GetAtoms())), reversed(atoms), strict=True):
        if atom.GetTotalNumHs() and not found[1].startswith("["):
            place = found.end()
            return f"{smiles}{_END}" if place == len(smiles) else f"{smiles[:place]}({_END}){smiles[place:]}"
    return smiles
