"""Synthetic accessibility, 1 (easy) to 10 (hard): Ertl and Schuffenhauer, J. Cheminform. 1, 8 (2009).

The fragment table is the one that RDKit ships, and so are the values, to the last digit: the paper's terms with two
amendments of RDKit's, a flat penalty for macrocycles and a bonus for symmetry. RDKit's own function spends most of its
time on naming the stereo centres, which only have to be counted. A polymer is scored as PolyGen does it (Yang et al.,
npj Comput. Mater. 2024): its repeat unit with the metal atoms [Cu] and [Au] for ends.
"""

import importlib.util
from functools import cache
from math import log, log10
from pathlib import Path

from rdkit import Chem
from rdkit.Chem import RDConfig, rdFingerprintGenerator, rdMolDescriptors

from mlcore.chem.chain import stars

_CAPS = {1: 29, 2: 79}  # Cu where the chain comes in, Au where it goes out
_FRAGMENTS = rdFingerprintGenerator.GetMorganGenerator(radius=2)
_UNKNOWN_FRAGMENT = -4.0
_HARDEST, _EASIEST = -4.0, 2.5  # range of the raw score
_LARGEST_ORDINARY_RING = 8


@cache
def fragment_scores() -> dict[int, float]:
    """Contribution of each Morgan fragment; it takes 0.2 s to load, so do that before forking workers."""
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("sascorer", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"this RDKit lacks {path}; install the rdkit wheel of requirements.txt")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.readFragmentScores()
    scores: dict[int, float] = module._fscores
    return scores


def sa_score(mol: Chem.Mol) -> float:
    """Score of a sanitized molecule as it is: a generated string with its [Cu] and [Au] is scored with them."""
    scores = fragment_scores()
    counts = _FRAGMENTS.GetSparseCountFingerprint(mol).GetNonzeroElements()
    known = sum(scores.get(fragment, _UNKNOWN_FRAGMENT) * count for fragment, count in counts.items())
    size = mol.GetNumAtoms()
    symmetry = log(size / len(counts)) * 0.5 if size > len(counts) else 0.0
    raw = known / sum(counts.values()) - _complexity(mol) + symmetry
    score = 11.0 - (raw - _HARDEST + 1) / (_EASIEST - _HARDEST) * 9.0
    if score > 8.0:  # the hard end is compressed
        score = 8.0 + log(score - 8.0)
    return min(max(score, 1.0), 10.0)


def _complexity(mol: Chem.Mol) -> float:
    """Penalty for size, stereo centres (whether marked or not), spiro atoms, bridgeheads and macrocycles."""
    size = mol.GetNumAtoms()
    Chem.AssignStereochemistry(mol, cleanIt=True, force=True, flagPossibleStereoCenters=True)
    macrocyclic = any(len(ring) > _LARGEST_ORDINARY_RING for ring in mol.GetRingInfo().AtomRings())
    return (
        size**1.005
        - size
        + log10(rdMolDescriptors.CalcNumAtomStereoCenters(mol) + 1)
        + log10(rdMolDescriptors.CalcNumSpiroAtoms(mol) + 1)
        + log10(rdMolDescriptors.CalcNumBridgeheadAtoms(mol) + 1)
        + (log10(2) if macrocyclic else 0.0)
    )


def unit_sa_score(unit: Chem.Mol) -> float:
    """Score of `Polymer.unit`, its ends replaced by metal atoms."""
    capped = Chem.RWMol(unit)
    for label, index in stars(unit).items():
        end = capped.GetAtomWithIdx(index)
        end.SetAtomicNum(_CAPS[label])
        end.SetIsotope(0)
    return sa_score(capped)
