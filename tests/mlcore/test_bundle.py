import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from mlcore import bundle
from mlcore.errors import UserError


@pytest.fixture
def copy(tiny_bundle: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(tiny_bundle, tmp_path / "copy"))


def rewrite(path: Path, **changes: Any) -> None:
    """Changes entries of the manifest."""
    file = path / "manifest.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | changes))


def reshape(path: Path, **settings: Any) -> None:
    """Changes settings of the network in the manifest."""
    content = json.loads((path / "manifest.json").read_text())["config"]
    rewrite(path, config=content | {"model": content["model"] | settings})


def replace_file(path: Path, name: str, content: bytes) -> None:
    """Replaces a file together with its digest: an attack that the digests cannot see."""
    (path / name).write_bytes(content)
    files = json.loads((path / "manifest.json").read_text())["files"]
    rewrite(path, files=files | {name: hashlib.sha256(content).hexdigest()})


def flip(path: Path) -> None:
    content = bytearray((path / "model.safetensors").read_bytes())
    content[-1] ^= 1
    (path / "model.safetensors").write_bytes(content)


def linked(path: Path) -> None:
    (path / "card.md").rename(path.parent / "card.md")
    (path / "card.md").symlink_to(path.parent / "card.md")


FAULTS: list[tuple[Callable[[Path], Any], str]] = [
    (flip, "model.safetensors was changed or damaged"),
    (linked, "card.md is missing or no plain file"),
    (lambda p: (p / "vocab.json").unlink(), "vocab.json is missing"),
    (lambda p: (p / "run.py").write_text("import os"), "run.py is not named in the manifest"),
    (lambda p: (p / "manifest.json").unlink(), "manifest.json is missing"),
    (lambda p: (p / "manifest.json").write_text("{"), "manifest.json is not JSON"),
    (lambda p: (p / "manifest.json").write_text("[]"), "has no format_version"),
    (lambda p: rewrite(p, format_version=99), "format version 99 is newer than 1; update"),
    (lambda p: rewrite(p, architecture="os.system"), "unknown architecture 'os.system'"),
    (lambda p: rewrite(p, task="predict"), "a model that can generate is needed, this one can predict|cannot predict"),
    (lambda p: rewrite(p, surprise=1), "surprise: unknown setting"),
    (lambda p: rewrite(p, files={"../evil.json": "0"}), "evil.json"),
    (lambda p: replace_file(p, "model.safetensors", b"\x80\x04pickle"), "model.safetensors cannot be read"),
    (lambda p: replace_file(p, "vocab.json", b'["<pad>"]'), "a vocabulary begins with"),
    (lambda p: replace_file(p, "vocab.json", b'{"a": 1}'), "must be a list of texts"),
    (lambda p: replace_file(p, "vocab.json", b'["<pad>", "<begin>", "<end>", "C"]'), "the weights do not fit"),
    (lambda p: reshape(p, width=64), r"do not fit the configuration: model\.width is 64, the weights have 32$"),
    (lambda p: reshape(p, layers=6), r"do not fit the configuration: model\.layers is 6, the weights have 1$"),
    (lambda p: reshape(p, max_tokens=47), r"place\.weight must be 48 x 32, the weights have 49 x 32$"),
    (
        lambda p: reshape(p, width=33),
        "manifest.json: model.width: 33 is no multiple",
    ),
    (lambda p: rewrite(p, properties=[{"name": "conductivity"}]), "properties.unit: this setting is required"),
    (lambda p: shutil.rmtree(p), "no such folder"),
]


@pytest.mark.parametrize(("harm", "message"), FAULTS)
def test_every_fault_is_one_clear_error(copy: Path, harm: Callable[[Path], Any], message: str) -> None:
    harm(copy)
    with pytest.raises(UserError, match=message):
        bundle.open_model(copy, "generate", "cpu")


def test_a_bundle_comes_back_as_it_was_saved(tiny_bundle: Path) -> None:
    loaded = bundle.load(tiny_bundle, "generate")
    assert loaded.digest == hashlib.sha256((tiny_bundle / "manifest.json").read_bytes()).hexdigest()
    assert loaded.manifest.training_data["rows"] == 61
    assert loaded.manifest.split["train"] + loaded.manifest.split["valid"] + loaded.manifest.split["test"] == 61
    assert all(isinstance(tensor, torch.Tensor) for tensor in loaded.tensors.values())
    assert loaded.config.training.steps == 12
    card = (tiny_bundle / "card.md").read_text()
    for text in ("conductivity (S/cm, log10)", loaded.manifest.training_data["digest"], "seed 0", "cpu"):
        assert text in card


def test_a_bundle_is_used_for_its_own_task_only(tiny_bundle: Path) -> None:
    with pytest.raises(UserError, match="a model that can predict is needed, this one can generate"):
        bundle.load(tiny_bundle, "predict")


def test_nothing_is_written_over_or_into_nowhere(tiny_bundle: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match="exists already"):
        bundle.check_free(tiny_bundle)
    with pytest.raises(UserError, match="is no folder; create it first"):
        bundle.check_free(tmp_path / "nowhere" / "model")


def test_a_folder_that_could_not_be_written_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(fd: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(bundle.os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        bundle._write_folder(tmp_path / "model", {"card.md": b"x"})
    assert not list(tmp_path.iterdir())
