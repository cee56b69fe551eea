"""Where things stand: paths from the project's folder, and errors of other rooms with their line in the file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path as FilePath

from weighbridge.errors import UsageError
from weighbridge.project.source import Path, Source

_ROLE = re.compile(r"\((\w+)\)$")
_HAS_LINE = re.compile(r":\d+|, row \d+|\bline \d+")


def rooted(path: str, folder: FilePath) -> FilePath:
    """`path` as the project means it: from the project's folder, unless it is absolute or begins with ``~``."""
    found = FilePath(path).expanduser()
    return found if found.is_absolute() else folder / found


@contextmanager
def placed(source: Source, path: Path, *, whole: bool = True) -> Iterator[None]:
    """Adds the place in the project file to a `UsageError` raised inside that names no file of its own.

    With `whole` False an error that names its own place (a line of the data) keeps it.
    """
    try:
        yield
    except UsageError as error:
        here = source.where(path)
        if error.where is None:
            error.where = here
        elif whole and not error.where.startswith(source.label):
            error.where = f"{here}: {error.where}"
        raise


@contextmanager
def placed_in_data(source: Source) -> Iterator[None]:
    """For errors of the data: a wrong column is shown where the project names it, a line of the data where it is."""
    try:
        yield
    except UsageError as error:
        role = _ROLE.search(error.where or "")
        if role and ("data", role[1]) in {**source.values, **source.said}:
            error.where = f"{source.where(('data', role[1]))}, for {(error.where or '')[: role.start()].strip()}"
        elif error.where is None:
            error.where = source.where(("data",))
        elif not _HAS_LINE.search(error.where):
            path: Path = ("data", "path") if ("data", "path") in source.values else ("data",)
            error.where = f"{error.where}, named at {source.where(path)}"
        raise
