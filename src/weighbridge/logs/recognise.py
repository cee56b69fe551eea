"""Finds out from its content which tool wrote a file or a folder, and reads it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from weighbridge.errors import UsageError, nearest
from weighbridge.logs.log import Log, Reader
from weighbridge.logs.readers import reader_of, readers
from weighbridge.logs.zips import is_zip


def read_logs(path: str | Path, format: str | None = None) -> list[Log]:  # noqa: A002 - the word users know
    """The logs in a file or a folder, whatever tool wrote them.

    The content decides, never the name. A folder is first taken as a whole (a HELM run, a folder of lm-eval results);
    where no format claims it, each file and folder directly in it is looked at, and what is no log is passed over.
    `format` is a registered name and skips the recognition.

    UsageError: there is no such path, nothing known is in it (with what was looked for), it could be of two formats,
    or the reader cannot read it.
    """
    place = Path(path).expanduser()
    if not place.exists():
        beside = [other.name for other in place.parent.iterdir()] if place.parent.is_dir() else []
        raise UsageError("there is no such file or folder", where=str(place), fix=nearest(place.name, beside))
    if format is not None:
        return reader_of(format).read(place)
    reader = recognise(place)
    if reader is not None:
        return reader.read(place)
    logs = _inside(place) if place.is_dir() else []
    if not logs:
        raise _unknown(place)
    return logs


def recognise(path: Path) -> Reader | None:
    """The one reader whose format the content of `path` has; None where there is none.

    UsageError: two formats claim it, or it cannot be opened.
    """
    try:
        claims = [reader for reader in readers().values() if reader.recognise(path)]
    except OSError as error:
        raise UsageError(
            f"it cannot be opened: {error.strerror or error}", where=str(path), fix="check the path and its rights"
        ) from None
    if len(claims) > 1:
        raise UsageError(
            f"this could be {' or '.join(reader.title for reader in claims)}",
            where=str(path),
            fix=f"say which: {' or '.join(f'format={reader.name}' for reader in claims)}",
        )
    return claims[0] if claims else None


def _inside(folder: Path) -> list[Log]:
    logs: list[Log] = []
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((".", "_")) or not (entry.is_file() or entry.is_dir()):
            continue
        reader = recognise(entry)
        if reader is not None:
            logs += reader.read(entry)
    return logs


def _unknown(path: Path) -> UsageError:
    if path.is_file() and path.stat().st_size == 0:
        return UsageError("the file is empty", where=str(path), fix="did the run that wrote it finish?")
    what = "no log of a known format is in this folder" if path.is_dir() else "the format of this file is not known"
    return UsageError(f"{what}; looked for {_listed(list(readers().values()))}", where=str(path), fix=_advice(path))


def _listed(known: Sequence[Reader]) -> str:
    return "; ".join(f"{reader.title} ({reader.looks_for})" for reader in known)


def _advice(path: Path) -> str:
    if path.is_dir():
        return "name the file or the folder of one run"
    if is_zip(path):
        return "is this zip whole? fetch it again, or wait for the run that writes it"
    return "convert it to a csv with the columns item_id, model, score"
