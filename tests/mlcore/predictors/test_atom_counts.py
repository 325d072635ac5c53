"""Dressed atoms, alone and as a predictor."""

from pathlib import Path

import numpy as np
import pytest

from mlcore import bundle, config
from mlcore.data import tables
from mlcore.errors import UserError
from mlcore.predictors import atom_counts
from mlcore.predictors.dressed_atoms import DressedAtoms, Formula
from mlcore.run import Run
from tests.mlcore.conftest import Recorder

SMILES = ["C" * n + end for n in range(1, 9) for end in ("", "O", "N", "C#N")]
ATOMS = {"C": -38.0, "O": -75.0, "N": -54.5, "H": -0.6}


def energy(text: str) -> float:
    from rdkit import Chem

    return sum(ATOMS[atom.GetSymbol()] for atom in Chem.AddHs(Chem.MolFromSmiles(text)).GetAtoms())


def trained(
    folder: Path, kind: str = "molecule", more: tuple[str, ...] = (), told: Recorder | None = None
) -> bundle.Bundle:
    source = folder / "table.csv"
    ends = "*" if kind == "polymer" else ""
    lines = [f"{ends}{text}{ends},{energy(text)}\n" for text in SMILES] + [f"{text},-1\n" for text in more]
    source.write_text("smiles,u0\n" + "".join(lines))
    run_config = config.load(
        {"architecture": "dressed-atoms", "data": {"kind": kind, "properties": [{"name": "u0", "unit": "Ha"}]}}
    )
    table = tables.read(source, run_config.data, Recorder())
    return bundle.save(
        folder / "model", run_config, table, atom_counts.train(Run(run_config, table, told or Recorder(), folder / "x"))
    )


def test_energies_of_atoms_are_found_and_add_up(tmp_path: Path) -> None:
    model = trained(tmp_path).activate("cpu")
    unseen = ["CC(N)CO", "NCCO"]
    found = model.predict([*unseen, "not one", "C[Se]C"])
    np.testing.assert_allclose(found.mean[:2, 0], [energy(text) for text in unseen], atol=1e-6)
    assert found.errors[:2] == [None, None]
    assert "Se" in (found.errors[3] or "")
    np.testing.assert_array_equal(model.predict_keys(unseen).mean, found.mean[:2])


def test_held_out_rows_of_strange_elements_are_named(tmp_path: Path) -> None:
    told, strange = Recorder(), ("CCl", "CBr", "CS", "CP", "CI", "C[SiH3]", "CB", "C[SeH]", "C[AsH2]")
    found = trained(tmp_path, more=strange, told=told).manifest.split
    warned = [line["message"] for line in told.of("log") if "no training molecule has" in line["message"]]
    assert found["train"] + found["valid"] + found["test"] + len(warned) == len(SMILES) + len(strange)
    assert warned


def test_a_polymer_has_no_energy(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r'data.kind: .* "molecule"'):
        trained(tmp_path, "polymer")


def test_a_value_that_is_missing_teaches_nothing_and_ties_are_shared() -> None:
    molecules = [Formula(np.array(numbers)) for numbers in ([6, 1], [6, 6, 1, 1], [8], [8, 8])]
    targets = np.array([[3.0, 1.0], [6.0, np.nan], [1.0, 2.0], [np.nan, 4.0]])
    found = DressedAtoms.fit(molecules, targets)
    assert found.elements.tolist() == [1, 6, 8]
    np.testing.assert_allclose(found.contributions, [[1.5, 0.5], [1.5, 0.5], [1.0, 2.0]])
    np.testing.assert_allclose(found([Formula(np.array([6, 8]))]), [[2.5, 2.5]])
