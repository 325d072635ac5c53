"""Conditions of measurements, as a table says them."""

import numpy as np
import pytest

from mlcore.chem.salts import SALTS
from mlcore.config import ConditionColumn
from mlcore.data.conditions import Conditions, cells
from mlcore.errors import UserError

COLUMNS = (
    ConditionColumn("temperature", "T", "degC"),
    ConditionColumn("molality"),
    ConditionColumn("salt", kind="structure"),
)


def test_numbers_and_structures_and_what_is_not_said() -> None:
    rows = [{"T": "25", "molality": "1.5", "salt": "[Li+].[Cl-]"}, {"T": "", "molality": "nan"}]
    found = Conditions.gather(COLUMNS, [cells(COLUMNS, row) for row in rows])
    np.testing.assert_array_equal(found.numbers["temperature"], [25, np.nan])
    assert found.structures["salt"] == ["[Cl-].[Li+]", ""]
    assert found.of([1]).structures["salt"] == [""]
    assert found.of([0]).numbers["molality"].tolist() == [1.5]


def test_a_salt_goes_by_its_name_too() -> None:
    (named, written) = (cells(COLUMNS, {"salt": text})["salt"] for text in ("litfsi", SALTS["LiTFSI"]))
    assert named == written != ""


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ({"T": "-300"}, "T: -300 degC is below absolute zero, -273.15 degC"),
        ({"T": "warm"}, "T: 'warm' is no finite number"),
        ({"molality": "inf"}, "molality: 'inf'"),
        ({"salt": "LiFoo"}, "salt: 'LiFoo' is neither a salt known by name, such as LiTFSI, nor a SMILES"),
    ],
)
def test_what_cannot_be_a_condition_is_named(row: dict[str, str], said: str) -> None:
    with pytest.raises(UserError) as caught:
        cells(COLUMNS, row)
    assert said in str(caught.value)
