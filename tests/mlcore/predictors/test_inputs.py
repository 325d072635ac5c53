"""Structures and conditions as rows of numbers."""

import numpy as np
import pytest

from mlcore.chem import molecule, polymer
from mlcore.config import ConditionColumn, PropertyConfig
from mlcore.data import tables
from mlcore.errors import UserError
from mlcore.predictors import groups, reading, salts, temperature


def test_groups_do_not_depend_on_how_often_the_unit_stands_in_the_ring() -> None:
    keys = [polymer.key(text) for text in ("*CCO*", "*OC(=O)OCCCC(C#N)CCCCC*", "*CC(*)S(=O)(=O)[N-]C")]
    found = groups.shares(reading.of_keys(keys))
    assert found.shape == (3, groups.COLUMNS)
    assert found[0, 0] == pytest.approx(1 / 3)  # one ether oxygen in three atoms
    assert found[1, [0, 4, 6]] == pytest.approx([0, 1 / 15, 1 / 15])  # a carbonate is no ether
    assert found[2, 20] == pytest.approx(1 / 7)  # a bound anion
    assert groups.shares([]).shape == (0, groups.COLUMNS)


def test_a_salt_is_its_anion_in_any_order_and_its_lithium() -> None:
    texts = ["[Li+].[Cl-]", "[Cl-].[Li+]", "[Li+].[O-][Cl+3]([O-])([O-])[O-]", "O=Cl(=O)([O-])=O.[Li+]", ""]
    keys = [molecule.key(text) if text else "" for text in texts]
    found = salts.describe(keys)
    np.testing.assert_array_equal(found[0], found[1])
    np.testing.assert_array_equal(found[2], found[3])  # two ways to draw perchlorate
    assert found[0, 0] == 1
    assert found[0, 1] == pytest.approx(35.45, abs=0.01)
    assert found[2, 2] == 1
    assert np.isnan(found[4]).all()


def test_temperatures_are_converted_and_other_units_refused() -> None:
    assert temperature.to_kelvin(np.array([25.0]), "degC") == pytest.approx(298.15)
    assert temperature.from_kelvin(np.array([298.15]), "degC") == pytest.approx(25.0)
    assert temperature.to_kelvin(np.array([25.0]), "K") == 25.0
    with pytest.raises(UserError, match="use K or degC"):
        temperature.column((ConditionColumn("temperature", unit="degF"),), "temperature")


def test_a_column_may_hold_logarithms() -> None:
    assert tables.number("-3", logarithm=True) == pytest.approx(1e-3)
    assert tables.number("1e9", logarithm=True) == np.inf
    assert np.isnan(tables.number("low", logarithm=True))
    assert PropertyConfig("sigma").logarithm is False
