"""What column headers say: quantity, unit, logarithm."""

import pytest

from registry.formats.headers import read_header


@pytest.mark.parametrize(
    ("column", "name", "unit", "logarithmic"),
    [
        ("conductivity", "conductivity", "", False),
        ("conductivity (mS/cm)", "conductivity", "mS/cm", False),
        ("conductivity measured [S/cm]", "conductivity_measured", "S/cm", False),
        ("conductivity predicted std [log10 S/cm]", "conductivity_predicted_std", "S/cm", True),
        ("σ / S cm⁻¹", "sigma", "S cm⁻¹", False),
        ("ionic conductivity, mS/cm", "ionic_conductivity", "mS/cm", False),
        ("conductivity_mS_cm", "conductivity", "mS/cm", False),
        ("log10(sigma / S cm-1)", "sigma", "S cm-1", True),
        ("log10(σ [S/cm])", "sigma", "S/cm", True),
        ("log10_conductivity [S/cm]", "conductivity", "S/cm", True),
        ("lg σ", "sigma", "", True),
        ("T / K", "t", "K", False),
        ("T/°C", "t", "°C", False),
        ("Temperature_C", "temperature", "degC", False),
        ("Temperatur in °C", "temperatur", "degC", False),
        ("Leitfähigkeit (mS/cm)", "leitfaehigkeit", "mS/cm", False),
        ("Li⁺ diffusivity", "li_diffusivity", "", False),
        ("EO/Li", "eo_li", "", False),
        ("login", "login", "", False),
        ("logP", "logp", "", False),
    ],
)
def test_parts_of_a_header(column, name, unit, logarithmic):
    found = read_header(column)
    assert (found.name, found.unit, found.logarithmic) == (name, unit, logarithmic)
