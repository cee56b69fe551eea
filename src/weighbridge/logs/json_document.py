"""One JSON document, or one per line, read into typed values; whatever is wrong is said with its place.

Fast through msgspec; a text with half a surrogate pair (JavaScript writes them where an emoji was cut) takes the slow
road through Python's own parser, and U+FFFD stands for it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TypeVar

import msgspec

from weighbridge.errors import UsageError
from weighbridge.tasks.readers.lines_of_json import whole

T = TypeVar("T")

LARGEST = 1 << 30
"""Bytes of a document: it is held in memory."""

LONGEST_LINE = 1 << 26
_BOM = b"\xef\xbb\xbf"


def document(path: Path, kind: type[T], largest: int = LARGEST) -> T:
    """The whole file as a value of `kind`. UsageError where it is too large, no JSON, or not of this shape."""
    size = path.stat().st_size
    if size > largest:
        raise UsageError(
            f"the file has {size:,} bytes, more than the {largest:,} that are read at once",
            where=str(path),
            fix="export the run as json lines, or in parts",
        )
    return part(path.read_bytes(), kind, str(path), lined=True)


def lines(path: Path, kind: type[T], longest: int = LONGEST_LINE) -> Iterator[tuple[int, T]]:
    """Line number and value of each line that is not blank, streamed. UsageError names file and line."""
    number = 0
    with path.open("rb") as stream:
        while raw := stream.readline(longest + 1):
            number += 1
            where = f"{path}:{number}"
            if len(raw) > longest:
                raise UsageError(
                    f"this line is longer than {longest:,} bytes", where=where, fix="one object per line"
                )
            if raw.strip():
                yield number, part(raw, kind, where)


def part(raw: bytes | msgspec.Raw, kind: type[T], where: str, *, lined: bool = False) -> T:
    """One JSON text as a value of `kind`. `lined`: an error adds the line within the text to `where`."""
    content = bytes(raw).removeprefix(_BOM)
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        if b"\\u" in content and isinstance(error, msgspec.DecodeError):
            found = _slowly(content, kind)
            if found is not None:
                return found
        raise fault(content, error, where, lined) from None


def _slowly(content: bytes, kind: type[T]) -> T | None:
    """`content` with half surrogate pairs mended; None where that was not what is wrong with it."""
    try:
        return msgspec.json.decode(msgspec.json.encode(whole(json.loads(content, parse_constant=_refuse))), type=kind)
    except (ValueError, RecursionError):
        return None


def _refuse(name: str) -> None:
    raise ValueError(name)


def fault(content: bytes, error: Exception, where: str, lined: bool) -> UsageError:
    """What is wrong with a JSON text, in words."""
    if isinstance(error, RecursionError):
        return UsageError("the JSON is nested too deep", where=where, fix="was the file damaged? fetch it again")
    if isinstance(error, UnicodeDecodeError) or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return UsageError("the text is not UTF-8", where=where, fix="save the file as UTF-8")
    if isinstance(error, msgspec.ValidationError):
        return UsageError(f"a field is not what this format has: {error}", where=where, fix="was the file edited?")
    if "truncated" in str(error):
        return UsageError("the JSON ends in the middle", where=where, fix="the copy was cut short: fetch it again")
    at = re.search(r"byte (\d+)", str(error))
    line = f":{content.count(bytes([10]), 0, int(at[1])) + 1}" if at and lined else ""
    return UsageError(f"this is not JSON: {error}", where=where + line, fix="was the file damaged? fetch it again")


def head(path: Path, size: int = 1 << 18) -> bytes:
    """The first bytes of a file, without a byte order mark and leading white space; empty where it is no file."""
    if not path.is_file():
        return b""
    with path.open("rb") as stream:
        return stream.read(size).removeprefix(_BOM).lstrip()


def first_line(path: Path, size: int = 1 << 20) -> dict[str, object]:
    """The first line as an object; empty where it is none, or longer than `size` bytes."""
    line = head(path, size).split(b"\n", 1)[0]
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}
