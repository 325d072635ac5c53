"""The same code on a GPU, where there is one: it learns the same, and a bundle answers the same on either device."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch

from mlcore import bundle, catalog
from mlcore.chem import geometry
from mlcore.predictors.protocol import Given, Predictor
from mlcore.run import Run
from tests.mlcore.test_acceleration import values, warnings

pytestmark = pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")

MakeRun = Callable[..., Run]
ZOO = Path(catalog.__file__).parent / "zoo"
LEARNERS = {
    "gpt": {"layers": 2, "heads": 2, "width": 32, "dropout": 0.0, "max_tokens": 48},
    "diffusion-lm": {"layers": 2, "heads": 2, "width": 32, "dropout": 0.0, "max_tokens": 48},
    "diffusion1d": {"width": 32, "dropout": 0.0, "max_tokens": 48},
    "polymer-gnn": {"members": 1, "width": 16, "layers": 2, "dropout": 0.0, "landmarks": 8},
}
LOOP = {"steps": 60, "batch_size": 32, "valid_every": 20, "learning_rate": 3e-3}


def curve(make_run: MakeRun, architecture: str, device: str, **loop: object) -> tuple[list[float], Run]:
    run = make_run(architecture=architecture, device=device, model=LEARNERS[architecture], training=LOOP | loop)
    catalog.get(architecture).train(run)
    return values(run), run


@pytest.mark.parametrize("architecture", LEARNERS)
def test_a_network_learns_on_a_gpu_what_it_learns_on_a_processor(make_run: MakeRun, architecture: str) -> None:
    here, _ = curve(make_run, architecture, "cpu", precision="float32")
    there, run = curve(make_run, architecture, "cuda")
    assert torch.cuda.get_device_name() in run.machine
    assert there[-1] < there[0]
    assert there[-1] == pytest.approx(here[-1], rel=0.1), "bfloat16, and a diffusion's noise drawn elsewhere"


def test_compiled_code_learns_the_same(make_run: MakeRun) -> None:
    plain, _ = curve(make_run, "gpt", "cuda", precision="float32")
    fast, run = curve(make_run, "gpt", "cuda", precision="float32", compile="on")
    assert not warnings(run)
    assert fast == pytest.approx(plain, rel=0.01)


@pytest.mark.parametrize("name", ["gnn-htpmd", "stack-htpmd", "trees-htpmd", "arrhenius-chemarr"])
def test_predictors_of_polymers_answer_alike(name: str) -> None:
    manifest = bundle.load(ZOO / name)
    here, there = (manifest.activate(device).predict(manifest.examples) for device in ("cpu", "cuda"))
    np.testing.assert_allclose(there.mean, here.mean, rtol=1e-3, atol=1e-3)
    np.testing.assert_allclose(there.std, here.std, rtol=1e-2, atol=1e-3)


@pytest.mark.parametrize("name", ["schnet-qm9", "fchl-g4mp2"])
def test_predictors_of_molecules_answer_alike(name: str) -> None:
    structures = ["CCO", "c1ccccc1", "NCC(=O)O", "C#N"]
    given = Given([geometry.guess(text).to_xyz() for text in structures], baselines=np.full((4, 1), -100.0))

    def asked(device: str) -> np.ndarray:
        model: Predictor = bundle.open_model(ZOO / name, "predict", device)
        return model.predict(structures, given).mean

    np.testing.assert_allclose(asked("cuda"), asked("cpu"), rtol=1e-5, atol=1e-4)


def test_the_shipped_generator_knows_its_strings_on_either_device() -> None:
    wish = {"conductivity": "high"}
    here, there = (bundle.open_model(ZOO / "gpt-htpmd", "generate", device) for device in ("cpu", "cuda"))
    drawn = there.sample(64, 0, wish)
    assert drawn == there.sample(64, 0, wish)
    texts = [sample.text for sample in drawn]
    assert len(set(texts)) > 32
    found = torch.tensor(there.log_likelihood(texts, wish))
    torch.testing.assert_close(found, torch.tensor(here.log_likelihood(texts, wish)), rtol=1e-3, atol=1e-2)
