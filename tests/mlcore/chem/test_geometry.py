"""Geometries: read as people write them, refused with a reason, checked against the molecule they should be."""

import numpy as np
import pytest
from rdkit import Chem

from mlcore.chem import geometry, molecule
from mlcore.chem.errors import ChemError

WATER = "3\n\nO 0 0 0.1173\nH 0 0.7572 -0.4692\nH 0 -0.7572 -0.4692\n"
QM9 = "3\ngdb 3\t799.6\nO\t-0.034\t 0.977\t 7.5*^-3\t-0.589\nH\t 0.06\t 0.02\t 0.0019\t 0.29\nH\t .9\t 1.3\t 0.0006\n"


@pytest.mark.parametrize("smiles", ["CCO", "c1ccncc1", "CC(=O)NC", "N#Cc1ncco1"])
def test_a_guess_fits_its_molecule_and_survives_xyz_and_mdl(smiles: str) -> None:
    found = geometry.guess(smiles)
    assert found.guessed
    geometry.check(found, Chem.MolFromSmiles(smiles))
    again = geometry.read(found.to_xyz("any comment"))
    assert not again.guessed
    assert (again.numbers == found.numbers).all()
    np.testing.assert_allclose(again.positions, found.positions, atol=1e-6)
    block = Chem.MolToMolBlock(Chem.MolFromXYZBlock(found.to_xyz()))
    np.testing.assert_allclose(geometry.read(block).positions, found.positions, atol=1e-4)


def test_the_xyz_of_qm9_with_its_exponents_and_further_columns() -> None:
    found = geometry.read(QM9)
    assert found.symbols == ["O", "H", "H"]
    assert found.positions[0, 2] == 7.5e-3


def test_a_geometry_is_read_with_numbers_for_elements_and_blank_lines_around() -> None:
    assert geometry.read("\n" + WATER.replace("O ", "8 ") + "\n\n").symbols == ["O", "H", "H"]


@pytest.mark.parametrize(
    ("text", "code", "said"),
    [
        ("", "geometry", "first line"),
        ("O 0 0 0", "geometry", "first line"),
        ("4\n\nO 0 0 0\nH 0 0 1\n", "geometry", "4 atoms but has lines for 2"),
        ("1\n\nXx 0 0 0\n", "element", "line 3.*'Xx'"),
        ("1\n\nO 0 0\n", "geometry", "line 3"),
        ("1\n\nO 0 zero 0\n", "geometry", "three numbers"),
        ("1\n\nO 0 nan 0\n", "geometry", "finite"),
        ("2\n\nO 0 0 0\nH 0 0 0.1\n", "overlap", "O .atom 1. and H .atom 2. lie 0.10"),
        ("9999\n\n" + "O 0 0 0\n" * 9999, "too_large", "9999 atoms"),
        (Chem.MolToMolBlock(Chem.MolFromSmiles("CCO")), "flat", "drawing"),
    ],
)
def test_what_is_no_geometry_is_refused_with_its_place(text: str, code: str, said: str) -> None:
    with pytest.raises(ChemError, match=said) as caught:
        geometry.read(text)
    assert caught.value.code == code


@pytest.mark.parametrize(
    ("smiles", "code", "said"),
    [
        ("CO", "composition", "of H2O, CO is CH4O"),
        ("[OH]", "radical", "radical"),
    ],
)
def test_a_geometry_of_something_else(smiles: str, code: str, said: str) -> None:
    with pytest.raises(ChemError, match=said) as caught:
        geometry.check(geometry.read(WATER), Chem.MolFromSmiles(smiles))
    assert caught.value.code == code


def test_an_isomer_is_refused_and_a_tautomer_is_not() -> None:
    with pytest.raises(ChemError, match="not joined"):
        geometry.check(geometry.guess("COC"), Chem.MolFromSmiles("CCO"))
    geometry.check(geometry.guess("Oc1ccccn1"), Chem.MolFromSmiles("O=c1cccc[nH]1"))


@pytest.mark.parametrize(("one", "other"), [("C1CCC2CCCCC2C1", "C1CCC(C1)C1CCCC1"), ("C1CC1CC=C", "CC1CC1C=C")])
def test_isomers_whose_atoms_have_like_neighbours_are_told_apart(one: str, other: str) -> None:
    for drawn, named in ((one, other), (other, one)):
        with pytest.raises(ChemError, match="not joined"):
            geometry.check(geometry.guess(drawn), Chem.MolFromSmiles(named))


@pytest.mark.parametrize("smiles", ["[H][H]", "[2H][2H]", "[2H]OC", "C", "[13CH3]O", "N#N", "C[N+](C)(C)CC(=O)[O-]"])
def test_small_labelled_and_charged_molecules_have_geometries(smiles: str) -> None:
    geometry.check(geometry.guess(smiles), molecule.parse(smiles).mol)


@pytest.mark.parametrize("smiles", ["*CC*", "not a molecule", ""])
def test_no_geometry_is_guessed_of_what_is_no_molecule(smiles: str) -> None:
    with pytest.raises(ChemError):
        geometry.guess(smiles)


@pytest.mark.parametrize(
    ("smiles", "said"),
    [("C1#CC1", "finds no geometry for C1#CC1"), ("[Na+].[Cl-]", "guessed for .* is none: Na")],
)
def test_a_guess_that_fails_is_told_from_a_geometry_that_was_given(smiles: str, said: str) -> None:
    with pytest.raises(ChemError, match=said) as caught:
        geometry.guess(smiles)
    assert caught.value.code == "no_geometry"


def test_inchi_names_a_molecule_too() -> None:
    assert molecule.key("InChI=1S/C2H6O/c1-2-3/h3H,2H2,1H3") == molecule.key("CCO")
    with pytest.raises(ChemError, match="InChI"):
        molecule.key("InChI=1S/nonsense")


def test_a_hydrogen_that_is_bound_to_nothing_is_refused() -> None:
    found = geometry.guess("OCC")
    moved = found.positions + np.array([[0]] * 8 + [[20]])
    with pytest.raises(ChemError, match="atom 9 of the geometry, a hydrogen, is bound to no other"):
        geometry.check(geometry.Geometry(found.numbers, moved), molecule.parse("OCC").canonical)


def test_a_number_of_thousands_of_digits_is_no_number_of_atoms() -> None:
    for text in ("9" * 5000 + "\n\nH 0 0 0", "1\n\n" + "1" * 5000 + " 0 0 0"):
        with pytest.raises(ChemError):
            geometry.read(text)
