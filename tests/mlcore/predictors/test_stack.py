"""The stack: its weights, its members, and what it says about itself."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from mlcore import bundle, config
from mlcore.bundle import Bundle
from mlcore.chem import polymer
from mlcore.data import tables
from mlcore.data.graphs import featurise
from mlcore.errors import UserError
from mlcore.predictors import stack
from mlcore.predictors.protocol import Predictor
from mlcore.predictors.reading import of_keys
from mlcore.predictors.stack import weigh
from mlcore.run import Run
from tests.mlcore.conftest import Recorder
from tests.mlcore.predictors.test_kernel import PROPERTIES, WHOLE, many_rows
from tests.mlcore.predictors.test_polymer_gnn import ten_rows, write

TINY = {
    "landmarks": 8,
    "width": 8,
    "layers": 2,
    "dropout": 0.0,
    "tree_rounds": 10,
    "tree_least": 2,
    "process_steps": 30,
}


def trained(folder: Path, rows: list[tuple[str, object, object]], told: Recorder | None = None, **more: Any) -> Bundle:
    content = {
        "architecture": "stack",
        "device": "cpu",
        "model": TINY,
        "training": {"steps": 30, "batch_size": 16, "warmup_steps": 5, "report_every": 10},
        "data": {"properties": PROPERTIES, "split": {"valid": 0.1, "test": 0.2}},
        **more,
    }
    run_config, events = config.load(content), told or Recorder()
    table = tables.read(write(folder, rows), run_config.data, events)
    out = folder / f"bundle{len(list(folder.glob('bundle*')))}"
    return bundle.save(out, run_config, table, stack.train(Run(run_config, table, events, folder / "checkpoint")))


@pytest.fixture(scope="module")
def told() -> Recorder:
    return Recorder()


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory, told: Recorder) -> Bundle:
    return trained(tmp_path_factory.mktemp("stack"), many_rows(), told)


@pytest.fixture(scope="module")
def predictor(small: Bundle) -> Predictor:
    model: Predictor = bundle.open_model(small.path, "predict", "cpu")
    return model


def test_weights_favour_who_was_right_and_leave_out_who_was_not() -> None:
    random = np.random.default_rng(0)
    truth = random.normal(size=(500, 2))
    good, fair, useless = truth + 0.1 * random.normal(size=(500, 2)), truth + random.normal(size=(500, 2)), -truth
    holes = truth.copy()
    holes[::2, 1] = np.nan
    weights = weigh([good, fair, useless, np.zeros((500, 2))], holes)
    assert (weights[0] > 0.9).all()
    assert (weights[1] < 0.1).all()
    assert (weights[2:] == 0).all()


def test_it_learns_and_says_how_well_on_rows_that_it_has_not_seen(small: Bundle, told: Recorder) -> None:
    metrics = small.manifest.metrics
    assert metrics["sigma"]["test"]["n"] == small.manifest.split["test"]
    assert metrics["sigma"]["valid"]["n"] == small.manifest.split["valid"]
    assert metrics["sigma"]["test"]["r2"] > 0.8
    assert all(metrics[name]["test"]["coverage_90"] > 0.7 for name in ("sigma", "t"))
    assert small.tensors["stack.weights"].shape == (3, 2)
    assert "| sigma |" in (small.path / "card.md").read_text()
    steps = [line["step"] for line in told.of("metric") if line["name"] == "loss"]
    assert steps == list(range(10, 151, 10)), "the networks' trainings follow one another"


def test_the_loaded_bundle_answers_as_the_training_did(small: Bundle, predictor: Predictor) -> None:
    """The figures of the test part come out again from the bundle, half precision and all."""
    rows = {text: float(str(value)) for text, value, _ in many_rows()}
    keys = {polymer.key(text): value for text, value in rows.items()}
    found = predictor.predict_keys(list(keys))
    errors = np.abs(np.log10(found.mean[:, 0]) - np.log10(list(keys.values())))
    measured = small.manifest.metrics["sigma"]["test"]["mae"]
    run = Run(small.config, _table(small), Recorder(), small.path)
    places = {key: place for place, key in enumerate(keys)}
    test = [places[run.table.keys[row]] for row in run.split().test]
    assert errors[test].mean() == pytest.approx(measured, rel=1e-4)


def _table(small: Bundle) -> tables.Table:
    return tables.read(small.path.parent / "data.csv", small.config.data, Recorder())


@pytest.mark.parametrize("same", [("*CCO*", "*COC*", "*CCOCCO*"), ("*CCOCN*", "*NCOCC*", "*OCNCC*")])
def test_cut_direction_and_doubling_do_not_matter(predictor: Predictor, same: tuple[str, ...]) -> None:
    found = predictor.predict(same)
    np.testing.assert_allclose(found.mean, np.broadcast_to(found.mean[0], found.mean.shape), rtol=1e-4)
    np.testing.assert_allclose(found.std, np.broadcast_to(found.std[0], found.std.shape), rtol=1e-3)


def test_neither_company_nor_order_matters(predictor: Predictor) -> None:
    texts = [row[0] for row in many_rows()[:12]]
    together, backward = predictor.predict(texts), predictor.predict(texts[::-1])
    np.testing.assert_allclose(backward.mean[::-1], together.mean, rtol=1e-4)
    np.testing.assert_allclose([predictor.predict([text]).mean[0] for text in texts], together.mean, rtol=1e-4)
    refused = predictor.predict(["CCO", texts[0]])
    assert refused.errors[0] is not None
    np.testing.assert_allclose(refused.mean[1], together.mean[0], rtol=1e-4)
    assert predictor.predict([]).mean.shape == (0, 2)


def test_without_trees_and_with_gaps(tmp_path: Path) -> None:
    rows = [(s, a if i % 3 else "", b) for i, (s, a, b) in enumerate(many_rows())]
    found = trained(tmp_path, rows, model={**TINY, "tree_rounds": 0}, data={"properties": PROPERTIES, **WHOLE})
    predicted = found.activate("cpu").predict(["*CCOCCN*", "*CCOCCS*"])
    assert np.isfinite(predicted.mean).all()
    assert (predicted.std > 0).all()
    assert (found.tensors["stack.weights"][2] == 0).all()


def test_what_cannot_be_learned_is_said(tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match="t: column 't' has 5 values in the rows to learn from; stack needs at least 10"
    ):
        trained(
            tmp_path,
            [(s, a, b if i < 5 else "") for i, (s, a, b) in enumerate(ten_rows())],
            data={"properties": PROPERTIES, **WHOLE},
        )
    with pytest.raises(UserError, match="has the same value in all"):
        trained(tmp_path, [(s, a, 0.3) for s, a, _ in many_rows()])


def test_a_bundle_that_does_not_fit_is_refused(small: Bundle, tmp_path: Path) -> None:
    changed = {**small.manifest.config, "model": {**small.manifest.config["model"], "width": 16}}
    object.__setattr__(small.manifest, "config", changed)
    with pytest.raises(UserError, match="the weights do not fit the configuration"):
        small.activate("cpu")


def test_networks_answer_in_standard_deviations_around_the_mean(tmp_path: Path) -> None:
    """A constant added to their answers would pass for a bad model, and weigh next to nothing."""
    rows = many_rows()
    found = trained(tmp_path, rows, training={"steps": 300, "batch_size": 32, "warmup_steps": 10})
    networks = stack.Stack.load(found.tensors, found.config.model, 2).networks
    graphs = featurise(of_keys([polymer.key(text) for text, _, _ in rows]))
    mean, variance, between = networks.score(graphs, torch.device("cpu"))
    sigma = np.log10([float(str(value)) for _, value, _ in rows])
    location, unit = (float(found.tensors[f"stack.{name}"][0]) for name in ("mean", "unit"))
    assert abs((mean[:, 0] - (sigma - location) / unit).mean()) < 0.25
    assert np.corrcoef(mean[:, 0], sigma)[0, 1] > 0.7
    assert (variance > 0).all()
    assert (between >= 0).all()
