"""How text became bytes: told from the bytes where that is certain, and named where it fails."""

import codecs
from typing import BinaryIO

from registry.formats.table import FormatError

MARKS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
CHOICES = {
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252, as Excel saves CSV in Western Europe",
    "latin-1": "Latin-1",
    "mac-roman": "Mac Roman",
    "utf-16-le": "UTF-16, little-endian",
    "utf-16-be": "UTF-16, big-endian",
}
_WESTERN = "cp1252"
_CHUNK = 1 << 20


def marked(start: bytes) -> str:
    """The encoding that a byte-order mark at the start of a file names, or nothing."""
    return next((name for mark, name in MARKS.items() if start.startswith(mark)), "")


def detect(binary: BinaryIO) -> str:
    """The encoding of a text file, read to its end: empty for UTF-8 or where a mark names it.

    Text that is no UTF-8 is taken for Windows-1252 where it can be that; nothing else can be told from bytes.

    Raises:
        FormatError: when it is neither.
    """
    start = binary.read(_CHUNK)
    if marked(start):
        return ""
    if wide := _wide(start):
        return wide
    possible = {name: codecs.getincrementaldecoder(name)() for name in ("utf-8", _WESTERN)}
    lines, chunk = 0, start
    while chunk or "utf-8" in possible:
        for name, decoder in list(possible.items()):
            try:
                decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                del possible[name]
                if not possible:
                    raise undecodable(error, lines, "neither UTF-8 nor Windows-1252") from None
        lines += chunk.count(b"\n")
        if not chunk:
            break
        chunk = binary.read(_CHUNK)
    return "" if "utf-8" in possible else _WESTERN


def undecodable(error: UnicodeDecodeError, lines: int, what: str = "") -> FormatError:
    """What to say of bytes that are no text.

    lines: how many came before those that were being read.
    what: the file is, such as "not UTF-8".
    """
    byte = error.object[error.start : error.start + 1]
    number = lines + 1 + error.object.count(b"\n", 0, error.start)
    meant = byte.decode(_WESTERN, "ignore") if error.encoding == "utf-8" else ""
    hint = f", which is {meant!r} in Windows-1252 ({_WESTERN})" if meant.isprintable() and meant else ""
    return FormatError(
        f"The file is {what or f'not {error.encoding.upper()}'}: line {number:,} holds the byte 0x{byte.hex()}{hint}. "
        "Save it as UTF-8, or name its encoding, such as cp1252."
    )


def _wide(start: bytes) -> str:
    """UTF-16 without a mark: every other byte of western text is 0."""
    half = max(1, len(start) // 2)
    if start[1::2].count(0) > 0.7 * half:
        return "utf-16-le"
    return "utf-16-be" if start[::2].count(0) > 0.7 * half else ""
