"""The header of a safetensors file: names, shapes and sizes of its tensors, without reading them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError

SIZES = {
    **{"F64": 8, "I64": 8, "U64": 8, "F32": 4, "I32": 4, "U32": 4, "F16": 2, "BF16": 2, "I16": 2, "U16": 2},
    **{"F8_E4M3": 1, "F8_E5M2": 1, "I8": 1, "U8": 1, "BOOL": 1},
}
"""Bytes of one number of a type."""

_LONGEST = 100_000_000
"""Bytes of a header; the limit of the format's own reader."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says it holds."""

    tensors: dict[str, tuple[str, tuple[int, ...]]]
    """Type and shape by name."""

    @property
    def numbers(self) -> int:
        return sum(math.prod(shape) for _, shape in self.tensors.values())

    @property
    def size(self) -> int:
        """Bytes of all tensors as they are stored."""
        return sum(math.prod(shape) * SIZES.get(kind, 1) for kind, shape in self.tensors.values())


def read_header(path: Path, where: str) -> Header:
    """The header of `path`, checked against the file's size. Raises UsageError for a damaged or cut file."""
    try:
        size = path.stat().st_size
        with path.open("rb") as source:
            first = source.read(8)
            length = int.from_bytes(first, "little")
            if first[:7] == b"version":
                raise _damaged(path, "is a Git LFS pointer, not the weights themselves", where, "run: git lfs pull")
            if len(first) < 8 or not 2 <= length <= min(_LONGEST, size - 8):
                raise _damaged(path, "is no safetensors file, or its beginning is damaged", where)
            text = source.read(length)
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}", where=where) from None
    try:
        said = msgspec.json.decode(text)
        tensors, end = _tensors(said)
    except (msgspec.MsgspecError, UnicodeDecodeError, KeyError, TypeError, ValueError, AttributeError):
        raise _damaged(path, "has a damaged header", where) from None
    held = size - 8 - length
    if held < end:
        raise _damaged(path, f"is cut short: {held:,} bytes of tensors, of {end:,}", where)
    if held > end:
        raise _damaged(path, f"is longer than its header says ({held:,} bytes of tensors, {end:,} named)", where)
    return Header(tensors)


def _tensors(said: dict[str, Any]) -> tuple[dict[str, tuple[str, tuple[int, ...]]], int]:
    """Tensors by name, and where the last one ends. Raises ValueError where they overlap or leave gaps."""
    tensors: dict[str, tuple[str, tuple[int, ...]]] = {}
    places = []
    for name, entry in said.items():
        if name == "__metadata__":
            continue
        kind, shape = str(entry["dtype"]), tuple(int(count) for count in entry["shape"])
        begin, end = (int(place) for place in entry["data_offsets"])
        if any(count < 0 for count in shape):
            raise ValueError(name)
        if kind in SIZES and end - begin != math.prod(shape) * SIZES[kind]:
            raise ValueError(name)
        places.append((begin, end))
        tensors[name] = (kind, shape)
    at = 0
    for begin, end in sorted(places):
        if begin != at or end < begin:
            raise ValueError("gap")
        at = end
    return tensors, at


def _damaged(path: Path, what: str, where: str, fix: str | None = None) -> UsageError:
    return UsageError(f"{path.name} {what}", where=where, fix=fix or "get the file again, and compare its size")
