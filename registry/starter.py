"""A starter library for machines that reach no data: polymers of common monomers, by the rules of SMiPoly.

Nothing here is measured. The one property, the ether oxygen fraction, is computed from the structure, so that the whole
loop can be walked; conductivity is then predicted by the models that ship with the code.

Rules: Ohno et al., J. Chem. Inf. Model. 2023, 63, 5539, doi:10.1021/acs.jcim.3c00329 (package smipoly).
"""

import csv
from pathlib import Path
from typing import Any

from rdkit import rdBase

from mlcore.chem import polymer
from registry.models import Dataset

DIOLS = """
    OCCO CC(O)CO OCCCO OCCCCO CC(O)CCO OCCCCCO OCCCCCCO OCC(C)(C)CO OCCOCCO CC(O)COCC(C)O OCCOCCOCCO OCCOCCOCCOCCO
    OCCSCCO OCCN(C)CCO OCC1CCC(CO)CC1 OCc1ccc(CO)cc1
"""
DIACIDS = """
    OC(=O)C(=O)O OC(=O)CC(=O)O OC(=O)CCC(=O)O OC(=O)CCCC(=O)O OC(=O)CCCCC(=O)O OC(=O)CCCCCCCCC(=O)O OC(=O)C=CC(=O)O
    OC(=O)COCC(=O)O OC(=O)COCCOCC(=O)O OC(=O)CSCC(=O)O OC(=O)c1ccc(C(=O)O)cc1 OC(=O)c1ccc(C(=O)O)o1
"""
DIAMINES = "NCCN CC(N)CN NCCCN NCCCCN NCCCCCCN NCCOCCN NCCOCCOCCN NCCCOCCCCOCCCN NCc1cccc(CN)c1"
DIISOCYANATES = "O=C=NCCCCCCN=C=O O=C=NCCCCN=C=O Cc1ccc(N=C=O)cc1N=C=O"
RINGS = """
    C1CO1 CC1CO1 CCC1CO1 COCC1CO1 COCCOCC1CO1 C=CCOCC1CO1 O=C1CCCCCO1 O=C1CCCCO1 O=C1CCCO1 CC1OC(=O)C(C)OC1=O
    O=C1CCCCCN1 O=C1CCCN1
"""
VINYLS = """
    C=C C=CC C=CC#N C=COC C=COCCOC CC(=C)C(=O)OC C=CC(=O)OC C=CC(=O)OCCOC C=CC(=O)OCCOCCOC CC(=C)C(=O)OCCOCCOC
    C=CC(N)=O C=CN1CCCC1=O C=Cc1ccccc1 C=C(F)F C=CC(=O)OCCC#N
"""
MONOMERS = " ".join((DIOLS, DIACIDS, DIAMINES, DIISOCYANATES, RINGS, VINYLS)).split()

NAME = "Starter library"
MAPPING: dict[str, Any] = {
    "structure": {"column": "psmiles"},
    "source_id": {"column": "monomers"},
    "computed": ["ether_oxygen_fraction"],
}


def enumerate_polymers() -> list[tuple[str, str, str]]:
    """Repeat unit, polymer class and monomers of every polymer that the rules give, sorted; takes a few seconds."""
    import pandas as pd  # smipoly brings pandas along: only those who enumerate wait for it
    from smipoly.smip import monc, polg

    with rdBase.BlockLogs():
        monomers = monc.moncls(df=pd.DataFrame({"smiles": MONOMERS}), smiColn="smiles")
        made = polg.biplym(df=monomers, targ=["all"])
    found: dict[str, tuple[str, str, str]] = {}
    for row in made.sort_values(["polym", "mon1", "mon2"]).itertuples():
        if row.polym.count("*") == 2:  # the rules write one chain in several ways; the first stands for it
            parents = " + ".join(filter(None, sorted((row.mon1, row.mon2))))
            found.setdefault(polymer.key(row.polym), (row.polym, row.polymer_class, parents))
    return sorted(found.values())


def write_library(path: Path) -> Path:
    """Write the library as CSV: psmiles, polymer_class, monomers. The same bytes every time."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["psmiles", "polymer_class", "monomers"])
        writer.writerows(enumerate_polymers())
    return path


def ensure_dataset() -> Dataset:
    """The Dataset that takes the library in."""
    fields = {
        "slug": "starter-library",
        "description": "Polymers of common monomers, enumerated by rules. Nothing is measured: the ether oxygen "
        "fraction is computed from the structure.",
        "licence": "BSD-3-Clause",
        "citation": "Rules: Ohno et al., J. Chem. Inf. Model. 2023, 63, 5539, doi:10.1021/acs.jcim.3c00329.",
        "source_url": "https://github.com/PEJpOhno/SMiPoly",
    }
    return Dataset.objects.get_or_create(name=NAME, defaults=fields)[0]
