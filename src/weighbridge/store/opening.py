"""From a path or URL to a store."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from weighbridge.errors import UsageError
from weighbridge.store.faults import StoreError
from weighbridge.store.protocol import Store

FOLDER = ".weighbridge"
DEFAULT = f"{FOLDER}/answers.db"
"""Where answers are kept unless a project says otherwise, beside the project file."""

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def open_store(location: str | Path = DEFAULT, *, readonly: bool = False, secrets: Iterable[str] = ()) -> Store:
    """The store at `location`: a file's path, or ``sqlite:PATH``.

    A new file is made unless `readonly`. Its folder must be there, but for `FOLDER`, which is made, and kept out of
    Git: answers may hold personal data. `secrets` are texts that must never be written, beside the ones that
    `weighbridge.store.secrets` knows. Raises `UsageError` for a location that cannot be a store, `StoreError` where
    the file cannot be used now.
    """
    from weighbridge.store.sqlite import SqliteStore

    path = store_path(location)
    if not readonly and path.parent.name == FOLDER and not path.parent.exists() and path.parent.parent.is_dir():
        _make_folder(path.parent)
    return SqliteStore(path, readonly=readonly, secrets=secrets)


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(exist_ok=True)
        (folder / ".gitignore").write_text("*\n")
    except OSError as error:
        raise StoreError(
            f"the folder of the store cannot be made: {error.strerror}",
            kind="unopened",
            where=str(folder),
            fix="see that the folder above is yours to write and the disk has space, or use --store FILE",
        ) from error


def store_path(location: str | Path) -> Path:
    """The file behind a location. Raises `UsageError` for an empty one and for a scheme that is not there."""
    if isinstance(location, Path):
        return location
    if not location.strip():
        raise UsageError("the store has no name", fix=f"name a file, for example {DEFAULT}")
    scheme, colon, rest = location.partition(":")
    if colon and scheme.lower() == "sqlite" and not rest.startswith("//"):
        return Path(rest).expanduser()
    if _URL.match(location):
        raise UsageError(
            f"a store cannot be opened by a {scheme}:// address",
            where=f"{scheme}://...",
            fix=f"name a file: {DEFAULT} or sqlite:{DEFAULT} (SQLite is what there is now)",
        )
    return Path(location).expanduser()
