"""Unit conversions against values worked out by hand."""

import pytest

from registry.units import UnitError, alternatives, check, conversion


@pytest.mark.parametrize(
    ("source", "target", "value", "expected"),
    [
        ("mS/cm", "S/cm", 2.0, 2e-3),
        ("S/m", "S/cm", 1.0, 1e-2),
        ("S cm-1", "S/cm", 3.0, 3.0),
        ("S·cm⁻¹", "S/cm", 3.0, 3.0),
        ("µS/cm", "S/cm", 1.0, 1e-6),
        ("m^2/s", "cm2/s", 1e-12, 1e-8),
        ("cm²/s", "m2/s", 1.0, 1e-4),
        ("degC", "K", 25.0, 298.15),
        ("°C", "K", -273.15, 0.0),
        ("degF", "K", 212.0, 373.15),
        ("mmol/g", "mol/kg", 1.5, 1.5),
        ("kcal/mol", "eV", 1.0, 0.0433641),
        ("eV", "kJ/mol", 1.0, 96.48533),
        ("Hartree", "eV", 1.0, 27.211386),
        ("Ha", "meV", 1.0, 27211.386),
        ("%", "", 33.0, 0.33),
        ("", "", 0.5, 0.5),
    ],
)
def test_conversions(source, target, value, expected):
    assert conversion(source, target)(value) == pytest.approx(expected, rel=1e-6, abs=1e-9)


def test_the_same_unit_changes_no_digit():
    assert conversion("S/cm", "S/cm")(7.57483378879945e-05) == 7.57483378879945e-05


@pytest.mark.parametrize("unit", ["S/cmm", "furlongs per", "S/cm)", "__import__('os')", "5"])
def test_unknown_units_are_named(unit):
    with pytest.raises(UnitError, match="unknown"):
        check(unit)


@pytest.mark.parametrize(("source", "target"), [("K", "S/cm"), ("mol/L", "mol/kg"), ("", "S/cm")])
def test_units_of_other_quantities_do_not_convert(source, target):
    with pytest.raises(UnitError, match="does not convert"):
        conversion(source, target)


@pytest.mark.parametrize("unit", ["S/cm", "cm2/s", "mol/kg", "eV"])
def test_alternatives_convert_and_begin_with_the_unit_itself(unit):
    offered = alternatives(unit)
    assert offered[0] == unit
    assert len(offered) == len(set(offered)) > 1
    for other in offered:
        conversion(other, unit)


def test_a_pure_number_has_no_alternatives():
    assert alternatives("") == ()
