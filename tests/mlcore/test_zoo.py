"""The models that ship with the code: they load, they are small, and they are as good as their cards say."""

import json
import os
from itertools import chain, islice
from pathlib import Path

import pytest

from mlcore import bundle, config
from mlcore.data import tables
from mlcore.evaluation.generative import Reference, measure
from mlcore.generators import distinct
from mlcore.generators.protocol import Generator
from tests.mlcore.conftest import SAMPLE

ZOO = Path(bundle.__file__).parent / "zoo"


def test_every_bundle_loads_and_all_are_small() -> None:
    bundles = [path for path in ZOO.iterdir() if (path / "manifest.json").exists()]
    assert bundles
    for path in bundles:
        loaded = bundle.load(path)
        bundle.open_model(path, loaded.manifest.task, "cpu")
    assert sum(file.stat().st_size for path in bundles for file in path.iterdir()) <= 10_000_000


def different(generator: Generator, n: int) -> list[str]:
    """The first `n` different strings for high conductivity."""
    draws = chain.from_iterable(distinct.stream(generator, 0, 50 * n, {"conductivity": "high"}))
    return list(islice((draw.sample.text for draw in draws if draw.first), n))


@pytest.mark.parametrize("name", sorted(path.parent.name for path in ZOO.glob("*/manifest.json")))
def test_the_configuration_that_made_it_is_kept(name: str) -> None:
    kept = config.load(ZOO / "configs" / f"{name}.json")
    assert bundle.load(ZOO / name).config == kept


def test_the_generator_draws_what_it_drew_when_it_was_made(zoo: Path) -> None:
    generator = bundle.open_model(zoo, "generate", "cpu")
    reference = Reference.of([row["mol_smiles"] for row in tables.read_rows(SAMPLE, ["mol_smiles"])])
    report = measure(different(generator, 200), reference)
    assert report["validity"] >= 0.98
    assert report["synthesizability"] >= 0.9
    assert report["by_key"]["uniqueness"] >= 0.85


def test_the_class_and_the_value_steer_the_likelihood(zoo: Path) -> None:
    """The best conductor of the sample is likelier where high conductivity is asked for, and the worst one is not."""
    generator = bundle.open_model(zoo, "generate", "cpu")
    rows = sorted(tables.read_rows(SAMPLE, ["mol_smiles"]), key=lambda row: float(row["conductivity"]))
    texts = [row["mol_smiles"] for row in rows]
    high, low = (generator.log_likelihood(texts, {"conductivity": wish}) for wish in (1.5e-4, 2e-5))
    gain = [h - w for h, w in zip(high, low, strict=True)]
    assert sum(gain[-15:]) / 15 > sum(gain[:15]) / 15 + 1


@pytest.mark.realdata
def test_the_figures_on_the_card_come_out_again(zoo: Path) -> None:
    table = Path(os.environ["DATA_DIR"]) / "htpmd" / "PolyGen-train-set-from-HTP-MD.csv"
    texts = [row["mol_smiles"] for row in tables.read_rows(table, ["mol_smiles"])]
    generator = bundle.open_model(zoo, "generate", "cpu")
    report = measure(different(generator, 1000), Reference.of(texts))
    written = json.loads((zoo / "manifest.json").read_text())["metrics"]["samples"]["conductivity=high, distinct"]
    for name in ("validity", "uniqueness", "novelty", "synthesizability", "similarity", "diversity"):
        assert report[name] == pytest.approx(written[name], abs=0.02), name
    assert report["by_key"]["vun"] >= 0.7
