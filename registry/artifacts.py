"""A content-addressed store of files: bundles, uploads, exports. A file is opened by its digest and by nothing else."""

import hashlib
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.core.files import File
from django.core.files.storage import storages

CHUNK = 1 << 20


class ArtifactError(Exception):
    """A file is missing from the store, or is not what its digest says."""


def _name(digest: str) -> str:
    return f"{digest[:2]}/{digest}"


def digest_of(stream: BinaryIO) -> str:
    """SHA-256 of a stream, which is left at its start."""
    stream.seek(0)
    digest = hashlib.file_digest(stream, "sha256").hexdigest()
    stream.seek(0)
    return digest


def put(stream: BinaryIO) -> str:
    """Store a file and return its SHA-256. Storing the same bytes again changes nothing."""
    digest = digest_of(stream)
    storage = storages["artifacts"]
    if not storage.exists(_name(digest)):
        saved = storage.save(_name(digest), File(stream))
        if saved != _name(digest):  # another process stored the same bytes in between
            storage.delete(saved)
    return digest


@contextmanager
def opened(digest: str) -> Iterator[BinaryIO]:
    """The file with that digest, checked before the first byte is handed out.

    Raises: ArtifactError when it is missing or damaged.
    """
    storage = storages["artifacts"]
    if not storage.exists(_name(digest)):
        raise ArtifactError(
            f"No artifact {digest} in the store; it was deleted, or the store is not the one that took it."
        )
    with storage.open(_name(digest), "rb") as stream:
        if digest_of(stream) != digest:
            raise ArtifactError(f"Artifact {digest} is damaged: its content has another SHA-256.")
        yield stream


def put_folder(folder: Path) -> str:
    """Store a folder of files as one archive whose bytes depend on nothing but names and contents."""
    with tempfile.TemporaryFile() as archive:
        with tarfile.open(fileobj=archive, mode="w", format=tarfile.PAX_FORMAT) as tar:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    entry = tarfile.TarInfo(path.relative_to(folder).as_posix())
                    entry.size = path.stat().st_size
                    with path.open("rb") as stream:
                        tar.addfile(entry, stream)
        return put(archive)


def read_in_folder(digest: str, name: str) -> bytes:
    """One file of the folder with that digest.

    Raises: ArtifactError when the folder or the file is missing.
    """
    with opened(digest) as stream, tarfile.open(fileobj=stream) as tar:
        for entry in tar:
            if entry.name == name and (content := tar.extractfile(entry)) is not None:
                return content.read()
    raise ArtifactError(f"Artifact {digest} holds no {name}.")


def unpack_folder(digest: str, folder: Path) -> Path:
    """Write the folder with that digest into an empty or new folder and return it.

    Raises: ArtifactError when the archive holds anything but files inside the folder.
    """
    root = folder.resolve()
    with opened(digest) as stream, tarfile.open(fileobj=stream) as tar:
        for entry in tar:
            target = (root / entry.name).resolve()
            content = tar.extractfile(entry) if entry.isfile() and target.is_relative_to(root) else None
            if content is None:
                raise ArtifactError(f"Artifact {digest} is no folder of plain files: it holds {entry.name!r}.")
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as file:
                shutil.copyfileobj(content, file)
    return folder
