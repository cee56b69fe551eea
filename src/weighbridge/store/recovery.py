"""Looks a store's file over, and copies what is readable of a damaged one into a new one."""

from __future__ import annotations

import contextlib
import sqlite3
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import msgspec

from weighbridge.errors import UsageError
from weighbridge.store.answer import Answer, Source
from weighbridge.store.faults import FAULTS, StoreError, fault
from weighbridge.store.rows import READ, SOURCE_COLUMNS, DamagedRow, answer_of, source_of
from weighbridge.store.salvage import records
from weighbridge.store.schema import connect, look_at
from weighbridge.store.secrets import Secrets
from weighbridge.store.writer import Writer

LOST = Source(candidate="(lost)", model="(lost)")
"""Stands for a source whose own row is gone; the answers under it are whole, and found by their keys."""

_ANSWER_COLUMNS = 13
_SOURCE_COLUMNS = 1 + len(SOURCE_COLUMNS)


class Check(msgspec.Struct, frozen=True):
    """What a look over the whole file found."""

    answers: int
    """Answers that are whole."""
    damaged: int
    """Answers that are not what was written."""
    problems: tuple[str, ...]
    """What SQLite says about the file's structure, at most 20 lines; empty when it is sound."""

    @property
    def sound(self) -> bool:
        return not self.damaged and not self.problems


class Recovery(msgspec.Struct, frozen=True):
    """What a recovery brought over."""

    answers: int
    unreadable: int
    """Rows that were found but are not whole. Rows on pages that are gone altogether are not counted."""
    lost_sources: int
    """Answers whose candidate and model are no longer known."""


def check(path: Path) -> Check:
    """Read every page and every answer. Raises `UsageError`, `StoreError` where the file cannot be opened at all."""
    whole = damaged = 0
    problems: list[str] = []
    with contextlib.closing(connect(path, readonly=True, busy=10.0)) as connection:
        try:
            problems += [row[0] for row in connection.execute("PRAGMA integrity_check(20)") if row[0] != "ok"]
            sources: dict[int, Source] = {}
            for row in connection.execute(f"SELECT id, {', '.join(SOURCE_COLUMNS)} FROM sources"):  # noqa: S608
                try:
                    sources[row[0]] = source_of(row[1:])
                except DamagedRow:
                    problems.append(f"the description of source {row[0]} is not what was written")
            for row in connection.execute(f"SELECT {READ} FROM answers"):  # noqa: S608
                try:
                    answer_of(row, sources)
                    whole += 1
                except DamagedRow:
                    damaged += 1
        except FAULTS as error:
            told = fault(error, path, "reading it through")
            if isinstance(error, sqlite3.OperationalError) and told.kind != "corrupt":
                raise told from error
            problems.append(str(error))
    return Check(whole, damaged, tuple(problems[:20]))


def recover(path: Path, out: Path) -> Recovery:
    """Copy every whole answer of `path` into the new store `out`; `path` is only read.

    Works where SQLite itself cannot open the file: a bad header, bad inner pages, a file cut short. Answers that were
    pruned do not come back. Raises `UsageError` where `path` is not there or `out` is, and `StoreError` where `out`
    cannot be written.
    """
    if not path.is_file():
        look_at(path, readonly=True)
    if out.exists():
        raise UsageError(
            "the file to recover into is there already", where=str(out), fix="name one that is not, with --out FILE"
        )
    look_at(out, readonly=False)
    try:
        return _recover(path, out)
    except FAULTS as error:
        raise fault(error, out, "writing the recovered answers") from error
    except OSError as error:
        raise StoreError(
            f"the damaged file cannot be read: {error.strerror}",
            kind="failed",
            where=str(path),
            fix="copy it to another disk first, then recover from the copy",
        ) from error


def _recover(path: Path, out: Path) -> Recovery:
    sources: dict[int, Source] = {}
    for found in records(path, _SOURCE_COLUMNS):
        if found is not None:
            with contextlib.suppress(DamagedRow):
                sources[found[0]] = source_of(found[1][1:])
    counts = {"unreadable": 0, "lost": 0}
    whole = _answers(path, sources, counts)
    connection = connect(out, readonly=False, busy=10.0)
    writer = Writer(connection, out, Secrets())
    try:
        while part := list(islice(whole, 1000)):
            writer.write([part])
        written = connection.execute("SELECT count(*) FROM answers").fetchone()[0]
    finally:
        writer.close()
    return Recovery(written, counts["unreadable"], counts["lost"])


def _answers(path: Path, sources: dict[int, Source], counts: dict[str, int]) -> Iterator[Answer]:
    for found in records(path, _ANSWER_COLUMNS):
        if found is None:
            counts["unreadable"] += 1
            continue
        _, key, source, item, repeat, written, cost, machine, _, _, _, checksum, completion = found[1]
        # SQLite keeps whole numbers of REAL columns as integers; reading them makes floats of them again.
        times = [float(value) if isinstance(value, int) else value for value in (written, cost, machine)]
        known = sources if source in sources else {source: LOST}
        try:
            answer = answer_of((key, source, item, repeat, *times, checksum, completion), known)
        except DamagedRow:
            counts["unreadable"] += 1
            continue
        if answer.source is LOST:
            counts["lost"] += 1
        yield answer
