"""Bundles whose manifest is sound and whose weights mean nothing: for whoever stores bundles and does not run them."""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

CONDUCTIVITY = {"name": "conductivity", "unit": "S/cm", "scale": "log10"}


def write_bundle(
    folder: Path,
    task: str = "generate",
    properties: Sequence[dict[str, Any]] = (CONDUCTIVITY,),
    metrics: dict[str, Any] | None = None,
    weights: bytes = b"weights",
    split: dict[str, Any] | None = None,
) -> Path:
    """A new folder with manifest, card and weights."""
    files = {"model.safetensors": weights, "card.md": b"# A card\n"}
    manifest = {
        "format_version": 1,
        "architecture": "gpt" if task == "generate" else "polymer-gnn",
        "task": task,
        "config": {"seed": 0, "model": {}, "data": {"kind": "polymer", "split": {"valid": 0.1, "test": 0.1}}},
        "properties": list(properties),
        "training_data": {"digest": "d" * 64, "rows": 10, "keys": 10},
        "split": split or {},
        "metrics": metrics or {},
        "code_version": "0.1.0",
        "created": "2026-11-01T00:00:00+00:00",
        "parent": None,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in files.items()},
    }
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder
