"""Values that are refused, each for its reason."""

import pytest

from registry.formats.numbers import Refused
from registry.formats.values import to_kelvin, to_property
from registry.models import Property
from registry.units import Conversion

CONDUCTIVITY = Property(name="conductivity", label="Conductivity", unit="S/cm", scale="log10", lower=1e-20, upper=1.0)
TRANSFERENCE = Property(name="t", label="Transference number", unit="", scale="linear", lower=-5, upper=2)


@pytest.mark.parametrize(
    ("number", "scale", "code"),
    [
        (-1e-5, "linear", "negative"),
        (0.0, "linear", "zero"),
        (50.0, "linear", "out_of_bounds"),
        (-4.3, "linear", "looks_log10"),
        (7.5e-5, "log10", "looks_linear"),
        (5.0, "log10", "out_of_bounds"),
        (-400.0, "log10", "out_of_bounds"),
        (1e300, "log10", "out_of_bounds"),
    ],
)
def test_values_outside_the_bounds(number, scale, code):
    with pytest.raises(Refused) as caught:
        to_property(number, CONDUCTIVITY, scale, Conversion())
    assert caught.value.problem.code == code


def test_values_within_the_bounds():
    assert to_property(-4.0, CONDUCTIVITY, "log10", Conversion()) == pytest.approx(1e-4)
    assert to_property(0.1, CONDUCTIVITY, "linear", Conversion(factor=1e-3)) == pytest.approx(1e-4)
    assert to_property(-1.64, TRANSFERENCE, "linear", Conversion()) == -1.64


@pytest.mark.parametrize(
    ("number", "unit", "code", "said"),
    [
        (60.0, "K", "looks_celsius", "60 K is below 150 K: it looks like °C; declare the unit degC."),
        (-20.0, "", "looks_celsius", "-20 K is below 150 K: it looks like °C; declare the unit degC."),
        (5000.0, "K", "out_of_bounds", "A temperature of 5000 K lies outside 150 to 1500 K."),
        (-300.0, "degC", "out_of_bounds", "-300 °C is below absolute zero."),
        (-300.0, "°C", "out_of_bounds", "-300 °C is below absolute zero."),
        (-300.0, "K", "out_of_bounds", "-300 K is below absolute zero."),
        (-200.0, "degC", "out_of_bounds", "A temperature of -200 °C, that is 73.15 K, lies outside 150 to 1500 K."),
    ],
)
def test_temperatures(number, unit, code, said):
    assert to_kelvin(353.0) == 353.0
    assert to_kelvin(80.0, "degC") == pytest.approx(353.15)
    with pytest.raises(Refused) as caught:
        to_kelvin(number, unit)
    assert (caught.value.problem.code, caught.value.problem.reason) == (code, said)
