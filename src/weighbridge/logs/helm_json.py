"""HELM's JSON files, held as raw elements: memory grows with the file, not with what Python makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec

from weighbridge.errors import UsageError
from weighbridge.tasks.cell import Cell

LARGEST = 1 << 30
"""Bytes of one file. HELM's largest public runs are below 300 MB."""


class _States(msgspec.Struct):
    request_states: list[msgspec.Raw]


def elements(path: Path, key: str | None = None) -> Iterator[dict[str, Any]]:
    """The objects of the array that a file is, or that stands in it under `key`, one at a time.

    NaN and Infinity, which Python writes, count as absent. UsageError names the file and the element.
    """
    raw = content(path)
    found: list[Any]
    try:
        found = msgspec.json.decode(raw, type=_States).request_states if key else msgspec.json.decode(raw, type=_RAWS)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        tree = loads(raw, str(path))
        inner = tree.get(key) if key and isinstance(tree, dict) else tree
        if not isinstance(inner, list):
            where = f"a list under {key!r}" if key else "a list"
            raise UsageError(
                f"the file does not hold {where}", where=str(path), fix="take it as HELM wrote it"
            ) from None
        found = inner
    for number, element in enumerate(found, 1):
        value = _decoded(element, f"{path}, element {number:,}") if isinstance(element, msgspec.Raw) else element
        if not isinstance(value, dict):
            raise UsageError(
                "an element is no object", where=f"{path}, element {number:,}", fix="take the file as HELM wrote it"
            )
        yield value


_RAWS = list[msgspec.Raw]


def _decoded(element: msgspec.Raw, where: str) -> Cell:
    try:
        return msgspec.json.decode(element)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return loads(bytes(element), where)


def document(path: Path) -> dict[str, Any]:
    """The object that a file holds. UsageError where it is none."""
    raw = content(path)
    try:
        tree = msgspec.json.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        tree = loads(raw, str(path))
    if not isinstance(tree, dict):
        raise UsageError("the file does not hold an object", where=str(path), fix="take it as HELM wrote it")
    return tree


def content(path: Path) -> bytes:
    """The bytes of a file of reasonable size."""
    try:
        if path.stat().st_size > LARGEST:
            raise UsageError(
                f"the file is larger than {LARGEST >> 30} GiB", where=str(path), fix="run fewer instances at once"
            )
        return path.read_bytes()
    except OSError as error:
        raise UsageError(
            f"the file cannot be read: {error.strerror}", where=str(path), fix="take the whole run folder"
        ) from None


def loads(raw: bytes, where: str) -> Cell:
    """JSON as Python spells it. UsageError with the line."""
    try:
        return json.loads(raw.decode("utf-8-sig"), parse_constant=lambda _: None)
    except UnicodeDecodeError:
        raise UsageError("the file is not UTF-8", where=where, fix="save it as UTF-8") from None
    except RecursionError:
        raise UsageError("the JSON is nested too deeply", where=where, fix="take it as HELM wrote it") from None
    except json.JSONDecodeError as error:
        raise UsageError(
            f"the file is not JSON: {error.msg}",
            where=f"{where}:{error.lineno}",
            fix="the run or the copy was cut short: take the whole folder",
        ) from None
    except ValueError as error:
        raise UsageError(f"the file cannot be read: {error}", where=where, fix="take it as HELM wrote it") from None
