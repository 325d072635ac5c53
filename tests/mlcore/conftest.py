"""A small table of real polymers and a configuration that trains on it in about a second."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mlcore import config
from mlcore.data import tables
from mlcore.events import Events
from mlcore.run import Run

SAMPLE = Path(__file__).parents[1] / "data" / "htpmd-sample.csv"

TINY: dict[str, Any] = {
    "architecture": "gpt",
    "device": "cpu",
    "model": {"layers": 1, "heads": 2, "width": 32, "forms": 2, "max_tokens": 48},
    "training": {"steps": 12, "batch_size": 8, "valid_every": 4, "checkpoint_every": 6, "report_every": 3},
    "data": {
        "smiles_column": "mol_smiles",
        "properties": [{"name": "conductivity", "unit": "S/cm", "scale": "log10"}],
    },
    "condition": {"report_samples": 0},
}


class Recorder(Events):
    """Keeps what a run tells."""

    def __init__(self) -> None:
        super().__init__(as_json=True)
        self.lines: list[dict[str, Any]] = []

    def _line(self, kind: str, **values: Any) -> None:
        self.lines.append({"event": kind, **values})

    def of(self, kind: str) -> list[dict[str, Any]]:
        """All events of one kind."""
        return [line for line in self.lines if line["event"] == kind]


def tiny(**sections: Any) -> dict[str, Any]:
    """TINY with some settings changed, section by section; another architecture brings its own `model`."""
    base = {**TINY, "model": {}} if "architecture" in sections else TINY
    return {
        name: {**value, **sections.get(name, {})} if isinstance(value, dict) else sections.get(name, value)
        for name, value in base.items()
    }


@pytest.fixture
def recorder() -> Recorder:
    return Recorder()


@pytest.fixture
def make_run(tmp_path: Path) -> Callable[..., Run]:
    """A Run of a tiny configuration on the sample."""

    def make(resume: bool = False, **sections: Any) -> Run:
        settings = config.load(tiny(**sections))
        table = tables.read(SAMPLE, settings.data, Recorder())
        return Run(settings, table, Recorder(), tmp_path / "model.checkpoint", resume=resume)

    return make


@pytest.fixture(scope="session")
def tiny_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a network that hardly learned anything; tests copy it before they harm it."""
    return _trained(tiny(), tmp_path_factory.mktemp("bundles"))


@pytest.fixture(scope="session")
def learned_bundle(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A bundle of a network of which a good part of the strings are valid SMILES."""
    steps = {"steps": 250, "batch_size": 32, "learning_rate": 6e-3, "valid_every": 250, "checkpoint_every": 250}
    return _trained(tiny(training=steps), tmp_path_factory.mktemp("bundles"))


def _trained(sections: dict[str, Any], folder: Path) -> Path:
    from mlcore import bundle, catalog

    settings = config.load(sections)
    table = tables.read(SAMPLE, settings.data, Recorder())
    run = Run(settings, table, Recorder(), folder / "checkpoint")
    return bundle.save(folder / "model", settings, table, catalog.get("gpt").train(run)).path


@pytest.fixture(scope="session")
def zoo() -> Path:
    """The generator that ships with the code."""
    return Path(config.__file__).parent / "zoo" / "gpt-htpmd"
