"""Polymers that people write by their short names. The repeat unit is told, never put in silently."""

_UNITS = {
    "*CCO*": ("PEO", "PEG", "POE", "poly(ethylene oxide)", "polyethylene oxide", "poly(ethylene glycol)"),
    "*CC(C)O*": ("PPO", "PPG", "poly(propylene oxide)", "polypropylene oxide"),
    "*COCCO*": ("PDOL", "poly(1,3-dioxolane)", "polydioxolane"),
    "*CCCCO*": ("PTHF", "poly(tetrahydrofuran)", "polytetrahydrofuran"),
    "*CC(*)C#N": ("PAN", "polyacrylonitrile", "poly(acrylonitrile)"),
    "*CC(*)(F)F": ("PVDF", "PVdF", "poly(vinylidene fluoride)", "polyvinylidene fluoride"),
    "*CC(*)(C)C(=O)OC": ("PMMA", "poly(methyl methacrylate)"),
    "*CC(*)C(=O)OC": ("PMA", "poly(methyl acrylate)"),
    "*CC(*)O": ("PVA", "PVOH", "poly(vinyl alcohol)"),
    "*CC(*)c1ccccc1": ("PS", "polystyrene"),
    "*CC*": ("PE", "polyethylene"),
    "*CC(*)C": ("PP", "polypropylene"),
    "*CCCCCC(=O)O*": ("PCL", "polycaprolactone", "poly(caprolactone)"),
    "*C(C)C(=O)O*": ("PLA", "poly(lactic acid)", "polylactide"),
    "*CCOC(=O)O*": ("PEC", "poly(ethylene carbonate)"),
    "*CC(C)OC(=O)O*": ("PPC", "poly(propylene carbonate)"),
    "*CCCOC(=O)O*": ("PTMC", "poly(trimethylene carbonate)"),
    "*[Si](C)(C)O*": ("PDMS", "poly(dimethylsiloxane)", "polydimethylsiloxane"),
    "*CCN*": ("PEI", "poly(ethylene imine)", "polyethylenimine"),
}
REPEAT_UNITS = {name.lower(): unit for unit, names in _UNITS.items() for name in names}


def hint(text: str) -> str:
    """What to say of a structure that is a name; empty when it is none that is known."""
    name = text.strip()
    unit = REPEAT_UNITS.get(name.lower())
    return f"{name} is a name; its repeat unit is {unit}." if unit else ""


def advice(text: str) -> str:
    """The hint, or what to do about a blend or a copolymer of such names."""
    if found := hint(text):
        return found
    parts = [part for part in text.replace("/", "-").split("-") if part.strip()]
    known = [part for part in parts if hint(part)]
    if len(parts) > 1 and known:
        return f"{text.strip()} names several components; a row holds one polymer, as the SMILES of its repeat unit."
    return ""
