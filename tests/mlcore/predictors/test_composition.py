"""What baselines are to be expected of a composition."""

import numpy as np
from rdkit import Chem

from mlcore.config import PropertyConfig
from mlcore.data.splits import by_key
from mlcore.data.tables import Table
from mlcore.predictors import composition
from mlcore.predictors.composition import LEAST, Composition
from mlcore.predictors.dressed_atoms import Formula

SMILES = ["C" * n + end for n in range(1, 10) for end in ("", "O", "C#N")]
FORMULAS = [Formula.of(Chem.MolFromSmiles(text)) for text in SMILES]
ENERGIES = np.array([-0.5 * len(one.numbers) - 0.1 * number % 0.3 for number, one in enumerate(FORMULAS)])


def test_values_of_other_molecules_do_not_agree() -> None:
    found = Composition.fit(FORMULAS, ENERGIES)
    assert found is not None
    assert found.agrees(FORMULAS, ENERGIES).all()
    assert found.limit < 1
    wrong = np.roll(ENERGIES, 9)
    assert not found.agrees(FORMULAS, wrong)[np.abs(wrong - ENERGIES) > 1.5].any()
    assert not found.agrees(FORMULAS, np.full(len(FORMULAS), -1e9)).any()


def test_what_cannot_be_judged_agrees() -> None:
    found = Composition.fit(FORMULAS, ENERGIES)
    assert found is not None
    strange = Formula.of(Chem.MolFromSmiles("CCl"))
    assert found.agrees([strange, FORMULAS[0]], np.array([-1e9, np.nan])).all()
    assert found.agrees([], np.empty(0)).shape == (0,)


def test_few_values_say_nothing() -> None:
    few = np.where(np.arange(len(SMILES)) < LEAST - 1, ENERGIES, np.nan)
    assert Composition.fit(FORMULAS, few) is None
    elements = [Formula(np.array([number])) for number in range(1, LEAST + 1)]
    assert Composition.fit(elements, np.arange(LEAST, dtype=np.float64)) is None


def test_an_entry_reads_back() -> None:
    found = Composition.fit(FORMULAS, ENERGIES)
    assert found is not None
    again = Composition.read(found.as_json())
    assert again is not None
    assert again.limit == found.limit
    np.testing.assert_array_equal(again.dressed(FORMULAS), found.dressed(FORMULAS))
    assert Composition.read({"name": "u0"}) is None


def test_only_baselines_of_molecules_are_learned() -> None:
    properties = (PropertyConfig("u0", baseline="cheap"), PropertyConfig("gap"))
    values = np.stack([ENERGIES, ENERGIES], axis=1)
    beside = np.stack([ENERGIES, np.full(len(SMILES), np.nan)], axis=1)
    for kind, names in (("molecule", ["baseline_atoms", "baseline_limit"]), ("polymer", [])):
        table = Table(SMILES, SMILES, SMILES, values, properties, [], [], "", beside, kind=kind)
        found = composition.learned(table, by_key(SMILES, 0, 0, 0))
        assert [list(entry) for entry in found] == [names, []]
