"""Values that are refused, each for its reason."""

import pytest

from registry.formats.numbers import Refused
from registry.formats.values import check_temperature, to_property
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
    ("kelvin", "code"), [(60.0, "looks_celsius"), (-20.0, "looks_celsius"), (5000.0, "out_of_bounds")]
)
def test_temperatures(kelvin, code):
    check_temperature(353.0)
    with pytest.raises(Refused) as caught:
        check_temperature(kelvin)
    assert caught.value.problem.code == code
