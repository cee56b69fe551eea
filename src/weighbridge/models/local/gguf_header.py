"""The head of a GGUF file: what it says of its model, and whether the file is whole. Nothing is loaded."""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from weighbridge.errors import UsageError

_PLAIN = {0: "<B", 1: "<b", 2: "<H", 3: "<h", 4: "<I", 5: "<i", 6: "<f", 7: "<?", 10: "<Q", 11: "<q", 12: "<d"}
_TEXT, _ARRAY = 8, 9
_LONGEST = 64 << 20
"""Bytes of one text, or entries of one list, beyond which a head is taken for damaged."""


_BLOCKS = {
    **{0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 9: (32, 36)},
    **{10: (256, 84), 11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 30: (1, 2)},
}
"""Numbers in a block and bytes of it, by the type's number in ggml; of rarer types the size is not known here."""


@dataclass(frozen=True, slots=True)
class GgufHead:
    """What stands before the tensors."""

    values: dict[str, Any]
    """Its metadata."""
    numbers: int
    """Weights in all tensors."""
    begin: int
    """Where the tensors begin."""
    length: int
    """Bytes of the tensors, from there; the file must be as long as both together."""

    @property
    def architecture(self) -> str:
        return str(self.values.get("general.architecture", ""))

    @property
    def template(self) -> str | None:
        found = self.values.get("tokenizer.chat_template")
        return found if isinstance(found, str) else None

    def token(self, name: str) -> str | None:
        """The text of a special token, such as ``bos``."""
        number = self.values.get(f"tokenizer.ggml.{name}_token_id")
        words = self.values.get("tokenizer.ggml.tokens")
        if isinstance(number, int) and isinstance(words, list) and 0 <= number < len(words):
            return str(words[number])
        return None


def read_head(path: Path, where: str) -> GgufHead:
    """The head of `path`. Raises UsageError where it is no GGUF file, damaged, or cut short."""
    fix = "get the file again, and compare its size"
    try:
        with path.open("rb") as source:
            if source.read(4) != b"GGUF":
                raise UsageError(f"{path.name} is no GGUF file", where=where, fix="a GGUF file begins with 'GGUF'")
            head = _head(source)
        size = path.stat().st_size
    except OSError as error:
        raise UsageError(f"{path.name} cannot be read: {error.strerror}", where=where) from None
    except (struct.error, ValueError, OverflowError, RecursionError, KeyError):
        raise UsageError(f"the head of {path.name} is damaged or cut short", where=where, fix=fix) from None
    if size < head.begin + head.length:
        raise UsageError(
            f"{path.name} is cut short: {size:,} bytes, of {head.begin + head.length:,}", where=where, fix=fix
        )
    return head


def _head(source: BinaryIO) -> GgufHead:
    version, tensors, pairs = struct.unpack("<IQQ", _taken(source, 20))
    if version not in (2, 3) or tensors > 1 << 20 or pairs > 1 << 20:
        raise ValueError("version")
    values: dict[str, Any] = {}
    for _ in range(pairs):
        name = _text(source)
        values[name] = _value(source, _number(source, "<I"))
    numbers = length = 0
    for _ in range(tensors):
        _text(source)
        shape = [_number(source, "<Q") for _ in range(_number(source, "<I"))]
        many, size = _BLOCKS.get(_number(source, "<I"), (math.prod(shape) or 1, 1))
        length = max(length, _number(source, "<Q") + math.prod(shape) // many * size)
        numbers += math.prod(shape)
    step = values.get("general.alignment", 32)
    if not isinstance(step, int) or step < 1:
        raise ValueError("alignment")
    return GgufHead(values, numbers, -(-source.tell() // step) * step, length)


def _value(source: BinaryIO, kind: int, depth: int = 0) -> Any:  # noqa: ANN401 - whatever the file holds
    if kind == _TEXT:
        return _text(source)
    if kind == _ARRAY:
        inner, count = _number(source, "<I"), _number(source, "<Q")
        if count > _LONGEST or depth > 4:
            raise ValueError("list")
        if inner in _PLAIN:
            form = _PLAIN[inner]
            data = _taken(source, count * struct.calcsize(form))
            return [value for (value,) in struct.iter_unpack(form, data)]
        return [_value(source, inner, depth + 1) for _ in range(count)]
    return _number(source, _PLAIN[kind])


def _number(source: BinaryIO, form: str) -> Any:  # noqa: ANN401 - an integer, a float or a truth value
    return struct.unpack(form, _taken(source, struct.calcsize(form)))[0]


def _text(source: BinaryIO) -> str:
    return _taken(source, _number(source, "<Q")).decode("utf-8", "replace")


def _taken(source: BinaryIO, count: int) -> bytes:
    if count > 8 * _LONGEST:
        raise ValueError("length")
    data = source.read(count)
    if len(data) < count:
        raise ValueError("end of file")
    return data
