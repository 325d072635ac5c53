"""A first mapping from the names of columns."""

import pytest

from registry.catalogue import ensure_properties, entry
from registry.formats import guess_mapping, read_mapping
from registry.models import Property

pytestmark = pytest.mark.django_db


def guess(header, rows=()):
    ensure_properties()
    known = Property.objects.all()
    mapping = guess_mapping(header, [dict(zip(header, row, strict=True)) for row in rows], known)
    if "structure" in mapping:
        read_mapping(mapping, known)  # whatever is guessed can be used
    return mapping


def test_names_of_the_field_are_recognised():
    assert guess(["", "sample_id", "mol_smiles", "conductivity"]) == {
        "structure": {"column": "mol_smiles"},
        "source_id": {"column": "sample_id"},
        "values": [{"column": "conductivity", "property": "conductivity", "unit": "S/cm", "scale": "linear"}],
    }


XYZ = "3\n\nO 0 0 0\nH 0.76 0.59 0\nH -0.76 0.59 0\n"


@pytest.mark.parametrize(
    ("column", "cell"), [("inchi", "InChI=1S/H2O/h1H2"), ("Molecule", "InChI=1S/H2O/h1H2"), ("InChI", "")]
)
def test_inchis_are_structures(column, cell):
    assert guess(["id", column], [["1", cell]])["structure"] == {"column": column}


@pytest.mark.parametrize("name", ["xyz", "relaxed"])
def test_geometries_are_told_from_their_cells_and_go_with_their_level(name):
    header = ["smiles", "note", name, "level of theory"]
    found = guess(header, [["O", "3 atoms\nin all", XYZ, "B3LYP"], ["O", "", "", "B3LYP"]])
    assert (found["geometry"], found["geometry_level"]) == ({"column": name}, {"column": "level of theory"})
    assert "geometry" not in guess(header[:3], [["O", "", XYZ]])  # it could not be read without a level
    assert "geometry" not in guess(header, [["O", "", "relaxed.xyz", "B3LYP"]])


@pytest.mark.parametrize(
    ("column", "unit", "scale"),
    [
        ("conductivity (mS/cm)", "mS/cm", "linear"),
        ("Conductivity [S cm-1]", "S cm-1", "linear"),
        ("Ionic conductivity (S/m)", "S/m", "linear"),
        ("log10 conductivity (S/cm)", "S/cm", "log10"),
        ("log_conductivity", "S/cm", "log10"),
        ("conductivity (arbitrary)", "S/cm", "linear"),
        ("σ / mS cm⁻¹", "mS cm⁻¹", "linear"),
        ("log10(σ / S cm-1)", "S cm-1", "log10"),
        ("conductivity_mS_cm", "mS/cm", "linear"),
        ("Ionenleitfähigkeit (mS/cm)", "mS/cm", "linear"),
        ("conductivity measured [S/cm]", "S/cm", "linear"),
    ],
)
def test_units_in_brackets_and_logarithms(column, unit, scale):
    [value] = guess(["SMILES", column])["values"]
    assert (value["property"], value["unit"], value["scale"]) == ("conductivity", unit, scale)


def test_a_measured_column_goes_before_a_bare_one_and_predictions_are_no_measurements():
    [value] = guess(["smiles", "conductivity", "conductivity measured [mS/cm]"])["values"]
    assert (value["column"], value["unit"]) == ("conductivity measured [mS/cm]", "mS/cm")
    predicted = ["conductivity predicted [S/cm]", "conductivity predicted std [log10 S/cm]", "conductivity measured n"]
    assert "values" not in guess(["smiles", *predicted])


@pytest.mark.parametrize(
    ("value", "deviation", "found"),
    [
        ("conductivity (S/cm)", "conductivity std (S/cm)", True),
        ("conductivity", "conductivity_sd", True),
        ("log conductivity (S/cm)", "error conductivity [log10 S/cm]", True),
        ("conductivity (S/cm)", "conductivity std [log10 S/cm]", False),  # in decades: not what is stored
        ("conductivity (S/cm)", "conductivity std (mS/cm)", False),
        ("log10(σ / S cm-1)", "error log10(σ / S cm-1)", True),
        ("Leitfähigkeit (mS/cm)", "Std.-Abw. (mS/cm)", True),
        ("conductivity (S/cm)", "error of temperature (K)", False),
        ("conductivity (mS/cm)", "Std dev (mS/cm)", True),
        ("conductivity (mS/cm)", "sd", True),
    ],
)
def test_a_standard_deviation_joins_its_value(value, deviation, found):
    [entry] = guess(["smiles", value, deviation])["values"]
    assert entry.get("standard_deviation") == ({"column": deviation} if found else None)


@pytest.mark.parametrize(("column", "found"), [("salt concentration (mol/kg)", True), ("concentration (mol/L)", False)])
def test_concentrations_are_per_kilogram(column, found):
    assert ("concentration" in guess(["smiles", column])) is found


def test_a_column_named_after_a_salt_holds_its_concentration():
    mapping = guess(["smiles", "LiTFSI / mol kg-1"])
    assert mapping["salt"] == {"value": "LiTFSI"}
    assert mapping["concentration"] == {"column": "LiTFSI / mol kg-1", "unit": "mol kg-1"}
    assert "concentration" not in guess(["smiles", "LiTFSI (wt%)"])


def test_repeat_units_are_known_by_their_ends_whatever_their_column_is_called():
    assert guess(["what", "x"], [("note", "*CCO*"), ("", "*CC*")])["structure"] == {"column": "x"}
    assert "structure" not in guess(["what"], [("see * below",)])


@pytest.mark.parametrize(
    ("header", "row", "structure"),
    [
        (["polymer", "name"], ("*CCO*", "PEO"), "polymer"),
        (["smiles", "polymer"], ("PEO", "[Cu]CCO[Au]"), "polymer"),
        (["name", "solvent"], ("EC", "C1COC(=O)O1"), "solvent"),
    ],
)
def test_cells_tell_a_structure_from_a_name(header, row, structure):
    mapping = guess(header, [row])
    assert mapping["structure"] == {"column": structure}
    assert mapping.get("source_id") != {"column": structure}


def test_identifiers_that_happen_to_be_smiles_are_none():
    assert guess(["sample"], [("CO",), ("PEO",)]) == {"source_id": {"column": "sample"}}
    assert guess(["polymer"], [("PEO",), ("PVC",)]) == {"source_id": {"column": "polymer"}}


def test_a_deviation_apart_from_its_value_is_known_by_a_unit_that_no_other_has():
    header = ["smiles", "conductivity (mS/cm)", "T (K)", "Std dev (mS/cm)", "Salt", "Salt conc (mol/kg)"]
    mapping = guess(header)
    assert mapping["values"][0]["standard_deviation"] == {"column": "Std dev (mS/cm)"}
    assert mapping["concentration"] == {"column": "Salt conc (mol/kg)", "unit": "mol/kg"}
    assert "standard_deviation" not in guess([*header, "bulk (mS/cm)"])["values"][0]


@pytest.mark.parametrize(("column", "method"), [("conductivity_md", "md"), ("trajectory_id", "md"), ("mdx", None)])
def test_a_header_may_say_the_method(column, method):
    assert guess(["smiles", column]).get("method") == (method and {"value": method})


def test_decimal_commas_tell_logarithms_and_celsius():
    mapping = guess(["SMILES", "Leitfähigkeit", "T"], [("*CCO*", "-4,2", "25,5")])
    assert mapping["values"][0]["scale"] == "log10"
    assert mapping["temperature"]["unit"] == "degC"


def test_logarithms_show_in_the_values():
    [value] = guess(["smiles", "conductivity"], [("*CCO*", "-4.2"), ("*CC*", "-7")])["values"]
    assert value["scale"] == "log10"


@pytest.mark.parametrize(
    ("column", "value", "unit"),
    [("T", "60", "degC"), ("T", "333", "K"), ("temperature_C", "200", "degC"), ("Temperature (K)", "90", "K")],
)
def test_temperatures(column, value, unit):
    assert guess(["smiles", column], [("*CCO*", value)])["temperature"] == {"column": column, "unit": unit}


def test_a_header_may_say_the_level_of_theory():
    """Two of one property are told apart by it."""
    found = guess(["smiles", "u0_b3lyp", "u0_g4mp2 (eV)", "u0_g4mp2 std (eV)", "u0_cam-b3lyp", "u0_note", "ccsd_t"])
    assert found["values"] == [
        {"column": "u0_b3lyp", "property": "u0", "unit": "Ha", "scale": "linear", "method": "dft",
         "method_detail": "B3LYP"},
        {"column": "u0_g4mp2 (eV)", "property": "u0", "unit": "eV", "scale": "linear", "method": "other",
         "method_detail": "G4MP2", "standard_deviation": {"column": "u0_g4mp2 std (eV)"}},
        {"column": "u0_cam-b3lyp", "property": "u0", "unit": "Ha", "scale": "linear", "method": "dft",
         "method_detail": "CAM-B3LYP"},
    ]  # fmt: skip
    both = guess(["smiles", "u0", "Total energy at 0 K B3LYP"])["values"]
    assert [entry.get("method_detail") for entry in both] == [None, "B3LYP"]


def test_nothing_is_invented():
    assert guess(["foo", "bar"]) == {}


def test_the_header_of_htp_md_transport_gives_its_catalogue_mapping():
    header = [
        *("Unnamed: 0", "trajectory_id", "htpmd_version", "s3_bucket", "s3_prefix", "conductivity", "li_diffusivity"),
        *("tfsi_diffusivity", "poly_diffusivity", "mol_smiles", "poly_smiles", "transference_number", "molarity"),
    ]
    guessed, written = guess(header), entry("htp-md-transport").mapping
    assert guessed["structure"] == written["structure"]
    assert guessed["source_id"] == written["source_id"]
    named = {(value["column"], value["property"], value["unit"]) for value in guessed["values"]}
    assert named == {(value["column"], value["property"], value["unit"]) for value in written["values"]}
