"""What an ONNX file refers to outside itself, read from its bytes before any engine sees it.

ONNX is protobuf (field numbers: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). Only the walk to tensors is
written out here: the package `onnx` is not needed to run a graph, and an engine would open external files first and
complain afterwards.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from weighbridge.errors import UsageError

_DOMAINS = frozenset({"", "ai.onnx", "ai.onnx.ml", "com.microsoft"})
"""Operators that come with onnxruntime; others would need a library of native code, which is never loaded."""

# Field numbers
_MODEL_GRAPH, _MODEL_OPSET, _MODEL_FUNCTIONS = 7, 8, 25
_GRAPH_NODE, _GRAPH_INITIALIZER, _GRAPH_SPARSE = 1, 5, 15
_FUNCTION_NODE = 7
_NODE_ATTRIBUTE, _NODE_DOMAIN = 5, 7
_ATTRIBUTE_TENSORS, _ATTRIBUTE_GRAPHS = (5, 10), (6, 11)
_ATTRIBUTE_SPARSE = (22, 23)
_SPARSE_TENSORS = (1, 2)
_TENSOR_EXTERNAL = 13
_ENTRY_KEY, _ENTRY_VALUE = 1, 2
_OPSET_DOMAIN, _OPSET_VERSION = 1, 2
_DEEPEST = 32

Field = tuple[int, int | memoryview]


@dataclass(frozen=True, slots=True)
class Outside:
    """What a graph names beyond its own bytes."""

    files: frozenset[str]
    """Locations of external data, as written."""
    domains: frozenset[str]
    """Operator domains that onnxruntime does not bring along."""
    opset: int
    """Version of the standard operators."""


def outside(path: Path) -> Outside:
    """What the graph in `path` refers to. Raises UsageError where the bytes are no ONNX model."""
    files: set[str] = set()
    domains: set[str] = set()
    opset = 0
    graphs = 0
    try:
        for number, value in _fields(memoryview(path.read_bytes())):
            if number == _MODEL_GRAPH:
                graphs += 1
                _graph(_inner(value), files, domains, 0)
            elif number == _MODEL_FUNCTIONS:
                for field, node in _fields(_inner(value)):
                    if field == _FUNCTION_NODE:
                        _node(_inner(node), files, domains, 0)
            elif number == _MODEL_OPSET:
                parts = dict(_fields(_inner(value)))
                domain = _text(parts.get(_OPSET_DOMAIN, b""))
                version = parts.get(_OPSET_VERSION, 0)
                if domain in ("", "ai.onnx") and isinstance(version, int):
                    opset = version
    except (ValueError, IndexError, TypeError) as error:
        raise UsageError(
            f"{path.name} is no ONNX graph, or a damaged one ({error})", where=str(path), fix=_AGAIN
        ) from None
    if not graphs:
        raise UsageError(f"{path.name} is no ONNX graph: it holds none", where=str(path), fix=_AGAIN)
    return Outside(frozenset(files), frozenset(domains), opset)


_AGAIN = "export it again: weighbridge onnx export SOURCE DIR"


def _graph(data: memoryview, files: set[str], domains: set[str], depth: int) -> None:
    if depth > _DEEPEST:
        raise ValueError("graphs within graphs without end")
    for number, value in _fields(data):
        if number == _GRAPH_NODE:
            _node(_inner(value), files, domains, depth)
        elif number == _GRAPH_INITIALIZER:
            _tensor(_inner(value), files)
        elif number == _GRAPH_SPARSE:
            _sparse(_inner(value), files)


def _node(data: memoryview, files: set[str], domains: set[str], depth: int) -> None:
    for number, value in _fields(data):
        if number == _NODE_DOMAIN:
            domain = _text(value)
            if domain not in _DOMAINS and not domain.startswith("pkg."):
                domains.add(domain)
        elif number == _NODE_ATTRIBUTE:
            for field, inner in _fields(_inner(value)):
                if field in _ATTRIBUTE_TENSORS and not isinstance(inner, int):
                    _tensor(inner, files)
                elif field in _ATTRIBUTE_GRAPHS and not isinstance(inner, int):
                    _graph(inner, files, domains, depth + 1)
                elif field in _ATTRIBUTE_SPARSE and not isinstance(inner, int):
                    _sparse(inner, files)


def _sparse(data: memoryview, files: set[str]) -> None:
    for number, value in _fields(data):
        if number in _SPARSE_TENSORS:
            _tensor(_inner(value), files)


def _tensor(data: memoryview, files: set[str]) -> None:
    for number, value in _fields(data):
        if number == _TENSOR_EXTERNAL:
            entry = dict(_fields(_inner(value)))
            if _text(entry.get(_ENTRY_KEY, b"")) == "location":
                files.add(_text(entry.get(_ENTRY_VALUE, b"")))


def _inner(value: int | memoryview) -> memoryview:
    if isinstance(value, int):
        raise TypeError("a number stands where a part should")
    return value


def _text(value: int | memoryview | bytes) -> str:
    if isinstance(value, int):
        raise TypeError("a number stands where a text should")
    return bytes(value).decode("utf-8")


def _fields(data: memoryview) -> Iterator[Field]:
    """Numbered fields of one protobuf message: whole numbers, or the bytes of a part."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, form = tag >> 3, tag & 7
        if number == 0:
            raise ValueError(f"no field at byte {at}")
        if form == 0:
            value, at = _varint(data, at)
            yield number, value
        elif form in (1, 5):
            at += 8 if form == 1 else 4
        elif form == 2:
            length, at = _varint(data, at)
            if at + length > len(data):
                raise ValueError(f"a part of {length} bytes at byte {at} goes beyond the end")
            yield number, data[at : at + length]
            at += length
        else:
            raise ValueError(f"unknown form {form} at byte {at}")
    if at > len(data):
        raise ValueError("the end is missing")


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if not byte & 0x80:
            return value, at
        shift += 7
        if shift > 63:
            raise ValueError("a number without end")
