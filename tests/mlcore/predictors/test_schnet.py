"""SchNet: it learns, does not care where a molecule lies, takes over what another learned, and says what it refuses."""

import csv
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rdkit import Chem

from mlcore import bundle, config
from mlcore.__main__ import main
from mlcore.bundle import Bundle
from mlcore.chem import geometry
from mlcore.chem.geometry import Geometry
from mlcore.commands import predict
from mlcore.data import tables
from mlcore.data.geometries import Geometries
from mlcore.errors import UserError
from mlcore.predictors import schnet, usable
from mlcore.predictors.protocol import Given, Predictor
from mlcore.run import Run
from tests.mlcore.conftest import Recorder
from tests.mlcore.predictors.test_delta import written

SMILES = ["CC", "CCO", "COC", "CCN", "CC=O", "OCCO", "CCCO", "NCC=O", "C#CC", "CC(C)O"]
ENERGIES = {text: -1.1 * len(text) + 0.3 * number for number, text in enumerate(SMILES)}
SMALL = {"members": 2, "width": 16, "interactions": 2, "gaussians": 12, "landmarks": 8}


def settings(**changes: Any) -> dict[str, Any]:
    data = {"kind": "molecule", "geometry_column": "xyz", "properties": [{"name": "energy", "unit": "Ha"}]}
    split = {"split": {"valid": 0, "test": 0}}
    training = {"steps": 10, "batch_size": 10, "learning_rate": 5e-3, "ema": 0.0}
    base = {"architecture": "schnet", "device": "cpu", "model": SMALL, "training": training, "data": data | split}
    return base | changes


def trained(folder: Path, rows: list[list[object]], told: Recorder, init: Bundle | None = None, **more: Any) -> Bundle:
    run_config = config.load(settings(**more), init.config if init else None)
    table = tables.read(written(folder / "table.csv", rows, ["smiles", "xyz", "energy"]), run_config.data, told)
    out = folder / f"bundle{len(list(folder.glob('bundle*')))}"
    run = Run(run_config, table, told, folder / "checkpoint", init)
    return bundle.save(out, run_config, table, schnet.train(run), init.digest if init else None)


def ten_rows() -> list[list[object]]:
    return [[text, geometry.guess(text).to_xyz(), energy] for text, energy in ENERGIES.items()]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("small"), ten_rows(), Recorder())


@pytest.fixture(scope="module")
def predictor(small: Bundle) -> Predictor:
    model: Predictor = bundle.open_model(small.path, "predict", "cpu")
    return model


def test_it_overfits_ten_rows(tmp_path: Path, recorder: Recorder) -> None:
    training = {"steps": 400, "batch_size": 10, "learning_rate": 5e-3, "ema": 0.0}
    found = trained(tmp_path, ten_rows(), recorder, training=training)
    given = Given(geometries=[geometry.guess(text) for text in SMILES])
    mean = found.activate("cpu").predict(SMILES, given).mean[:, 0]
    np.testing.assert_allclose(mean, list(ENERGIES.values()), atol=0.03)


def test_it_begins_with_dressed_atoms(tmp_path: Path, recorder: Recorder) -> None:
    rows: list[list[object]] = [[text, "", 2.0 * _carbons(text) - 3.0 * text.count("O")] for text in SMILES]
    training = {"steps": 1, "learning_rate": 0.0}
    found = trained(tmp_path, rows, recorder, training=training).activate("cpu").predict(["OCCCO"])
    assert found.mean[0, 0] == pytest.approx(0, abs=0.05)
    assert "10 of 10 geometries are not given" in " ".join(line["message"] for line in recorder.of("log"))


def _carbons(smiles: str) -> int:
    return sum(atom.GetAtomicNum() == 6 for atom in Chem.MolFromSmiles(smiles).GetAtoms())


def test_neither_place_nor_direction_nor_order_matters(predictor: Predictor) -> None:
    here = geometry.guess("NCC=O")
    turned, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(3, 3)))
    order = np.random.default_rng(1).permutation(len(here.numbers))
    there = Geometry(here.numbers[order], (here.positions @ turned + 7)[order])
    found = predictor.predict(["NCC=O"] * 2, Given(geometries=[here, there])).mean
    assert found[0, 0] == pytest.approx(found[1, 0], abs=1e-5)


def test_the_shape_of_a_molecule_matters(predictor: Predictor) -> None:
    here = geometry.guess("CCO")
    stretched = Geometry(here.numbers, here.positions * 1.05)
    found = predictor.predict(["CCO"] * 2, Given(geometries=[here, stretched])).mean
    assert abs(found[0, 0] - found[1, 0]) > 1e-4


def test_three_bad_rows_among_others_are_named(predictor: Predictor) -> None:
    overlapping = "3\n\nO 0 0 0\nH 0 0 0.1\nH 0 0 1\n"
    texts = ["CCO", "[CH3]", "CCBr", "O", "CCO", "*CC*"]
    blocks = ["", "", "", overlapping, geometry.guess("COC").to_xyz(), ""]
    found = predictor.predict(texts, Given(geometries=blocks))
    said = ["", "radical", "Br", "overlapping", "not joined", "\\*"]
    assert found.errors[0] is None
    for error, part in zip(found.errors[1:], said[1:], strict=True):
        assert error
        assert part.strip("\\") in error
    assert np.isfinite(found.mean[0]).all()
    assert np.isnan(found.mean[1:]).all()


def test_the_command_line_keeps_the_digits_and_tells_guessed_geometries(tmp_path: Path, small: Bundle) -> None:
    block = geometry.guess("CCO").to_xyz()
    source = written(tmp_path / "in.csv", [["CCO", block], ["CCO", ""], ["CC", block]], ["smiles", "xyz"])
    assert main(["predict", str(small.path), str(source), "--out", str(tmp_path / "out.csv")]) == 0
    with (tmp_path / "out.csv").open(newline="") as file:
        found = list(csv.DictReader(file))
    assert [row["geometry"] for row in found] == ["given", "guessed", ""]
    assert list(found[0])[-3:] == ["geometry", "out_of_domain", "error"]
    assert predict._digits(-338.2689741, 1e-4, "linear") == "-338.2689741"
    assert predict._digits(5.4321987e-5, 0.1, "log10") == "5.4322e-05"


def test_an_answer_does_not_depend_on_the_others(predictor: Predictor) -> None:
    given = [geometry.guess(text) for text in SMILES]
    together = predictor.predict(SMILES, Given(geometries=given)).mean
    alone = [predictor.predict([t], Given(geometries=[g])).mean[0] for t, g in zip(SMILES, given, strict=True)]
    np.testing.assert_allclose(together, alone, atol=1e-5)
    assert predictor.predict([]).mean.shape == (0, 1)


def test_what_atoms_are_is_taken_over_by_another_training(tmp_path: Path, small: Bundle, recorder: Recorder) -> None:
    training = {"steps": 1, "learning_rate": 0.0}
    model = {"members": 3}
    found = trained(tmp_path, ten_rows(), recorder, small, training=training, model=model)
    before, after = small.tensors, found.tensors
    for member, parent in ((0, 0), (1, 1), (2, 0)):
        for name in ("atoms.weight", "interactions.1.filter.0.weight"):
            torch.testing.assert_close(
                after[f"network.members.{member}.{name}"], before[f"network.members.{parent}.{name}"]
            )
    assert found.manifest.parent == small.digest
    assert "started from the representation" in (found.path / "card.md").read_text()


def test_a_child_of_another_shape_is_refused(tmp_path: Path, small: Bundle, recorder: Recorder) -> None:
    with pytest.raises(UserError, match=r"model\.width is 32, the parent has 16"):
        trained(tmp_path, ten_rows(), recorder, small, model={"width": 32})


def test_the_same_energy_everywhere_cannot_be_learned(tmp_path: Path, recorder: Recorder) -> None:
    rows: list[list[object]] = [[text, "", 1.0] for text in SMILES]
    with pytest.raises(UserError, match="nothing to learn"):
        trained(tmp_path, rows, recorder)


def test_batches_hold_the_molecules_that_were_asked_for() -> None:
    clouds = Geometries.of([geometry.guess(text) for text in SMILES], 3.0)
    batch = clouds.batch([3, 0, 3])
    assert batch.num_graphs == 3
    sizes = torch.bincount(batch.molecule).tolist()
    assert sizes == [len(geometry.guess(SMILES[i]).numbers) for i in (3, 0, 3)]
    assert (batch.molecule[batch.first] == batch.molecule[batch.second]).all()
    assert (batch.distances < 3.0).all()
    alone = clouds.batch([3])
    torch.testing.assert_close(batch.distances[-len(alone.distances) :], alone.distances)


def test_the_configuration_of_a_bundle_reads_back(small: Bundle) -> None:
    kept = json.loads((small.path / "manifest.json").read_text())
    assert kept["config"]["model"]["cutoff"] == 5.0
    assert kept["properties"][0]["name"] == "energy"


def test_what_cannot_be_learned_from_is_refused_or_left_out(tmp_path: Path, recorder: Recorder) -> None:
    with pytest.raises(UserError, match=r"no molecule of the table has a geometry; the first: .*CH3.*radical"):
        trained(tmp_path, [["[CH3]", "", 1.0], ["C[CH2]", "", 2.0]], recorder)
    polymers = {"kind": "polymer", "properties": [{"name": "energy"}]}
    with pytest.raises(UserError, match="only a molecule has a geometry"):
        trained(
            tmp_path,
            [[f"*{text}*", "", 1.0 * n] for n, text in enumerate(("CC", "CO", "CCO"))],
            recorder,
            data=polymers,
        )
    rows = [*ten_rows(), *([text, "", 1.0] for text in ("CS", "CCS", "CSC", "CCSC"))]
    for seed in range(20):  # until sulfur is held out alone
        run_config = config.load(settings(data=settings()["data"] | {"split": {"valid": 0.1, "test": 0.1}}, seed=seed))
        table = tables.read(written(tmp_path / "s.csv", rows, ["smiles", "xyz", "energy"]), run_config.data, recorder)
        run = Run(run_config, table, recorder, tmp_path / "checkpoint")
        run, found, split = usable.in_space(run)
        seen = {int(z) for row in split.train for z in found[row].numbers}
        assert all({int(z) for z in found[row].numbers} <= seen for row in (*split.valid, *split.test))


def test_a_molecule_without_a_geometry_costs_its_row_alone(tmp_path: Path, recorder: Recorder, small: Bundle) -> None:
    radicals = [["C[CH2]", "", 5.0], ["[CH3]", "", 6.0]]
    impossible = ["C1#CC1", "", 7.0]
    rows = [radicals[0], *ten_rows()[:5], impossible, *ten_rows()[5:], radicals[1]]
    found = trained(tmp_path, rows, recorder)
    warned = [line["message"] for line in recorder.of("log") if "left out" in line["message"]]
    assert [text.split(":")[0] for text in warned] == ["C[CH2]", "C1#CC1", "[CH3]"]
    assert "radical" in warned[0]
    assert found.manifest.split == small.manifest.split  # that of the ten rows
    assert "for want of a geometry: 3 rows" in (found.path / "card.md").read_text()
    assert "for want of a geometry" not in (small.path / "card.md").read_text()
    torch.testing.assert_close(dict(found.tensors), dict(small.tensors))
