"""Text files, line by line: packed or not, in a stated encoding, with a bound on the length of a line."""

from __future__ import annotations

import codecs
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from weighbridge.errors import UsageError, nearest

LINE_LIMIT = 64 * 1024 * 1024
"""Characters in one line or one csv field, at most. No prompt is longer; what is longer is a damaged file."""

HEAD = 64 * 1024

GUESSES = ("cp1252", "latin-1")
"""Tried in this order on text that is not UTF-8; latin-1 reads every byte, so it comes last."""


def head_of(path: Path) -> bytes:
    """The first 64 KiB, unpacked where the file is gzip."""
    with binary(path) as stream:
        return stream.read(HEAD)


@contextmanager
def binary(path: Path) -> Iterator[BinaryIO]:
    """The bytes of a file, unpacked where they begin like gzip. Damage and lack of rights become `UsageError`."""
    try:
        with path.open("rb") as raw:
            packed = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            if not packed:
                yield raw
                return
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield io.BufferedReader(unpacked)
    except PermissionError:
        raise UsageError("no right to read the data file", where=str(path), fix=f"chmod +r {path}") from None
    except (gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise UsageError(
            f"the gzip file is damaged or cut short ({error})", where=str(path), fix="fetch or pack it again"
        ) from None


def known_encoding(name: str) -> str:
    """The codec's own name, or an error with the nearest one."""
    try:
        codec = codecs.lookup(name)
        if not codec._is_text_encoding:
            raise LookupError(name)
        return codec.name
    except (LookupError, ValueError):
        known = ["utf-8", "utf-16", "utf-32", "cp1252", "latin-1", "cp1250", "cp1251", "shift_jis", "gb18030", "big5"]
        raise UsageError(
            f"there is no text encoding called {name!r}",
            where="encoding",
            fix=nearest(name, [*known, "euc_jp", "euc_kr", "koi8-r", "mac_roman", "iso-8859-15", "cp437", "cp850"]),
        ) from None


def lines(path: Path, encoding: str = "utf-8", *, limit: int = LINE_LIMIT) -> Iterator[tuple[int, str]]:
    """Yield (line number from 1, line with its ending); a mark of byte order at the start is dropped.

    Raises UsageError for a line over `limit` characters, before it is read whole, and for bytes that are not text
    in `encoding`, with a guess of what they are.
    """
    codec = known_encoding(encoding)
    if codec == "utf-8":
        _refuse_utf16(path)
        codec = "utf-8-sig"
    number = 0
    try:
        with binary(path) as stream, io.TextIOWrapper(stream, encoding=codec, newline="") as text:
            while line := text.readline(limit + 1):
                number += 1
                if len(line) > limit:
                    raise UsageError(
                        f"a line is longer than {limit:,} characters",
                        where=f"{path}:{number}",
                        fix="put each item on its own line (jsonl: one object a line), or save the table as parquet",
                    )
                yield number, line
    except UnicodeError:
        raise _foreign(path, encoding) from None


def _refuse_utf16(path: Path) -> None:
    """UTF-16 often decodes as UTF-8 with zero bytes in it; say so instead of reading rubbish."""
    head = head_of(path)
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise _encoding_error(path, 1, "utf-16", head.decode("utf-16", "replace"))
    # In UTF-16 every other byte of most texts is zero; a run of zeros is a hole in a damaged file.
    even, odd = head[:4096:2], head[1:4096:2]
    first, second = even.count(0) / max(1, len(even)), odd.count(0) / max(1, len(odd))
    if max(first, second) > 0.5 and min(first, second) < 0.25:
        guess = "utf-16-be" if first > second else "utf-16-le"
        raise _encoding_error(path, 1, guess, head[:400].decode(guess, "replace"))


def _foreign(path: Path, encoding: str) -> UsageError:
    """Find the first byte that is not `encoding`, its line, and what the text may be instead."""
    decoder = codecs.getincrementaldecoder(encoding)()
    done = 0
    with binary(path) as stream:
        while True:
            chunk = stream.read(HEAD)
            before = bytes(decoder.getstate()[0])
            try:
                decoder.decode(chunk, not chunk)
            except UnicodeDecodeError as error:
                data = before + chunk
                number = done - before.count(b"\n") + data[: error.start].count(b"\n") + 1
                start = data.rfind(b"\n", 0, error.start) + 1
                return _guessed(path, number, encoding, data[start : start + 200].split(b"\n")[0])
            except UnicodeError:
                break
            done += chunk.count(b"\n")
            if not chunk:
                break
    return UsageError(f"the file is not {encoding}", where=str(path), fix="name the right one with `encoding:`")


def _guessed(path: Path, number: int, encoding: str, line: bytes) -> UsageError:
    for guess in GUESSES:
        if guess == encoding:
            continue
        try:
            shown = line.decode(guess)
        except UnicodeDecodeError:
            continue
        return _encoding_error(path, number, guess, shown, encoding)
    return _encoding_error(path, number, "cp1252", line.decode("cp1252", "replace"), encoding)


def _encoding_error(path: Path, number: int, guess: str, shown: str, encoding: str = "utf-8") -> UsageError:
    line = shown.lstrip("\ufeff").splitlines()[0] if shown.strip() else ""
    return UsageError(
        f"the file is not {encoding}; it looks like {guess}",
        where=f"{path}:{number}",
        fix=f"set `encoding: {guess}` (that line would then read: {line[:60]!r}), or save the file as UTF-8",
    )
