"""What people call the columns of their files, in plain letters, in English and German."""

import re

STRUCTURE = (
    "smiles",
    "psmiles",
    "p_smiles",
    "mol_smiles",
    "polymer_smiles",
    "repeat_unit",
    "repeat_unit_smiles",
    "bigsmiles",
    "structure",
    "struktur",
    "canonical_smiles",
    "inchi",
)
GEOMETRY = ("xyz", "geometry", "geometrie", "xyz_block", "mol_block", "molblock", "coordinates", "conformer")
GEOMETRY_LEVEL = ("geometry_level", "level_of_theory", "level_of_geometry")
SOURCE_ID = (
    *("sample_id", "sample", "trajectory_id", "source_id", "probe", "id", "doi", "identifier", "name"),
    *("polymer_name", "polymer"),
)
TEMPERATURE = ("temperature", "temp", "t", "temperature_k", "temperature_c", "temperatur", "measurement_temperature")
SALT = ("salt", "salt_smiles", "salt_name", "li_salt", "lithium_salt", "salz", "leitsalz", "additive_salt")
CONCENTRATION = (
    *("concentration", "molality", "salt_concentration", "salt_conc", "salt_molality", "conc", "c_salt"),
    *("konzentration", "salzkonzentration"),
)
METHOD = ("method", "methode")
SAYS_METHOD = {"md": "md", "trajectory": "md", "dft": "dft"}  # a word of some header, and how the values came about
_FUNCTIONALS = ("B3LYP", "CAM-B3LYP", "PBE", "PBE0", "BP86", "TPSS", "r2SCAN", "M06-2X", "wB97X-D", "wB97M-V", "HSE06")
_OTHER_LEVELS = ("MP2", "CCSD", "CCSD(T)", "G4", "G4MP2", "CBS-QB3", "GFN2-xTB", "PM6", "PM7")
LEVELS = {  # after the name of a property, in plain letters: by which method it was computed
    re.sub(r"[^a-z0-9]+", "_", level.lower()).strip("_"): {"method": method, "method_detail": level}
    for method, levels in (("dft", _FUNCTIONALS), ("other", _OTHER_LEVELS))
    for level in levels
}
METHOD_DETAIL = ("method_detail", "instrument", "force_field", "functional")
MISSING_REASON = ("missing_reason", "reason_missing")
MEASURED = ("measured", "exp", "experimental", "experiment", "md")
DEVIATION = (
    *("std", "sd", "stdev", "std_dev", "stddev", "standard_deviation", "deviation", "error", "err", "uncertainty"),
    *("std_abw", "standardabweichung", "fehler"),
)
PROPERTIES = {
    "conductivity": ("sigma", "ion_conductivity", "leitfaehigkeit", "ionenleitfaehigkeit", "ionische_leitfaehigkeit"),
    "li_diffusivity": ("d_li",),
    "transference_number": ("t_li", "t_plus", "li_transference_number", "ueberfuehrungszahl"),
}
SALTS = {
    name.lower(): name
    for name in (
        *("LiTFSI", "LiFSI", "LiPF6", "LiClO4", "LiBF4", "LiOTf", "LiTf", "LiBOB", "LiDFOB", "LiI"),
        *("NaTFSI", "NaPF6", "KTFSI"),
    )
}
