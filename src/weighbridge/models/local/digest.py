"""The SHA-256 of a large file, reckoned once and remembered by path, size and time of change."""

from __future__ import annotations

import contextlib
import hashlib
import os
import sys
from pathlib import Path

_known: dict[tuple[str, int, int], str] = {}


def cache_dir() -> Path:
    """Where this user's caches lie: ``WEIGHBRIDGE_CACHE``, or the platform's own place."""
    chosen = os.environ.get("WEIGHBRIDGE_CACHE")
    if chosen:
        return Path(chosen)
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches" / "weighbridge"
    if sys.platform == "win32":
        return Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local") / "weighbridge" / "cache"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "weighbridge"


def digest_of(path: Path) -> str:
    """Hex SHA-256 of `path`; from the cache where size and time of change (in ns) are what they were."""
    found = path.stat()
    key = (str(path.resolve()), found.st_size, found.st_mtime_ns)
    if key in _known:
        return _known[key]
    note = cache_dir() / "digests" / hashlib.sha256(repr(key).encode()).hexdigest()
    with contextlib.suppress(OSError):
        text = note.read_text().strip()
        if len(text) == 64:
            _known[key] = text
            return text
    with path.open("rb") as source:
        digest = hashlib.file_digest(source, "sha256").hexdigest()
    _known[key] = digest
    # A cache that cannot be written costs time at the next start, nothing else.
    with contextlib.suppress(OSError):
        note.parent.mkdir(parents=True, exist_ok=True)
        making = note.with_name(f"{note.name}.{os.getpid()}")
        making.write_text(digest)
        making.replace(note)
    return digest
