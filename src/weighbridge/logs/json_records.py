"""Records of a JSON array or of JSON lines, each checked against a type; what is wrong is named with its place."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from weighbridge.errors import UsageError

T = TypeVar("T")

HEADS = (1 << 16, 1 << 20, 1 << 24)
"""Bytes looked at for the first record, more and more; a first record beyond the last is nothing known."""

LONGEST_LINE = 1 << 26
LARGEST_ARRAY = 1 << 31
"""Bytes of an array file; it is held in memory, unlike lines."""

_BOM = b"\xef\xbb\xbf"


def first_record(path: Path) -> dict[str, Any] | None:
    """The first object of the file: of the array it holds, of its lines, or itself; None where there is none.

    Reads no more of the file than it takes. OSError where it cannot be opened.
    """
    if not path.is_file():
        return None
    whole = path.stat().st_size
    for size in HEADS:
        with path.open("rb") as stream:
            head = stream.read(size)
        # A character cut in two stands behind the first record; if not, a longer head is read.
        text = head.removeprefix(_BOM).decode("utf-8", "ignore").lstrip()
        if text.startswith("["):
            text = text[1:].lstrip()
        if not text.startswith("{"):
            return None
        try:
            found, _ = json.JSONDecoder().raw_decode(text)
        except (ValueError, RecursionError):
            if size >= whole:
                return None
            continue
        return found if isinstance(found, dict) else None
    return None


def holds_array(path: Path) -> bool:
    """Whether the file begins as a JSON array."""
    with path.open("rb") as stream:
        return stream.read(1 << 12).removeprefix(_BOM).lstrip()[:1] == b"["


def array_records(path: Path, kind: type[T]) -> Iterator[tuple[int, T]]:
    """Number from 1 and value of each element of a JSON array. UsageError names the file and the element."""
    if path.stat().st_size > LARGEST_ARRAY:
        raise UsageError(
            f"the file is larger than {LARGEST_ARRAY >> 30} GiB", where=str(path), fix="split it, or write json lines"
        )
    content = path.read_bytes().removeprefix(_BOM)
    try:
        elements = msgspec.json.decode(content, type=list[msgspec.Raw])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(str(path), content, error) from None
    decoder = msgspec.json.Decoder(kind)
    for number, element in enumerate(elements, start=1):
        yield number, _decoded(decoder, element, f"{path}: element {number:,}")


def line_records(path: Path, kind: type[T]) -> Iterator[tuple[int, T]]:
    """Line number and value of each line that is not blank, streamed. UsageError names the file and the line."""
    decoder = msgspec.json.Decoder(kind)
    with path.open("rb") as stream:
        number = 0
        while line := stream.readline(LONGEST_LINE):
            number += 1
            where = f"{path}:{number}"
            if len(line) == LONGEST_LINE and not line.endswith(b"\n"):
                raise UsageError(
                    f"the line is longer than {LONGEST_LINE >> 20} MiB", where=where, fix="one JSON object to a line"
                )
            line = line.removeprefix(_BOM) if number == 1 else line
            if line.strip():
                yield number, _decoded(decoder, line, where)


def _decoded(decoder: msgspec.json.Decoder[T], raw: bytes | msgspec.Raw, where: str) -> T:
    try:
        return decoder.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise _unreadable(where, bytes(raw), error) from None


def _unreadable(where: str, content: bytes, error: Exception) -> UsageError:
    if isinstance(error, RecursionError):
        return UsageError("the JSON is nested too deeply", where=where, fix="was the file damaged? write it again")
    if isinstance(error, UnicodeDecodeError):
        return UsageError("the text is not UTF-8", where=where, fix="save the file as UTF-8")
    if isinstance(error, msgspec.ValidationError):
        return UsageError(f"a field is not what this format has: {error}", where=where, fix="was the file edited?")
    found = re.search(r"byte (\d+)", str(error))
    line = content.count(b"\n", 0, int(found[1])) + 1 if found else None
    place = f"{where}:{line}" if line is not None and ":" not in where[2:] else where
    cut = "truncated" in str(error)
    return UsageError(
        "the file ends in the middle of its JSON" if cut else f"this is no JSON: {error}",
        where=place,
        fix="the run or the copy was cut short: take the whole file" if cut else "write the file again as JSON",
    )
