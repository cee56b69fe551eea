"""Bytes to text: which encoding a score table has, and a UTF-8 copy where it is not UTF-8."""

from __future__ import annotations

import codecs
import gzip
import io
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

from weighbridge.errors import UsageError, nearest

LONGEST_LINE = 16_000_000
"""Bytes of the longest line (csv) or record (json) that is read; what is longer is a broken file."""

_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}


def opened(path: Path, gzipped: bool) -> IO[bytes]:
    """The bytes of a file, unpacked."""
    return cast(IO[bytes], gzip.open(path, "rb")) if gzipped else path.open("rb")


def decoded(raw: bytes, name: str, encoding: str = "utf-8") -> str:
    """The text of the first bytes of a file, which may end within a character. UsageError: not that encoding."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(raw).lstrip("\ufeff")
    except UnicodeDecodeError as error:
        line = raw[: error.start].count(b"\n") + 1
        raise foreign(raw, f"{name}:{line}") from None


def foreign(raw: bytes, where: str) -> UsageError:
    """What to say of bytes that are not UTF-8."""
    guess = guessed_encoding(raw)
    return UsageError(
        f"the text is not UTF-8; it looks like {guess}",
        where=where,
        fix=f"save it as UTF-8, or name its encoding ({guess})",
    )


def guessed_encoding(raw: bytes) -> str:
    """The likeliest encoding of bytes that are not UTF-8: utf-16 by its mark or its zeros, else cp1252."""
    for mark, name in _MARKS.items():
        if raw.startswith(mark):
            return name
    sample = raw[:4000]
    if sample.count(0) > len(sample) // 4:
        return "utf-16-le" if sample[1:2] == b"\0" else "utf-16-be"
    return "cp1252"


@contextmanager
def utf8_copy(path: Path, gzipped: bool, encoding: str) -> Iterator[Path]:
    """A UTF-8 copy of the file for the time of reading, made in bounded memory."""
    with tempfile.TemporaryDirectory(prefix="weighbridge-") as folder:
        copy = Path(folder) / path.name.removesuffix(".gz")
        try:
            with (
                opened(path, gzipped) as raw,
                io.TextIOWrapper(raw, encoding=encoding, newline="") as source,
                copy.open("w", encoding="utf-8", newline="") as target,
            ):
                while block := source.read(1 << 20):
                    target.write(block.removeprefix("\ufeff"))
        except LookupError:
            raise UsageError(
                f"there is no encoding {encoding!r}",
                where=str(path),
                fix=nearest(encoding, ["utf-8", "utf-16", "cp1252", "latin-1", "shift_jis", "gb18030"]),
            ) from None
        except UnicodeError as error:
            raise UsageError(
                f"the text is not {encoding}: {error}", where=str(path), fix="name its encoding"
            ) from None
        yield copy


def codec_name(encoding: str) -> str:
    """The name Python knows an encoding by; as it was given where there is none."""
    try:
        return codecs.lookup(encoding).name
    except LookupError:
        return encoding
