"""Stored bundles as folders that mlcore can open."""

from pathlib import Path

from registry import artifacts
from registry.jobs.attempt import Attempt
from registry.models import ModelVersion


def unpacked(attempt: Attempt, version: ModelVersion) -> Path:
    """The version's bundle in the attempt's folder, unpacked anew: an earlier attempt may have died halfway."""
    folder = attempt.folder / f"version-{version.pk}"
    if folder.exists():
        for path in folder.iterdir():
            path.unlink()
    return artifacts.unpack_folder(version.bundle_digest, folder)
