"""Boosted trees as a predictor: they learn, do not care how a polymer is written, and go through the command line."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.torch
import torch

from mlcore import bundle, config
from mlcore.__main__ import main
from mlcore.bundle import Bundle
from mlcore.chem import polymer
from mlcore.data import tables
from mlcore.errors import UserError
from mlcore.predictors import trees
from mlcore.predictors.protocol import Predictor
from mlcore.run import Run
from tests.mlcore.conftest import SAMPLE, Recorder
from tests.mlcore.predictors.test_polymer_gnn import TEN, ten_rows, write

SMALL = {"leaves": 4, "least_in_leaf": 1, "least": 1, "landmarks": 8, "columns": 1.0, "l2": 0.0}
WHOLE = {"split": {"valid": 0, "test": 0}}
PROPERTIES = [{"name": "sigma", "unit": "S/cm", "scale": "log10"}, {"name": "t"}]


def settings(**changes: Any) -> dict[str, Any]:
    return {
        "architecture": "trees",
        "device": "cpu",
        "model": SMALL,
        "training": {"steps": 20, "learning_rate": 0.3, "valid_every": 5},
        "data": {"properties": PROPERTIES},
        **changes,
    }


def trained(folder: Path, rows: list[tuple[str, object, object]], told: Recorder | None = None, **more: Any) -> Bundle:
    run_config = config.load(settings(**more))
    events = told or Recorder()
    table = tables.read(write(folder, rows), run_config.data, events)
    out = folder / f"bundle{len(list(folder.glob('bundle*')))}"
    return bundle.save(out, run_config, table, trees.train(Run(run_config, table, events, folder / "checkpoint")))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("small"), ten_rows())


@pytest.fixture(scope="module")
def predictor(small: Bundle) -> Predictor:
    model: Predictor = bundle.open_model(small.path, "predict", "cpu")
    return model


def test_it_overfits_ten_rows(tmp_path: Path) -> None:
    training = {"steps": 200, "learning_rate": 0.3}
    found = trained(tmp_path, ten_rows(), training=training, data={"properties": PROPERTIES, **WHOLE})
    mean = found.activate("cpu").predict(list(TEN)).mean
    assert np.abs(np.log10(mean[:, 0]) - np.log10(list(TEN.values()))).max() < 0.01
    assert np.abs(mean[:, 1] - np.arange(10) / 10).max() < 0.01


@pytest.mark.parametrize(
    "same",
    [
        ("*CCO*", "*COC*", "*OCC*", "*CCOCCO*", "[*:1]CCO[*:2]", "[Cu]OCC[Au]"),
        ("*C*", "*CC*", "*CCCCCCCCCCCC*"),
        ("*CC(*)c1ccccc1", "*C(C*)c1ccccc1", "c1ccccc1C(*)C*"),
    ],
)
def test_cut_direction_and_doubling_do_not_matter(predictor: Predictor, same: tuple[str, ...]) -> None:
    found = predictor.predict(same)
    by_key = predictor.predict_keys([polymer.key(text) for text in same])
    for ours, theirs in zip(
        (found.mean, found.std, found.in_domain), (by_key.mean, by_key.std, by_key.in_domain), strict=True
    ):
        np.testing.assert_array_equal(ours, np.broadcast_to(ours[0], ours.shape))
        np.testing.assert_array_equal(ours, theirs)


def test_neither_company_nor_order_matters(predictor: Predictor) -> None:
    texts = list(TEN)
    together, backward = predictor.predict(texts), predictor.predict(texts[::-1])
    np.testing.assert_array_equal(backward.mean[::-1], together.mean)
    np.testing.assert_array_equal([predictor.predict([text]).mean[0] for text in texts], together.mean)


def test_refused_structures_do_not_disturb_the_others(predictor: Predictor) -> None:
    found = predictor.predict(["*CCO*", "CCO", "not a polymer", "*CCN*"])
    assert [error is None for error in found.errors] == [True, False, False, True]
    assert np.isnan(found.mean[1:3]).all()
    assert np.isnan(found.std[1:3]).all()
    assert not found.in_domain[1:3].any()
    np.testing.assert_array_equal(found.mean[[0, 3]], predictor.predict(["*CCO*", "*CCN*"]).mean)
    assert predictor.predict([]).mean.shape == (0, 2)
    assert np.isnan(predictor.predict(["CCO"]).mean).all()


def test_a_missing_value_teaches_nothing(tmp_path: Path) -> None:
    whole = {"properties": PROPERTIES, **WHOLE}
    sparse = [(s, a if i % 2 else "", b) for i, (s, a, b) in enumerate(ten_rows())]
    with_gaps, without = (trained(tmp_path, rows, data=whole) for rows in (sparse, ten_rows()))
    known = trained(tmp_path, [row for row in sparse if row[1]], data=whole)
    means = [found.activate("cpu").predict(list(TEN)).mean for found in (with_gaps, without, known)]
    np.testing.assert_allclose(means[0][:, 1], means[1][:, 1])
    assert not np.allclose(means[0][:, 0], means[1][:, 0])
    assert with_gaps.manifest.properties[0]["training_values"] == known.manifest.properties[0]["training_values"] == 5


def test_the_same_seed_gives_the_same_model(small: Bundle, tmp_path: Path) -> None:
    again = trained(tmp_path, ten_rows())
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in small.tensors.items())


def test_a_property_without_anything_to_learn(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="t: column 't' has the same value in all"):
        trained(tmp_path, [(s, a, 0.3) for s, a, _ in ten_rows()])
    with pytest.raises(UserError, match="at least one property"):
        trained(tmp_path, ten_rows(), data={})


def many_rows() -> list[tuple[str, object, object]]:
    random = np.random.default_rng(0)
    units = [(a, b) for a in range(1, 9) for b in range(a, 9)]
    return [(f"*{'C' * a}O{'C' * b}N*", float(10 ** (a + random.normal(scale=0.2))), b / a) for a, b in units]


def test_intervals_hold_on_the_validation_rows_and_the_best_round_is_kept(tmp_path: Path) -> None:
    told = Recorder()
    data = {"properties": PROPERTIES, "split": {"valid": 0.4, "test": 0.2}}
    found = trained(tmp_path, many_rows(), told, data=data)
    valid = found.manifest.metrics["sigma"]["valid"]
    assert valid["n"] == found.manifest.split["valid"] >= 9
    assert 0.9 <= valid["coverage_90"] <= 1
    assert {"mae", "r2", "spearman", "in_domain"} <= set(found.manifest.metrics["t"]["test"])
    curve = [(line["split"], line["step"]) for line in told.of("metric")]
    assert curve == [(part, step) for part in ("train", "valid") for step in (5, 10, 15, 20)]
    assert found.tensors["forest.trees"].max() <= 20
    std = found.activate("cpu").predict(["*CO*", "*CCON*"]).std
    np.testing.assert_array_equal(std[0], std[1])


def test_too_few_values_to_calibrate_are_said_and_std_is_that_of_the_values(tmp_path: Path) -> None:
    told = Recorder()
    found = trained(tmp_path, ten_rows(), told)
    assert any("too few to calibrate" in line["message"] for line in told.of("log"))
    assert torch.equal(found.tensors["scale.std"], found.tensors["scale.unit"])
    assert "Rounds kept: sigma 20, t 20." in (found.path / "card.md").read_text()


def test_molecules_are_read_as_they_are(tmp_path: Path) -> None:
    rows = [(text, 1e-4 * (i + 1), i) for i, text in enumerate(["CCO", "CCN", "c1ccccc1", "CC(=O)C", "COC", "CCS"])]
    found = trained(tmp_path, rows, data={"properties": PROPERTIES, "kind": "molecule", **WHOLE})
    predicted = found.activate("cpu").predict(["OCC", "CCO", "*CC*"])
    assert predicted.mean[0].tolist() == predicted.mean[1].tolist()
    assert predicted.errors[2] is not None


def test_a_bundle_whose_trees_do_not_fit_is_refused(small: Bundle, tmp_path: Path) -> None:
    run_config, tensors = small.config, small.tensors
    table = tables.read(write(tmp_path, ten_rows()), run_config.data, Recorder())
    good = trees.train(Run(run_config, table, Recorder(), tmp_path / "checkpoint"))
    for number, wrong in enumerate((
        {name: tensor for name, tensor in tensors.items() if name != "forest.leaf"},
        tensors | {"forest.feature": tensors["forest.feature"] + 30_000},
    )):  # fmt: skip
        object.__setattr__(good, "tensors", wrong)
        saved = bundle.save(tmp_path / f"wrong{number}", run_config, table, good)
        with pytest.raises(UserError, match="the weights do not fit the configuration"):
            saved.activate("cpu")
    assert safetensors.torch.load((small.path / "model.safetensors").read_bytes()).keys() == tensors.keys()


def test_through_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = settings(data={"smiles_column": "mol_smiles", "properties": [{"name": "conductivity", "scale": "log10"}]})
    (tmp_path / "config.json").write_text(json.dumps(content))
    ask = ["train", str(tmp_path / "config.json"), "--data", str(SAMPLE)]
    assert main([*ask, "--out", str(tmp_path / "first"), "--resume", "--events"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[-1]["metrics"]["conductivity"]["test"]["n"] > 0
    assert [line["step"] for line in told if line["event"] == "progress" and line["text"] == "training"] == [0, 1]
    assert any("no checkpoints" in line.get("message", "") for line in told)
    out = tmp_path / "out.csv"
    assert (
        main(["predict", str(tmp_path / "first"), str(SAMPLE), "--smiles-column", "mol_smiles", "--out", str(out)]) == 0
    )
    assert "conductivity_std" in out.read_text().splitlines()[0]
    capsys.readouterr()
    assert main([*ask, "--out", str(tmp_path / "second"), "--init", str(tmp_path / "first")]) == 2
    assert capsys.readouterr().err == "error: a model of trees cannot be trained further; start anew on all the data\n"
    assert not (tmp_path / "second").exists()
