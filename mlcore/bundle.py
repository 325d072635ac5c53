"""The only saver and loader of trained models: a folder of safetensors and JSON in which every file has its sha256.

Nothing in a bundle is executed. The class comes from the catalog by name; weights are plain arrays; no pickle anywhere.
"""

import hashlib
import json
import os
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

from mlcore import __version__, catalog, config, device, misfit, options
from mlcore.data.splits import Split
from mlcore.data.tables import Table
from mlcore.errors import UserError
from mlcore.events import finite
from mlcore.manifest import FORMAT_VERSION, MANIFEST, WEIGHTS, Manifest, figures, parse_json, read
from mlcore.predictors import delta

VOCABULARY = "vocab.json"
EXAMPLES = "examples.json"
CARD = "card.md"


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
    examples: list[str] = field(default_factory=list)
    """Keys of some structures that it was trained on, for whoever trains it further."""
    notes: str = ""
    """Paragraphs for the card: how it was trained, what it is good for."""


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
        try:
            return config.recorded(self.manifest.config)
        except UserError as error:
            raise UserError(f"bundle {self.path}: {MANIFEST}: {error}") from error

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
        return self._texts(VOCABULARY)

    @property
    def examples(self) -> list[str]:
        """Keys of some structures that it was trained on; empty where the bundle keeps none."""
        return self._texts(EXAMPLES) if EXAMPLES in self._files else []

    def activate(self, device_name: str = "auto") -> Any:
        """The generator or predictor it holds, ready for use."""
        model = catalog.get(self.manifest.architecture).load(self, device.select(device_name))
        return delta.wrapped(model) if self.manifest.task == "predict" else model

    def fill(self, model: torch.nn.Module, tensors: Mapping[str, torch.Tensor] | None = None) -> None:
        """Copies the weights into `model`; UserError where names or shapes differ."""
        given = dict(self.tensors if tensors is None else tensors)
        expected, found = ({n: tuple(t.shape) for n, t in part.items()} for part in (model.state_dict(), given))
        if expected != found:
            fault = misfit.explain(expected, found, self._numbers())
            raise UserError(f"bundle {self.path}: the weights do not fit the configuration: {fault}")
        model.load_state_dict(given)

    def _numbers(self) -> dict[str, int]:
        """What decides the shapes of the weights, by the name in which a person knows it."""
        settings = asdict(self.config.model)
        shape = {name: settings[name] for name in options.fixed(type(self.config.model))}
        numbers = {f"model.{name}": value for name, value in shape.items() if type(value) is int}
        tokens = {f"the number of tokens in {VOCABULARY}": len(self.vocabulary)} if VOCABULARY in self._files else {}
        return numbers | tokens | {"the number of properties": len(self.manifest.properties)}

    def _texts(self, name: str) -> list[str]:
        content = parse_json(self.path, name, self._files.get(name, b""))
        if not isinstance(content, list) or not all(isinstance(text, str) for text in content):
            raise UserError(f"bundle {self.path}: {name} must be a list of texts")
        return content


def save(path: str | Path, run: config.RunConfig, table: Table, trained: Trained, parent: str | None = None) -> Bundle:
    """Writes a bundle at `path`, whole or not at all, and reads it back."""
    path = Path(path)
    check_free(path)
    architecture = catalog.get(run.architecture)
    files = {WEIGHTS: safetensors.torch.save(_stored(trained.tensors, run.training.stored))}
    if trained.vocabulary is not None:
        files[VOCABULARY] = _encode(trained.vocabulary)
    if trained.examples:
        files[EXAMPLES] = _encode(trained.examples)
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
    checked = read(path)
    if task is not None and checked.manifest.task != task:
        raise UserError(f"bundle {path}: a model that can {task} is needed, this one can {checked.manifest.task}")
    return Bundle(path, checked.manifest, checked.digest, checked.files)


def open_model(path: str | Path, task: str, device_name: str = "auto") -> Any:
    """The generator or predictor in the bundle at `path`, ready for use."""
    return load(path, task).activate(device_name)


def check_free(path: Path) -> None:
    """UserError unless a bundle can be written at `path`; worth asking before the training, not after."""
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UserError(f"{path} exists already; choose another place or remove it")
    if not path.absolute().parent.is_dir():
        raise UserError(f"{path.absolute().parent} is no folder; create it first")


def card(manifest: Manifest, notes: str) -> str:
    """The model card: what it is, from which data, how good, in Markdown."""
    properties = [_said(item) for item in manifest.properties]
    data, split = manifest.training_data, manifest.split
    tested = " --test TESTED.csv" if split["test"] and not manifest.config["data"]["split"]["test"] else ""
    lines = [
        f"# {manifest.architecture}: {catalog.get(manifest.architecture).summary}",
        f"Task: {manifest.task}. Properties: {', '.join(properties) or 'none'}.",
        f"Trained with mlcore {manifest.code_version} on {manifest.created}, seed {manifest.config['seed']}, "
        f"on a table of {data['rows']} rows and {data['keys']} distinct structures (digest `{data['digest']}`).",
        f"Split by structure key before anything else: {split['train']} rows to train on, "
        f"{split['valid']} to steer by, {split['test']} kept for the end.",
        notes.strip(),
        "To make it again, save the configuration below as CONFIG.json and run "
        f"`python -m mlcore train CONFIG.json --data TABLE.csv{tested} --out BUNDLE` on the same rows.",
        "## Metrics",
        "```json\n" + json.dumps(finite(figures(manifest.metrics)), indent=2) + "\n```",
        "## Configuration",
        "```json\n" + json.dumps(manifest.config, indent=2) + "\n```",
    ]
    return "\n\n".join(line for line in lines if line) + "\n"


def _said(item: Mapping[str, Any]) -> str:
    """One property with unit and axis, and of which method it is."""
    level = f" of {item['level']}" if item.get("level") else ""
    cheaper = item.get("baseline_level") or f"column {item.get('baseline')}"
    learned = f", as the difference to {cheaper}" if item.get("baseline") else ""
    return f"{item['name']}{level} ({item['unit'] or 'no unit'}, {item['scale']}{learned})"


def _stored(tensors: Mapping[str, torch.Tensor], numbers: str) -> dict[str, torch.Tensor]:
    """As they go to the file: in half precision, where that is wanted, whatever loses nothing by it."""
    kept = {name: tensor.contiguous().cpu() for name, tensor in tensors.items()}
    if numbers == "float16":
        single = [name for name, tensor in kept.items() if tensor.dtype == torch.float32]
        kept |= {name: kept[name].half() for name in single if torch.equal(kept[name].half().float(), kept[name])}
    return kept


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
