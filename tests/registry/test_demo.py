"""The demonstration can be run with public data after it was run without, in the same database."""

from pathlib import Path

import pytest

from mlcore.events import Silence
from registry import catalogue
from registry.demo.steps import Data, Demo

pytestmark = pytest.mark.django_db


def source(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, there: bool) -> Data:
    def fetch(*_: object) -> Path:
        if there:
            return tmp_path / "data.csv"
        raise catalogue.CatalogueError("no network")

    monkeypatch.setattr(catalogue, "fetch", fetch)
    monkeypatch.setattr(Demo, "take_in", lambda *_: None)
    return Demo(lambda _: None, Silence()).data()


def test_each_source_of_data_has_a_generator_of_its_own(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: object
) -> None:
    settings.STATE = str(tmp_path)  # type: ignore[attr-defined]
    without, with_data = (source(monkeypatch, tmp_path, there) for there in (False, True))
    assert without.property.name != with_data.property.name
    assert without.generator != with_data.generator
    assert without.dataset != with_data.dataset
