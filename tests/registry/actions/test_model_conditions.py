"""What a model can be told, and how it is refused what it cannot."""

from typing import Any

import pytest
from rdkit import Chem

from mlcore.chem import molecule
from mlcore.chem.salts import SALTS, name_of, smiles_of
from registry.actions import model_conditions
from registry.actions.base import ActionError
from tests import factories

pytestmark = pytest.mark.django_db

CONDITIONS = [
    {"name": "temperature", "column": "T", "unit": "K", "kind": "number"},
    {"name": "salt", "column": "", "unit": "", "kind": "structure"},
    {"name": "molality", "column": "m", "unit": "mol/kg", "kind": "number"},
    {"name": "mw", "column": "", "unit": "g/mol", "kind": "number"},
]


def version(conditions: list[dict[str, str]]) -> Any:
    return factories.model_version(config={"data": {"conditions": conditions}})


def test_conditions_go_by_the_registrys_names_whatever_the_model_calls_them() -> None:
    found = model_conditions.conditions_of(version(CONDITIONS))
    assert {key: one.column for key, one in found.items()} == {
        "temperature_k": "T", "salt": "salt", "concentration": "m", "mw": "mw"
    }  # fmt: skip
    assert found["salt"].cell("litfsi") == SALTS["LiTFSI"]
    assert model_conditions.conditions_of(factories.model_version()) == {}


@pytest.mark.parametrize("config", [None, [], "text", {}, {"data": []}, {"data": {"conditions": {}}, "model": 1}])
def test_a_configuration_that_says_nothing_of_conditions_has_none(config: Any) -> None:
    assert model_conditions.conditions_in(config) == {}


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({}, "needs temperature_k"),
        ({"temperature_k": -3}, "-3 K is below 150 K: it looks like °C; in K it is 270.15"),
        ({"temperature_k": 25}, "25 K is below 150 K: it looks like °C; in K it is 298.15"),
        ({"temperature_k": [300, 5000]}, "A temperature of 5000 K lies outside 150 to 1500 K"),
        ({"temperature_k": True}, "is no number"),
        ({"temperature_k": "warm"}, "is no number"),
        ({"temperature_k": []}, "1 to 50 temperatures, not 0"),
        ({"temperature_k": [300, 300.0]}, "occurs twice"),
        ({"temperature_k": list(range(301, 360))}, "not 59"),
        ({"temperature_k": 300, "salt": "table salt"}, "'table salt' is no salt known by name here"),
        ({"temperature_k": 300, "salt": ["LiF", "LiCl"]}, "takes one value"),
        ({"temperature_k": 300, "salt": "CCO"}, "'CCO' is no salt: it has no cation and anion"),
        ({"temperature_k": 300, "concentration": -1}, "A concentration cannot be negative: -1."),
        ({"temperature_k": 300, "concentration": 0}, "leave salt and concentration out for the polymer without salt"),
        ({"temperature_k": 300, "concentration": 1000}, "1000 mol/kg is above 500 mol per kg of polymer"),
        ({"temperature_k": 300, "mw": -5}, "mw: -5 g/mol is no value to ask for: it must be above 0"),
        ({"temperature_k": 300, "pressure": 1}, "knows no pressure; it can be told temperature_k, salt"),
    ],
)
def test_what_cannot_be_asked_is_refused_in_one_line(given: dict[str, Any], why: str) -> None:
    with pytest.raises(ActionError) as caught:
        model_conditions.read(version(CONDITIONS), given)
    assert why in caught.value.message
    assert caught.value.field == "conditions"
    assert "\n" not in caught.value.message


def test_a_model_of_one_state_takes_no_temperature() -> None:
    with pytest.raises(ActionError, match="trained without conditions; leave it out"):
        model_conditions.read(version([]), {"temperature_k": 300})


@pytest.mark.parametrize("salt", ["LiTFSI", "LITFSI", "litfsi ", "LiNTf2", SALTS["LiTFSI"],
                                  "[Li+].FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F"])  # fmt: skip
def test_one_salt_is_one_condition_however_it_is_written(salt: str) -> None:
    found = model_conditions.read(version(CONDITIONS), {"temperature_k": [298, 333.5], "salt": salt})
    assert found == {"temperature_k": [298, 333.5], "salt": "LiTFSI"}


def test_a_salt_without_a_name_goes_by_its_canonical_smiles() -> None:
    found = model_conditions.read(version(CONDITIONS), {"temperature_k": 298, "salt": "[I-].[Rb+]"})
    assert found["salt"] == molecule.parse("[Rb+].[I-]").smiles


def test_a_list_of_temperatures_is_a_state_each_in_its_order() -> None:
    found = model_conditions.states({"salt": "LiF", "temperature_k": [333, 298]})
    assert found == [{"salt": "LiF", "temperature_k": 333}, {"salt": "LiF", "temperature_k": 298}]
    assert model_conditions.states({}) == [{}]


def test_every_known_salt_is_a_readable_neutral_one() -> None:
    for name, smiles in SALTS.items():
        assert Chem.GetFormalCharge(molecule.parse(smiles).canonical) == 0, name
        assert smiles_of(name.upper()) == smiles
    assert smiles_of("[Li+].[Cl-]") == molecule.parse("[Cl-].[Li+]").smiles


def test_a_salt_written_as_smiles_goes_by_its_usual_name() -> None:
    assert name_of("FC(F)(F)S(=O)(=O)[N-]S(=O)(=O)C(F)(F)F.[Li+]") == "LiTFSI"
    same = ["", "LiTFSI", "[Li+].[Zr+4]", "a.b", "CCO"]
    assert [name_of(text) for text in same] == same
    assert name_of("LITFSI") == "LiTFSI"


def test_two_conditions_of_one_unit_stay_two() -> None:
    two = [
        {"name": "glass", "column": "tg", "unit": "K", "kind": "number"},
        {"name": "heat", "column": "T", "unit": "degC", "kind": "number"},
        {"name": "molality", "column": "m", "unit": "mol/kg", "kind": "number"},
        {"name": "additive", "column": "a", "unit": "mol/kg", "kind": "number"},
    ]
    asked = factories.model_version(config={"data": {"conditions": two}, "model": {"temperature": "heat"}})
    found = model_conditions.conditions_of(asked)
    assert {key: one.column for key, one in found.items()} == {
        "temperature_k": "T", "glass": "tg", "concentration": "m", "additive": "a"
    }  # fmt: skip
    assert found["temperature_k"].cell(300) == repr(300 - 273.15)
    assert found["glass"].cell(200) == "200.0"
