"""Reads a text file as people write them: any common encoding, and a clear answer where it is no text."""

from __future__ import annotations

import codecs
from pathlib import Path

from weighbridge.errors import UsageError

LIMIT = 4_000_000
"""Bytes. The longest licence known here has 36,000; a file of this size is no licence, whatever is in it."""
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_FORMATS = (
    (b"%PDF", "a PDF", "save its text: pdftotext FILE"),
    (b"PK\x03\x04", "a zip archive or an office document", "unpack it, or save it as plain text"),
    (b"\x1f\x8b", "compressed", "unpack it: gunzip FILE"),
    (b"\x89PNG", "a picture", "name the text itself"),
    (b"\xff\xd8\xff", "a picture", "name the text itself"),
    (b"GGUF", "a model's weights", "name the licence beside it, such as LICENSE"),
    (b"\xd0\xcf\x11\xe0", "an office document", "save it as plain text"),
    (b"{\\rtf", "rich text", "save it as plain text"),
)


def read_text(path: Path) -> str:
    """The text of a file.

    Raises `UsageError` for a file that is not there, is a folder, is empty, too large, or no text.
    """
    path = path.expanduser()
    if path.is_dir():
        inside = sorted(
            one.name for one in path.iterdir() if one.name.upper().startswith(("LICEN", "COPYING", "NOTICE"))
        )
        name = inside[0] if inside else "LICENSE"
        raise UsageError(
            "this is a folder, and one text is looked at", where=str(path), fix=f"name a file: {path / name}"
        )
    try:
        size = path.stat().st_size
        if path.exists() and not path.is_file():
            raise UsageError("this is no file that can be read whole", where=str(path), fix="save the text to a file")
        if size > LIMIT:
            raise UsageError(
                f"the file is too large for a licence: {size / 1e6:.1f} MB (limit {LIMIT / 1e6:.0f} MB)",
                where=str(path),
                fix="cut the licence's own text out into a file",
            )
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the text cannot be read: {error.strerror}", where=str(path), fix="check the name and the permissions"
        ) from None
    return decoded(raw, str(path))


def decoded(raw: bytes, where: str) -> str:
    """Bytes as text: by their mark, else UTF-8, UTF-16 without a mark, else Windows' western code page."""
    for begins, what, fix in _FORMATS:
        if raw.startswith(begins):
            raise UsageError(f"the file is {what}, and no text", where=where, fix=fix)
    text = _text(raw, where)
    if not text.strip():
        raise UsageError("the file is empty", where=where, fix="name the file with the licence's text")
    return text


def _text(raw: bytes, where: str) -> str:
    for mark, encoding in _MARKS:
        if raw.startswith(mark):
            return raw.decode(encoding, errors="replace")
    zeros = raw[:4000].count(0)
    if zeros:
        half = len(raw[:4000]) // 2
        for encoding, begin in (("utf-16-le", 1), ("utf-16-be", 0)):
            if raw[begin:4000:2].count(0) > 0.7 * half and zeros - raw[begin:4000:2].count(0) < 0.05 * half:
                return raw.decode(encoding, errors="replace")
        raise UsageError("the file is binary, and no text", where=where, fix="name a text file, such as LICENSE")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        text = raw.decode("cp1252", errors="replace")
    odd = sum(char < " " and char not in "\t\n\r\f" for char in text[:20000])
    if odd > 0.02 * len(text[:20000]):
        raise UsageError("the file is binary, and no text", where=where, fix="name a text file, such as LICENSE")
    return text
