"""From bytes to a table: compression, format and encoding are told by content, not by the file's name."""

import codecs
import gzip
import io
import re
import zlib
from typing import BinaryIO

from registry.formats import delimited, encodings, jsonl, parquet, sdf
from registry.formats.table import FormatError, Table

PEEK = 1 << 16  # bytes looked at to tell the format
READ_FORMATS = ("csv", "jsonl", "sdf", "parquet")

_FOREIGN = {
    b"PK\x03\x04": "an Excel workbook or a ZIP archive",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"%PDF": "a PDF document",
    b"BZh": "bzip2-compressed",
    b"\xfd7zXZ": "xz-compressed",
    b"(\xb5/\xfd": "zstd-compressed",
}


def open_table(stream: BinaryIO, *, encoding: str = "", max_bytes: int = 1 << 32) -> Table:
    """Open a CSV, JSONL, SDF or parquet file, plain or gzipped, at its start.

    Args:
        stream: seekable; stays open as long as rows are read.
        encoding: of text files; by default UTF-8 (or UTF-16 when a byte-order mark says so).
        max_bytes: most that a compressed file may unpack to.

    Raises:
        FormatError: now or while rows are read.
    """
    binary = _unpacked(stream, max_bytes)
    start = binary.read(PEEK)
    binary.seek(0)
    file_format = guess_format(start)
    if file_format == "parquet":
        return parquet.read(binary)
    text = io.TextIOWrapper(binary, encoding=_encoding(encoding, start), newline="")
    return {"csv": delimited.read, "jsonl": jsonl.read, "sdf": sdf.read}[file_format](text)


def detect_encoding(stream: BinaryIO, *, max_bytes: int = 1 << 32) -> str:
    """What to name as the encoding of a file; empty for UTF-8, marked UTF-16 and parquet.

    Raises:
        FormatError: when it is no text that can be told.
    """
    binary = _unpacked(stream, max_bytes)
    start = binary.read(PEEK)
    binary.seek(0)
    return "" if guess_format(start) == "parquet" else encodings.detect(binary)


def guess_format(start: bytes) -> str:
    """The format of a file that begins with these (unpacked) bytes.

    Raises:
        FormatError: when the file is empty, or is known to be something else.
    """
    for magic, what in _FOREIGN.items():
        if start.startswith(magic):
            raise FormatError(f"The file is {what}; save it as CSV (UTF-8) and try again.")
    if start.startswith(b"PAR1"):
        return "parquet"
    text = start.removeprefix(codecs.BOM_UTF8).lstrip()
    if not text.strip(b"\0"):
        raise FormatError("The file is empty.")
    if text.startswith(b"{"):
        return "jsonl"
    return "sdf" if _is_sdf(start) else "csv"


def _is_sdf(start: bytes) -> bool:
    """Whether the fourth line counts the atoms and bonds of a mol block; a table may have such blocks in its cells."""
    lines = start.removeprefix(codecs.BOM_UTF8).splitlines()[:4]
    if len(lines) < 4:
        return False
    return bool(re.search(rb"V[23]000\s*$", lines[3]) or (b"M  END" in start and re.match(rb"[ \d]{5}\d", lines[3])))


def _encoding(asked: str, start: bytes) -> str:
    try:
        codecs.lookup(asked or "utf-8")
    except LookupError:
        raise FormatError(f"The encoding {asked!r} is unknown; use utf-8, cp1252 or utf-16-le.") from None
    return encodings.marked(start) or asked or "utf-8"


def _unpacked(stream: BinaryIO, max_bytes: int) -> BinaryIO:
    stream.seek(0)
    packed = stream.read(2) == b"\x1f\x8b"
    stream.seek(0)
    source = gzip.GzipFile(fileobj=stream) if packed else stream
    return io.BufferedReader(_Bounded(source, max_bytes))  # type: ignore[arg-type]


class _Bounded(io.RawIOBase):
    """Reads on, but not for ever: a few kilobytes of gzip can unpack to terabytes."""

    def __init__(self, source: BinaryIO, max_bytes: int) -> None:
        self._source = source
        self._max_bytes = max_bytes

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        return self._source.seek(offset, whence)

    def tell(self) -> int:
        return self._source.tell()

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        try:
            data = self._source.read(len(buffer))
        except (EOFError, OSError, zlib.error) as error:
            raise FormatError(f"The compressed file is damaged: {error}.") from error
        if self._source.tell() > self._max_bytes:
            raise FormatError(f"The file holds more than {self._max_bytes:,} bytes; split it.")
        buffer[: len(data)] = data
        return len(data)
