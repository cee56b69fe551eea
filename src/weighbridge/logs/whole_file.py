"""A file is written whole or not at all: a reader never finds half of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


def write_whole(path: Path, content: bytes | str) -> None:
    """Writes `content` (a text as UTF-8, half surrogate pairs replaced) to `path`. OSError where that fails."""
    raw = content.encode("utf-8", "replace") if isinstance(content, str) else content
    through_part(path, lambda part: part.write_bytes(raw))


def through_part(path: Path, write: Callable[[Path], object]) -> None:
    """Calls `write` with a name beside `path`, and moves what it wrote there when it is complete."""
    part = path.with_name(f".{path.name}.part")
    try:
        write(part)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
