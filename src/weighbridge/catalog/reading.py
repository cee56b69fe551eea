"""Catalogue files (YAML or JSON) as values; what is wrong in one is told with its place."""

from __future__ import annotations

import re
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from weighbridge.errors import UsageError

T = TypeVar("T")


def shipped(name: str) -> tuple[bytes, str]:
    """A data file of the package, and what to call it in an error."""
    return (files("weighbridge.catalog") / "data" / name).read_bytes(), f"catalog/data/{name}"


def read_bytes(path: Path) -> bytes:
    """The content of a user's file (unpacked where it is gzip). Raises `UsageError` where it cannot be read."""
    try:
        content = path.read_bytes()
        if content[:2] == b"\x1f\x8b":
            import gzip

            content = gzip.decompress(content)
    except (OSError, EOFError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise UsageError(f"the file cannot be read: {why}", where=str(path), fix="name a file that exists") from None
    return content


def tree_of(content: bytes, where: str) -> Any:  # noqa: ANN401 - whatever the file holds
    """The file's values. JSON is read as such where it begins like it, else YAML."""
    if content.lstrip()[:1] in (b"{", b"["):
        try:
            return msgspec.json.decode(content)
        except msgspec.DecodeError as error:
            found = re.search(r"byte (\d+)", str(error))
            line = content[: int(found[1])].count(b"\n") + 1 if found else content.count(b"\n") + 1
            raise UsageError(f"the file is no JSON: {error}", where=f"{where}:{line}", fix=_WHOLE) from None
    import yaml

    try:
        tree = yaml.load(content, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f"{where}:{mark.line + 1}" if mark else where
        what = getattr(error, "problem", None) or getattr(error, "reason", None) or "not text"
        raise UsageError(f"the file is no YAML: {what}", where=place, fix=_WHOLE) from None

    return _dated(tree)


def _dated(value: Any) -> Any:  # noqa: ANN401 - whatever the file holds
    """With days as text: YAML makes dates of them where they are not in quotes."""
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, dict):
        return {key: _dated(part) for key, part in value.items()}
    return [_dated(part) for part in value] if isinstance(value, list) else value


_WHOLE = "check that the file is whole; get it anew where it was cut or is another page"


def as_type(tree: Any, kind: type[T], where: str) -> T:  # noqa: ANN401 - whatever the file holds
    """`tree` as a struct. Raises `UsageError` naming the key."""
    try:
        return msgspec.convert(tree, kind, strict=True, str_keys=True)
    except msgspec.ValidationError as error:
        what, _, place = str(error).partition(" - at ")
        raise UsageError(
            what[:1].lower() + what[1:],
            where=f"{where}: {place.strip('`')}" if place else where,
            fix="the form of catalogue files is in docs/catalogue.md, that of prices in docs/prices.md",
        ) from None
