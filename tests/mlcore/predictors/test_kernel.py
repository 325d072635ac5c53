"""The Gaussian process as a predictor: it learns, does not care how a polymer is written, and says what it lacks."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mlcore import bundle, config
from mlcore.__main__ import main
from mlcore.bundle import Bundle
from mlcore.chem import polymer
from mlcore.data import tables
from mlcore.errors import UserError
from mlcore.evaluation import calibration
from mlcore.predictors import kernel
from mlcore.predictors.protocol import Predictor
from mlcore.run import Run
from tests.mlcore.conftest import SAMPLE, Recorder
from tests.mlcore.predictors.test_polymer_gnn import TEN, ten_rows, write

WHOLE = {"split": {"valid": 0, "test": 0}}
PROPERTIES = [{"name": "sigma", "unit": "S/cm", "scale": "log10"}, {"name": "t"}]


def settings(**changes: Any) -> dict[str, Any]:
    return {
        "architecture": "gaussian-process",
        "device": "cpu",
        "model": {"landmarks": 8},
        "training": {"steps": 20},
        "data": {"properties": PROPERTIES, **WHOLE},
        **changes,
    }


def trained(folder: Path, rows: list[tuple[str, object, object]], told: Recorder | None = None, **more: Any) -> Bundle:
    run_config, events = config.load(settings(**more)), told or Recorder()
    table = tables.read(write(folder, rows), run_config.data, events)
    out = folder / f"bundle{len(list(folder.glob('bundle*')))}"
    return bundle.save(out, run_config, table, kernel.train(Run(run_config, table, events, folder / "checkpoint")))


def many_rows(seed: int = 0) -> list[tuple[str, object, object]]:
    """Chains whose value follows from their lengths, with an error that both properties share."""
    random = np.random.default_rng(seed)
    units = [(a, b, x) for a in range(1, 8) for b in range(a, 8) for x in ("N", "S", "C(F)N", "C(C)S")]
    errors = random.normal(scale=0.1, size=len(units))
    return [
        (f"*{'C' * a}O{'C' * b}{x}*", 10 ** (np.sin((a + b) / 3) + (b - a) / 7 + e), (b - a) / 7 + x.count("N") + e)
        for (a, b, x), e in zip(units, errors, strict=True)
    ]


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return trained(tmp_path_factory.mktemp("small"), ten_rows())


@pytest.fixture(scope="module")
def predictor(small: Bundle) -> Predictor:
    model: Predictor = bundle.open_model(small.path, "predict", "cpu")
    return model


def test_it_overfits_ten_rows_without_noise(tmp_path: Path) -> None:
    """Values that follow from the structure come back; ones that do not are taken for noise."""
    rows = [(f"*{'C' * n}O*", 10.0**-n, n / 10) for n in range(1, 11)]
    found = trained(tmp_path, rows, training={"steps": 200}).activate("cpu").predict([row[0] for row in rows])
    assert np.abs(np.log10(found.mean[:, 0]) + np.arange(1, 11)).max() < 0.1
    assert np.abs(found.mean[:, 1] - np.arange(1, 11) / 10).max() < 0.01


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
    for ours, theirs in ((found.mean, by_key.mean), (found.std, by_key.std), (found.in_domain, by_key.in_domain)):
        np.testing.assert_allclose(ours, np.broadcast_to(ours[0], ours.shape), rtol=1e-9)
        np.testing.assert_allclose(ours, theirs, rtol=1e-9)


def test_neither_company_nor_order_matters(predictor: Predictor) -> None:
    texts = list(TEN)
    together, backward = predictor.predict(texts), predictor.predict(texts[::-1])
    np.testing.assert_allclose(backward.mean[::-1], together.mean, rtol=1e-9)
    np.testing.assert_allclose([predictor.predict([text]).mean[0] for text in texts], together.mean, rtol=1e-9)


def test_refused_structures_do_not_disturb_the_others(predictor: Predictor) -> None:
    found = predictor.predict(["*CCO*", "CCO", "not a polymer", "*CCN*"])
    assert [error is None for error in found.errors] == [True, False, False, True]
    assert np.isnan(found.mean[1:3]).all()
    assert not found.in_domain[1:3].any()
    np.testing.assert_allclose(found.mean[[0, 3]], predictor.predict(["*CCO*", "*CCN*"]).mean, rtol=1e-9)
    assert predictor.predict([]).mean.shape == (0, 2)


def test_the_order_of_the_rows_is_hardly_felt(tmp_path: Path) -> None:
    rows = many_rows()
    first, second = (trained(tmp_path, some).activate("cpu").predict(["*CCOCCN*"]).mean for some in (rows, rows[::-1]))
    np.testing.assert_allclose(second, first, rtol=1e-3)


def test_a_missing_value_teaches_nothing_and_parts_the_properties(tmp_path: Path) -> None:
    rows = many_rows()
    sparse = [(s, a if i % 2 else "", b) for i, (s, a, b) in enumerate(rows)]
    alone = trained(tmp_path, rows, model={"landmarks": 8, "apart": "t"}).activate("cpu").predict(["*CCOCCN*"])
    gaps = trained(tmp_path, sparse)
    found = gaps.activate("cpu").predict(["*CCOCCN*"])
    assert np.isfinite(found.mean).all()
    np.testing.assert_allclose(found.mean[0, 1], alone.mean[0, 1], rtol=1e-3)
    assert [p["training_values"] for p in gaps.manifest.properties] == [56, 112]


def test_what_cannot_be_learned_is_said(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="t: column 't' has the same value in all"):
        trained(tmp_path, [(s, a, 0.3) for s, a, _ in ten_rows()])
    with pytest.raises(
        UserError, match="t: column 't' has 5 values in the rows to learn from; gaussian-process needs at"
    ):
        trained(tmp_path, [(s, a, b if i < 5 else "") for i, (s, a, b) in enumerate(ten_rows())])
    with pytest.raises(UserError, match="too few different structures"):
        trained(tmp_path, [("*CCO*", a, b) for _, a, b in ten_rows()])
    with pytest.raises(UserError, match=r"model\.apart: hue is not among data\.properties"):
        trained(tmp_path, ten_rows(), model={"landmarks": 8, "apart": "t, hue"})
    with pytest.raises(UserError, match="at least one property"):
        trained(tmp_path, ten_rows(), data={})


def test_intervals_hold_on_the_test_rows(tmp_path: Path) -> None:
    told = Recorder()
    data = {"properties": PROPERTIES, "split": {"valid": 0.2, "test": 0.3}}
    found = trained(tmp_path, many_rows(), told, data=data, training={"steps": 60, "report_every": 10})
    metrics = found.manifest.metrics
    assert metrics["sigma"]["test"]["r2"] > 0.9
    assert metrics["sigma"]["valid"]["n"] == found.manifest.split["valid"] > 0
    assert all(metrics[name]["test"]["coverage_90"] > 0.75 for name in ("sigma", "t"))
    curve = [line["value"] for line in told.of("metric")]
    assert len(curve) == 6
    assert curve[-1] < curve[0]


def test_coverage_on_new_structures_of_the_same_kind(tmp_path: Path) -> None:
    rows = many_rows()
    predictor = trained(tmp_path, rows, training={"steps": 60}).activate("cpu")
    fresh = many_rows(seed=1)
    found = predictor.predict([row[0] for row in fresh])
    truth = np.log10([float(str(row[1])) for row in fresh])
    assert 0.8 <= calibration.coverage(truth, np.log10(found.mean[:, 0]), found.std[:, 0]) <= 1


def test_the_same_seed_gives_the_same_model(small: Bundle, tmp_path: Path) -> None:
    again = trained(tmp_path, ten_rows())
    for name, tensor in small.tensors.items():
        torch.testing.assert_close(again.tensors[name], tensor)


def test_the_far_and_the_strange_are_outside(tmp_path: Path) -> None:
    predictor = trained(tmp_path, many_rows()).activate("cpu")
    found = predictor.predict(["*CCOCCCN*", "*CC(*)c1ccccc1", "*CC(Br)OC*"])
    assert found.in_domain.tolist() == [True, False, False]


def test_molecules_are_read_as_they_are(tmp_path: Path) -> None:
    rows = [(f"{'C' * n}{x}", 1e-4 * n, n) for n in range(1, 7) for x in "ON"]
    found = trained(tmp_path, rows, data={"properties": PROPERTIES, "kind": "molecule", **WHOLE})
    predicted = found.activate("cpu").predict(["OCC", "CCO", "*CC*"])
    np.testing.assert_allclose(predicted.mean[0], predicted.mean[1])
    assert predicted.errors[2] is not None


def test_a_bundle_that_does_not_fit_is_refused(small: Bundle, tmp_path: Path) -> None:
    table = tables.read(write(tmp_path, ten_rows()), small.config.data, Recorder())
    good = kernel.train(Run(small.config, table, Recorder(), tmp_path / "checkpoint"))
    for number, wrong in enumerate((
        {name: tensor for name, tensor in good.tensors.items() if name != "process.doubt"},
        {**good.tensors, "anchors.columns": good.tensors["anchors.columns"] + 30_000},
    )):  # fmt: skip
        object.__setattr__(good, "tensors", wrong)
        saved = bundle.save(tmp_path / f"wrong{number}", small.config, table, good)
        with pytest.raises(UserError, match="the weights do not fit the configuration"):
            saved.activate("cpu")


def test_through_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    content = settings(data={"smiles_column": "mol_smiles", "properties": [{"name": "conductivity", "scale": "log10"}]})
    (tmp_path / "config.json").write_text(json.dumps(content))
    ask = ["train", str(tmp_path / "config.json"), "--data", str(SAMPLE)]
    assert main([*ask, "--out", str(tmp_path / "first"), "--resume", "--events"]) == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[-1]["metrics"]["conductivity"]["test"]["n"] > 0
    assert any("no checkpoints" in line.get("message", "") for line in told)
    assert main([*ask, "--out", str(tmp_path / "second"), "--init", str(tmp_path / "first")]) == 2
    assert "a model of gaussian-process cannot be trained further" in capsys.readouterr().err
