"""The only saver and loader of trained models: a folder of safetensors and JSON in which every file has its sha256.

Nothing in a bundle is executed. The class comes from the catalog by name; weights are plain arrays; no pickle anywhere.
"""

import hashlib
import json
import os
import re
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import safetensors.torch
import torch
from safetensors import SafetensorError

from mlcore import __version__, catalog, config, device, options
from mlcore.data.splits import Split
from mlcore.data.tables import Table
from mlcore.errors import UserError
from mlcore.events import finite

FORMAT_VERSION = 1
MANIFEST = "manifest.json"
WEIGHTS = "model.safetensors"
VOCABULARY = "vocab.json"
CARD = "card.md"

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.(safetensors|json|md)")
_MAX_MANIFEST_BYTES = 4_000_000


@dataclass(frozen=True)
class Trained:
    """What an architecture's train() hands over to be saved."""

    tensors: Mapping[str, torch.Tensor]
    """The weights and every number needed to use them."""
    properties: list[dict[str, Any]]
    """One entry a property: name, unit, scale, and what the architecture adds (mean, std, minimum, ...)."""
    split: Split
    metrics: dict[str, Any]
    vocabulary: list[str] | None = None
    notes: str = ""
    """Paragraphs for the card: how it was trained, what it is good for."""


@dataclass(frozen=True)
class Manifest:
    """manifest.json, field by field."""

    format_version: int
    architecture: str
    task: str
    config: dict[str, Any]
    properties: list[dict[str, Any]]
    training_data: dict[str, Any]
    split: dict[str, Any]
    metrics: dict[str, Any]
    code_version: str
    created: str
    parent: str | None
    files: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Bundle:
    """A bundle whose every byte was checked against its manifest."""

    path: Path
    manifest: Manifest
    digest: str
    """sha256 of manifest.json, which names the digests of all other files: the identity of the model."""
    _files: Mapping[str, bytes]

    @property
    def config(self) -> config.RunConfig:
        """The configuration it was trained with."""
        return config.load(self.manifest.config)

    @property
    def tensors(self) -> dict[str, torch.Tensor]:
        """The weights, on the CPU."""
        try:
            return safetensors.torch.load(self._files[WEIGHTS])
        except (SafetensorError, KeyError, ValueError) as error:
            raise UserError(f"bundle {self.path}: {WEIGHTS} cannot be read: {error}") from error

    @property
    def vocabulary(self) -> list[str]:
        """The tokens of a text model, in the order of their numbers."""
        content = _json(self.path, VOCABULARY, self._files.get(VOCABULARY, b""))
        if not isinstance(content, list) or not all(isinstance(token, str) for token in content):
            raise UserError(f"bundle {self.path}: {VOCABULARY} must be a list of tokens")
        return content

    def fill(self, model: torch.nn.Module, tensors: Mapping[str, torch.Tensor] | None = None) -> None:
        """Copies the weights into `model`; UserError where names or shapes differ."""
        try:
            model.load_state_dict(dict(self.tensors if tensors is None else tensors))
        except RuntimeError as error:
            raise UserError(
                f"bundle {self.path}: the weights do not fit the configuration: {_one_line(error)}"
            ) from error


def save(path: str | Path, run: config.RunConfig, table: Table, trained: Trained, parent: str | None = None) -> Bundle:
    """Writes a bundle at `path`, whole or not at all, and reads it back."""
    path = Path(path)
    check_free(path)
    architecture = catalog.get(run.architecture)
    files = {WEIGHTS: safetensors.torch.save({name: t.contiguous().cpu() for name, t in trained.tensors.items()})}
    if trained.vocabulary is not None:
        files[VOCABULARY] = _encode(trained.vocabulary)
    manifest = Manifest(
        format_version=FORMAT_VERSION,
        architecture=architecture.name,
        task=architecture.task,
        config=run.as_json(),
        properties=trained.properties,
        training_data={"digest": table.digest, "rows": len(table.smiles), "keys": len(set(table.keys))},
        split=trained.split.as_json(),
        metrics=trained.metrics,
        code_version=__version__,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        parent=parent,
    )
    files[CARD] = card(manifest, trained.notes).encode()
    manifest.files.update({name: hashlib.sha256(content).hexdigest() for name, content in files.items()})
    _write_folder(path, {**files, MANIFEST: _encode(asdict(manifest))})
    return load(path)


def load(path: str | Path, task: str | None = None) -> Bundle:
    """Reads and checks a bundle; with `task`, only one that does it. Every fault is one UserError."""
    path = Path(path)
    if not path.is_dir():
        raise UserError(f"bundle {path}: no such folder")
    raw = _read(path, MANIFEST)
    manifest = _manifest(path, _json(path, MANIFEST, raw))
    if task is not None and manifest.task != task:
        raise UserError(f"bundle {path}: a model that can {task} is needed, this one can {manifest.task}")
    return Bundle(path, manifest, hashlib.sha256(raw).hexdigest(), _checked_files(path, manifest.files))


def open_model(path: str | Path, task: str, device_name: str = "auto") -> Any:
    """The generator or predictor in the bundle at `path`, ready for use."""
    bundle = load(path, task)
    return catalog.get(bundle.manifest.architecture).load(bundle, device.select(device_name))


def check_free(path: Path) -> None:
    """UserError unless a bundle can be written at `path`; worth asking before the training, not after."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UserError(f"{path} exists already; choose another place or remove it")
    if not path.absolute().parent.is_dir():
        raise UserError(f"{path.absolute().parent} is no folder; create it first")


def card(manifest: Manifest, notes: str) -> str:
    """The model card: what it is, from which data, how good, in Markdown."""
    properties = [f"{p['name']} ({p['unit'] or 'no unit'}, {p['scale']})" for p in manifest.properties]
    data, split = manifest.training_data, manifest.split
    lines = [
        f"# {manifest.architecture}: {catalog.get(manifest.architecture).summary}",
        f"Task: {manifest.task}. Properties: {', '.join(properties) or 'none'}.",
        f"Trained with mlcore {manifest.code_version} on {manifest.created}, seed {manifest.config['seed']}, on a table of "
        f"{data['rows']} rows and {data['keys']} distinct structures (digest `{data['digest']}`).",
        f"Split by structure key before anything else: {split['train']} rows to train on, {split['valid']} to steer by, "
        f"{split['test']} kept for the end.",
        notes.strip(),
        "## Metrics",
        "```json\n" + json.dumps(finite(manifest.metrics), indent=2) + "\n```",
        "## Configuration",
        "```json\n" + json.dumps(manifest.config, indent=2) + "\n```",
    ]
    return "\n\n".join(line for line in lines if line) + "\n"


def _manifest(path: Path, content: Any) -> Manifest:
    version = content.get("format_version") if isinstance(content, dict) else None
    if not isinstance(version, int):
        raise UserError(f"bundle {path}: {MANIFEST} has no format_version")
    if version > FORMAT_VERSION:
        raise UserError(f"bundle {path}: format version {version} is newer than {FORMAT_VERSION}; update this program")
    try:
        manifest = options.build(Manifest, content)
    except UserError as error:
        raise UserError(f"bundle {path}: {MANIFEST}: {error}") from error
    if catalog.get(manifest.architecture).task != manifest.task:
        raise UserError(f"bundle {path}: architecture {manifest.architecture} cannot {manifest.task}")
    return manifest


def _checked_files(path: Path, digests: Mapping[str, str]) -> dict[str, bytes]:
    present = {entry.name for entry in path.iterdir()} - {MANIFEST}
    for name in sorted(present ^ set(digests)):
        fault = "is missing" if name in digests else "is not named in the manifest"
        raise UserError(f"bundle {path}: {name} {fault}")
    files = {}
    for name, digest in digests.items():
        if not _FILE_NAME.fullmatch(name):
            raise UserError(f"bundle {path}: {name!r} is no file name for a bundle")
        files[name] = _read(path, name)
        if hashlib.sha256(files[name]).hexdigest() != digest:
            raise UserError(f"bundle {path}: {name} was changed or damaged (its sha256 differs from the manifest)")
    return files


def _read(path: Path, name: str) -> bytes:
    file = path / name
    if file.is_symlink() or not file.is_file():
        raise UserError(f"bundle {path}: {name} is missing or no plain file")
    if name == MANIFEST and file.stat().st_size > _MAX_MANIFEST_BYTES:
        raise UserError(f"bundle {path}: {MANIFEST} is larger than {_MAX_MANIFEST_BYTES} bytes")
    try:
        return file.read_bytes()
    except OSError as error:
        raise UserError(f"bundle {path}: {name}: {error.strerror or error}") from error


def _json(path: Path, name: str, content: bytes) -> Any:
    try:
        return json.loads(content)
    except ValueError as error:
        raise UserError(f"bundle {path}: {name} is not JSON: {error}") from error


def _encode(content: Any) -> bytes:
    return (json.dumps(finite(content), indent=1, ensure_ascii=False) + "\n").encode()


def _write_folder(path: Path, files: Mapping[str, bytes]) -> None:
    """All files in a folder beside the target, flushed to disk, then one rename."""
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}-", dir=path.absolute().parent))
    try:
        for name, content in files.items():
            with (folder / name).open("wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        folder.chmod(0o755)
        folder.rename(path)
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:300]
