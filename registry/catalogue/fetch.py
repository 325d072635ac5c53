"""Find a public data set: in DATA_DIR, then in the cache, then by download; and check that it is the right one."""

import hashlib
import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import httpx
from django.conf import settings

from registry.catalogue.entries import CatalogueError, Entry

TIMEOUT = httpx.Timeout(30.0, connect=5.0)
_CHUNK = 1 << 16

Report = Callable[[int, int], None]
"""Called with the bytes received and the bytes expected (0: unknown)."""


def _silent(received: int, expected: int) -> None:
    """Reports to nobody."""


def fetch(found: Entry, report: Report = _silent) -> Path:
    """The file of a data set.

    Raises:
        CatalogueError: when it cannot be had, or its SHA-256 differs from the catalogue's.
    """
    local = find_local(found)
    if local:
        _verify(local, found)
        return local
    reasons = []
    for address in found.addresses:
        try:
            return _download(address, found, report)
        except httpx.HTTPError as error:
            reasons.append(f"{address}: {str(error) or type(error).__name__}")
    why = "; ".join(reasons) or "no public address holds this file"
    raise CatalogueError(f"{found.title} cannot be had ({why}). Put {found.file} in the folder that DATA_DIR names.")


def find_local(found: Entry) -> Path | None:
    """The file in DATA_DIR, in a folder below it, or in the cache."""
    folders = [Path(settings.DATA_DIR)] if settings.DATA_DIR else []
    for folder in [*folders, Path(settings.DATA_CACHE)]:
        if paths := sorted(folder.rglob(found.file)):
            return paths[0]
    return None


def _verify(path: Path, found: Entry) -> None:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    if found.sha256 and digest != found.sha256:
        raise CatalogueError(
            f"{path} is not the catalogue's {found.title}: its SHA-256 is {digest}, not {found.sha256}. "
            "Remove it, or import it as a file of your own."
        )


def _download(address: str, found: Entry, report: Report) -> Path:
    """Into a temporary file that takes its name only when it is complete and checked."""
    folder = Path(settings.DATA_CACHE)
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=f".{found.file}.")
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            _receive(address, file.write, report)
            file.flush()
            os.fsync(file.fileno())
        _verify(part, found)
        return part.rename(folder / found.file)
    finally:
        part.unlink(missing_ok=True)


def _receive(address: str, write: Callable[[bytes], object], report: Report) -> None:
    with httpx.stream("GET", address, timeout=TIMEOUT, follow_redirects=True) as response:
        response.raise_for_status()
        expected = int(response.headers.get("content-length", 0))
        for chunk in response.iter_bytes(_CHUNK):
            write(chunk)
            report(response.num_bytes_downloaded, expected)
