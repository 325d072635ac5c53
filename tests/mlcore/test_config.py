import json
from pathlib import Path

import pytest

from mlcore import catalog, config
from mlcore.errors import UserError
from tests.mlcore.conftest import TINY, tiny

BAD = [
    ({"architecture": "gtp"}, "unknown architecture 'gtp'; did you mean 'gpt'"),
    ({}, "architecture: this setting is required"),
    ({"architecture": "gpt", "sed": 1}, "sed: unknown setting; did you mean 'seed'"),
    ({"architecture": "gpt", "training": {"step": 5}}, "training.step: unknown setting; did you mean 'steps'"),
    ({"architecture": "gpt", "training": {"steps": "5"}}, "training.steps: expected a whole number"),
    ({"architecture": "gpt", "training": {"steps": True}}, "training.steps: expected a whole number"),
    ({"architecture": "gpt", "training": {"steps": 0}}, "training.steps: 0 must be between 1"),
    ({"architecture": "gpt", "training": {"learning_rate": float("nan")}}, "training.learning_rate: expected a number"),
    (
        {"architecture": "gpt", "training": {"steps": 50, "warmup_steps": 50}},
        r"training.warmup_steps is 50, but training ends after 50 steps",
    ),
    ({"architecture": "gpt", "training": {"steps": 100, "warmup_steps": 100}}, r"warmup_steps is 100, but"),
    ({"architecture": "gpt", "training": []}, "training: expected an object"),
    ({"architecture": "gpt", "model": {"width": 30, "heads": 4}}, "no multiple of model.heads"),
    ({"architecture": "gpt", "device": "tpu"}, "device: 'tpu' is not one of"),
    ({"architecture": "gpt", "data": {"properties": [{}]}}, r"data.properties\[0\].name: this setting is required"),
    ({"architecture": "gpt", "data": {"properties": [{"name": "a b"}]}}, "'a b' is no property name"),
    ({"architecture": "gpt", "data": {"properties": [{"name": "a"}, {"name": "a"}]}}, "a name occurs twice"),
    ({"architecture": "gpt", "data": {"split": {"valid": 0.5, "test": 0.5}}}, "nothing is left to train on"),
    ({"architecture": "gpt", "condition": {"thresholds": {"x": 1}}}, "x is not among data.properties"),
]


@pytest.mark.parametrize(("content", "message"), BAD)
def test_a_bad_setting_is_named(content: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        config.load(content)


def test_a_configuration_survives_being_written_and_read(tmp_path: Path) -> None:
    first = config.load(TINY)
    file = tmp_path / "config.json"
    file.write_text(json.dumps(first.as_json()))
    assert config.load(file) == first


def test_an_architecture_brings_its_own_training_defaults() -> None:
    assert config.load({"architecture": "gpt"}).training.steps == catalog.get("gpt").training["steps"]
    assert config.load(tiny(training={"steps": 7})).training.steps == 7


@pytest.mark.parametrize(("steps", "warmup"), [(1, 0), (12, 1), (100, 10), (101, 100)])
def test_a_short_training_warms_up_in_a_tenth_of_its_steps(steps: int, warmup: int) -> None:
    resolved = config.load({"architecture": "polymer-gnn", "training": {"steps": steps}})
    assert resolved.training.warmup_steps == warmup
    assert config.load(resolved.as_json()) == resolved


def test_what_a_bundle_records_is_read_as_it_is() -> None:
    content = config.load(TINY).as_json()
    content["training"]["warmup_steps"] = 100  # of a bundle from before this was refused
    assert config.recorded(content).training.warmup_steps == 100


def test_a_file_that_is_no_json_object_is_refused(tmp_path: Path) -> None:
    for content in ("{", "[1]"):
        (tmp_path / "bad.json").write_text(content)
        with pytest.raises(UserError, match=r"bad\.json"):
            config.load(tmp_path / "bad.json")
    with pytest.raises(UserError, match="No such file"):
        config.load(tmp_path / "none.json")


def test_every_architecture_can_be_drawn_as_a_form() -> None:
    for entry in catalog.ARCHITECTURES.values():
        described = json.loads(json.dumps(catalog.describe(entry)))
        defaults = {field["name"]: field["default"] for field in described["model"] if not field["required"]}
        assert config.load({"architecture": entry.name, "model": defaults}).model is not None
        assert all(field["help"] and field["type"] for field in described["model"])
