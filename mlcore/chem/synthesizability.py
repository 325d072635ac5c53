"""Synthetic accessibility, 1 (easy) to 10 (hard): Ertl and Schuffenhauer, J. Cheminform. 1, 8 (2009).

The score and its fragment table are the ones that RDKit ships. A polymer is scored as PolyGen does it (Yang et al., npj
Comput. Mater. 2024): its repeat unit with the metal atoms [Cu] and [Au] for ends.
"""

import importlib.util
from functools import cache
from pathlib import Path
from types import ModuleType

from rdkit import Chem
from rdkit.Chem import RDConfig

from mlcore.chem.chain import stars

_CAPS = {1: 29, 2: 79}  # Cu where the chain comes in, Au where it goes out


@cache
def _scorer() -> ModuleType:
    path = Path(RDConfig.RDContribDir) / "SA_Score" / "sascorer.py"
    spec = importlib.util.spec_from_file_location("sascorer", path)
    if spec is None or spec.loader is None:
        raise ImportError(f"this RDKit lacks {path}; install the rdkit wheel of requirements.txt")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sa_score(mol: Chem.Mol) -> float:
    """Score of a sanitized molecule as it is: a generated string with its [Cu] and [Au] is scored with them."""
    return float(_scorer().calculateScore(mol))


def unit_sa_score(unit: Chem.Mol) -> float:
    """Score of `Polymer.unit`, its ends replaced by metal atoms."""
    capped = Chem.RWMol(unit)
    for label, index in stars(unit).items():
        end = capped.GetAtomWithIdx(index)
        end.SetAtomicNum(_CAPS[label])
        end.SetIsotope(0)
    return sa_score(capped)
