"""Files that appear whole or not at all."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from mlcore.errors import UserError


@contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A text file to write; it takes the place of `path` when the block ends well and vanishes otherwise."""
    temporary = path.with_name(f".{path.name}.part")
    try:
        file = temporary.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise UserError(f"{path} cannot be written: {error.strerror or error}") from error
    try:
        with file:
            yield file
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def check_apart(out: Path, *read: Path) -> None:
    """UserError where what is written would take the place of a file that is read, by whatever path."""
    for path in read:
        if path.exists() and out.exists() and out.samefile(path):
            raise UserError(f"--out {out}: this is {path} itself, which is read; name another file")
