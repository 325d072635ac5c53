"""The polymer network: it learns, does not care how a polymer is written, and refuses what cannot be learned."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from rdkit import Chem

from mlcore import bundle, config
from mlcore.bundle import Bundle
from mlcore.chem import polymer
from mlcore.data import tables
from mlcore.data.graphs import featurise
from mlcore.errors import UserError
from mlcore.events import Events
from mlcore.predictors import fitting, gine, polymer_gnn
from mlcore.predictors.protocol import Predictor
from mlcore.run import Run

TEN = {
    "*CCO*": 1e-4, "*OCOC(=O)*": 3e-5, "*CC(C)OC(=O)N*": 8e-6, "*CCN*": 2e-4, "*CC(F)(F)CO*": 5e-5,
    "*CC(*)C#N": 1e-6, "*OCCOC(=O)CS*": 6e-4, "*NCC(=O)*": 2e-6, "*CC(Cl)COC(=O)O*": 4e-5, "*CCCC(=O)O*": 9e-5,
}  # fmt: skip
TINY = {"members": 2, "width": 16, "layers": 2, "dropout": 0.0, "landmarks": 8}


def settings(**changes: Any) -> dict[str, Any]:
    return {
        "architecture": "polymer-gnn",
        "device": "cpu",
        "model": TINY,
        "training": {"steps": 20, "batch_size": 8, "warmup_steps": 5, "valid_every": 10},
        "data": {"properties": [{"name": "sigma", "unit": "S/cm", "scale": "log10"}, {"name": "t"}]},
        **changes,
    }


def write(folder: Path, rows: list[tuple[str, object, object]]) -> Path:
    path = folder / "data.csv"
    path.write_text("smiles,sigma,t\n" + "".join(f"{s},{a},{b}\n" for s, a, b in rows))
    return path


def ten_rows() -> list[tuple[str, object, object]]:
    return [(text, sigma, number / 10) for number, (text, sigma) in enumerate(TEN.items())]


def trained(folder: Path, rows: list[tuple[str, object, object]], init: Bundle | None = None, **changes: Any) -> Bundle:
    run_config = config.load(settings(**changes))
    table = tables.read(write(folder, rows), run_config.data, Events())
    run = Run(run_config, table, Events(), folder / "checkpoint", init)
    out = folder / f"bundle{len(list(folder.glob('bundle*')))}"
    return bundle.save(out, run_config, table, polymer_gnn.train(run))


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("small"), ten_rows())


@pytest.fixture(scope="module")
def predictor(small: Bundle) -> Predictor:
    return bundle.open_model(small.path, "predict", "cpu")


def test_it_overfits_ten_rows(tmp_path: Path) -> None:
    training = {"steps": 150, "batch_size": 10, "learning_rate": 1e-2, "warmup_steps": 10, "weight_decay": 0.0}
    whole = settings()["data"] | {"split": {"valid": 0, "test": 0}}
    model = TINY | {"members": 1, "width": 32}
    found = trained(tmp_path, ten_rows(), training=training, data=whole, model=model)
    mean = bundle.open_model(found.path, "predict", "cpu").predict(list(TEN)).mean
    assert np.abs(np.log10(mean[:, 0]) - np.log10(list(TEN.values()))).max() < 0.15
    assert np.abs(mean[:, 1] - np.arange(10) / 10).max() < 0.05


@pytest.mark.parametrize(
    "same",
    [
        ("*CCO*", "*COC*", "*OCC*", "*CCOCCO*", "[*:1]CCO[*:2]", "[Cu]OCC[Au]"),
        ("*OC(=O)NCC(C)*", "*C(C)CNC(=O)O*", "*NCC(C)OC(=O)*"),
        ("*C*", "*CC*", "*CCCCCCCCCCCC*"),
        ("*CC(*)c1ccccc1", "*C(C*)c1ccccc1", "c1ccccc1C(*)C*"),
    ],
)
def test_cut_direction_and_doubling_do_not_matter(predictor: Predictor, same: tuple[str, ...]) -> None:
    found = predictor.predict(same)
    for values in (found.mean, found.std, found.in_domain):
        np.testing.assert_allclose(values, np.broadcast_to(values[0], values.shape), rtol=1e-5)


def test_fused_normalisations_and_combined_categories_change_no_answer(small: Bundle) -> None:
    graphs = featurise([Chem.MolFromSmiles(polymer.key(text)) for text in TEN])
    plain = polymer_gnn._network(small.config.model, 2)
    small.fill(plain, polymer_gnn._weights(small.tensors))
    for layer in (layer for member in plain.members for layer in member.layers):
        codes = torch.from_numpy(graphs.bonds.astype(np.int64))
        torch.testing.assert_close(layer.bonds(codes), gine.Categories.forward(layer.bonds, codes))
        assert layer.finish[0].running_var.std() > 1e-3  # there is something to fuse
    expected, std, _ = plain.eval().score(graphs, torch.device("cpu"))
    found = small.activate("cpu").predict(list(TEN))
    np.testing.assert_allclose(np.log10(found.mean[:, 0]), expected[:, 0], atol=1e-5)
    np.testing.assert_allclose(found.std, std, rtol=1e-5)


def test_neither_company_nor_order_matters(predictor: Predictor) -> None:
    texts = list(TEN)
    together, backward = predictor.predict(texts), predictor.predict(texts[::-1])
    alone = [predictor.predict([text]) for text in texts]
    np.testing.assert_allclose(backward.mean[::-1], together.mean, rtol=1e-5)
    np.testing.assert_allclose(np.concatenate([found.mean for found in alone]), together.mean, rtol=1e-5)
    np.testing.assert_allclose(np.concatenate([found.std for found in alone]), together.std, rtol=1e-4)


def test_refused_structures_do_not_disturb_the_others(predictor: Predictor) -> None:
    found = predictor.predict(["*CCO*", "CCO", "not a polymer", "*CCN*"])
    assert [error is None for error in found.errors] == [True, False, False, True]
    assert "chain ends" in (found.errors[1] or "")
    assert np.isnan(found.mean[1:3]).all()
    assert np.isnan(found.std[1:3]).all()
    assert not found.in_domain[1:3].any()
    np.testing.assert_allclose(found.mean[[0, 3]], predictor.predict(["*CCO*", "*CCN*"]).mean, rtol=1e-5)


def test_nothing_readable_and_nothing_at_all(predictor: Predictor) -> None:
    assert predictor.predict([]).mean.shape == (0, 2)
    assert np.isnan(predictor.predict(["CCO"]).mean).all()


def test_a_missing_value_teaches_nothing() -> None:
    predicted = torch.randn(4, 2, requires_grad=True)
    target = torch.tensor([[1.0, torch.nan], [torch.nan, torch.nan], [0.0, 2.0], [1.0, torch.nan]])
    loss = fitting.over_known(torch.nn.functional.mse_loss, predicted, target)
    loss.backward()
    assert predicted.grad is not None
    assert torch.equal(predicted.grad != 0, target.isfinite())
    first = (predicted[[0, 2, 3], 0] - target[[0, 2, 3], 0]).square().mean()
    assert loss.item() == pytest.approx(((first + (predicted[2, 1] - 2).square()) / 2).item())


def test_sparse_tables_train(tmp_path: Path) -> None:
    rows = [(s, a if i % 2 else "", b if i % 3 else "") for i, (s, a, b) in enumerate(ten_rows())]
    found = trained(tmp_path, rows)
    counts = [entry["training_values"] for entry in found.manifest.properties]
    assert sum(counts) < 11
    assert np.isfinite(bundle.open_model(found.path, "predict", "cpu").predict(list(TEN)).mean).all()


def test_the_same_seed_gives_the_same_model(small: Bundle, tmp_path: Path) -> None:
    again, other = trained(tmp_path, ten_rows()), trained(tmp_path, ten_rows(), seed=1)
    assert all(torch.equal(again.tensors[name], tensor) for name, tensor in small.tensors.items())
    assert any(not torch.equal(other.tensors[name], tensor) for name, tensor in small.tensors.items())


def test_members_differ(small: Bundle) -> None:
    weights = [small.tensors[f"network.members.{number}.mean.1.weight"] for number in (0, 1)]
    assert not torch.equal(*weights)


def test_training_goes_on_from_another_model(small: Bundle, tmp_path: Path) -> None:
    still = trained(tmp_path, ten_rows(), init=small, training={"steps": 1, "learning_rate": 0.0, "warmup_steps": 0})
    name = "network.members.0.mean.4.weight"
    assert torch.equal(still.tensors[name], small.tensors[name])
    assert torch.equal(still.tensors["network.target_mean"], small.tensors["network.target_mean"])


def test_a_model_of_other_properties_is_no_start(small: Bundle, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"sigma \(log10\), t \(linear\) cannot start .* t \(linear\)"):
        trained(tmp_path, ten_rows(), init=small, data={"properties": [{"name": "t"}]})


def test_a_model_of_another_shape_is_no_start(small: Bundle, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"model\.width is 8, the parent has 16"):
        trained(tmp_path, ten_rows(), init=small, model=TINY | {"width": 8})


@pytest.mark.parametrize(
    ("t", "message"),
    [
        ("", "t: column 't' has no value in the training rows"),
        (0.3, "t: column 't' has the same value in all 10 training rows"),
    ],
)
def test_a_property_without_anything_to_learn(tmp_path: Path, t: object, message: str) -> None:
    data = settings()["data"] | {"split": {"valid": 0, "test": 0}}
    with pytest.raises(UserError, match=message):
        trained(tmp_path, [(s, a, t) for s, a, _ in ten_rows()], data=data)


def test_no_property_at_all(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="at least one property"):
        trained(tmp_path, ten_rows(), data={})


def test_a_negative_value_on_a_log_axis_is_named_and_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = trained(tmp_path, [("*CC(C)CO*", -3, 0.5), *ten_rows()])
    assert "row 2: '-3': sigma must be positive on a log10 axis" in capsys.readouterr().err
    assert found.manifest.training_data["rows"] == 11


def test_the_manifest_says_how_good_it_is(small: Bundle) -> None:
    entry = small.manifest.properties[0]
    assert (entry["name"], entry["unit"], entry["scale"], entry["std_scale"]) == ("sigma", "S/cm", "log10", "log10")
    assert 1e-6 <= entry["minimum"] < entry["maximum"] <= 6e-4
    for part in ("valid", "test"):
        measured = small.manifest.metrics["sigma"][part]
        assert measured["n"] == small.manifest.split[part]
        assert {"mae", "r2", "spearman", "coverage_90"} <= set(measured)


def test_too_few_values_to_calibrate_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = trained(tmp_path, ten_rows())
    assert "too few to calibrate" in capsys.readouterr().err
    assert found.tensors["network.calibration"].tolist() == [1.0, 1.0]


def test_calibration_makes_validation_intervals_hold(tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    rows = [
        (f"*{'C' * a}O{'C' * b}N*", float(10 ** random.normal()), float(random.normal()))
        for a in range(1, 9)
        for b in range(a, 9)
    ]
    data = settings()["data"] | {"split": {"valid": 0.4, "test": 0.1}}
    found = trained(tmp_path, rows, data=data)
    valid = found.manifest.metrics["t"]["valid"]
    assert valid["n"] >= 9
    assert 0.9 <= valid["coverage_90"] <= 1


def test_molecules_are_read_as_they_are(tmp_path: Path) -> None:
    rows = [
        (text, 1e-4 * (i + 1), i) for i, text in enumerate(["CCO", "CCN", "c1ccccc1", "CC(=O)C", "COC", "[Li+].[Cl-]"])
    ]
    found = trained(tmp_path, rows, data=settings()["data"] | {"kind": "molecule"})
    predicted = bundle.open_model(found.path, "predict", "cpu").predict(["OCC", "CCO", "*CC*"])
    assert predicted.mean[0].tolist() == predicted.mean[1].tolist()
    assert predicted.errors[2] is not None


def test_half_the_digits_are_half_the_file_and_say_the_same(small: Bundle, tmp_path: Path) -> None:
    training = {"steps": 20, "batch_size": 8, "warmup_steps": 5, "valid_every": 10, "stored": "float16"}
    halved = trained(tmp_path, ten_rows(), training=training)
    sizes = [(one.path / "model.safetensors").stat().st_size for one in (halved, small)]
    assert sizes[0] < 0.65 * sizes[1]
    kinds = {tensor.dtype for name, tensor in halved.tensors.items() if name.startswith("network.members")}
    assert kinds == {torch.float16, torch.int64}
    answers = [one.activate("cpu").predict(list(TEN)).mean for one in (halved, small)]
    assert np.allclose(answers[0], answers[1], rtol=0.02)
    assert not np.array_equal(answers[0], answers[1])
