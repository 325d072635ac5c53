"""What a bundle says about itself, and whether its files are those it names; no torch, so that anybody may look."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from mlcore import catalog, options
from mlcore.errors import UserError

FORMAT_VERSION = 1
MANIFEST, WEIGHTS = "manifest.json", "model.safetensors"

SERIES = ("parity", "calibration_curve", "error_by_similarity", "top_k", "learning_curve")
"""Names in a predictor's metrics of what is to be drawn rather than read."""

_FILE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*\.(safetensors|json|md)")
_MAX_MANIFEST_BYTES = 4_000_000


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
class Checked:
    """A bundle whose every byte was compared with its manifest."""

    manifest: Manifest
    digest: str
    """sha256 of manifest.json, which names the digests of all other files: the identity of the model."""
    files: Mapping[str, bytes]
    """All files beside the manifest, by name."""


def read(path: Path) -> Checked:
    """Reads and checks the bundle at `path`. Every fault is one UserError."""
    if not path.is_dir():
        raise UserError(f"bundle {path}: no such folder")
    raw = _read(path, MANIFEST)
    manifest = _manifest(path, parse_json(path, MANIFEST, raw))
    return Checked(manifest, hashlib.sha256(raw).hexdigest(), _checked_files(path, manifest.files))


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


def parse_json(path: Path, name: str, content: bytes) -> Any:
    """The content of a JSON file of the bundle; UserError where it is none."""
    try:
        return json.loads(content)
    except ValueError as error:
        raise UserError(f"bundle {path}: {name} is not JSON: {error}") from error


def figures(metrics: Mapping[str, Any]) -> dict[str, Any]:
    """The metrics without their SERIES."""
    return {
        name: figures(value) if isinstance(value, Mapping) else value
        for name, value in metrics.items()
        if name not in SERIES
    }
