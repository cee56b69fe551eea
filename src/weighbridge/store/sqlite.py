"""The store in one SQLite file."""

from __future__ import annotations

import atexit
import contextlib
import sqlite3
import time
import weakref
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from weighbridge.store.answer import Answer, Group, Key, Selection, Shown
from weighbridge.store.faults import FAULTS, StoreError, fault
from weighbridge.store.journal import Entry
from weighbridge.store.journal import write as write_entries
from weighbridge.store.prompts import write
from weighbridge.store.reader import Reader
from weighbridge.store.schema import connect, rolled_back
from weighbridge.store.secrets import Secrets
from weighbridge.store.writer import Writer

T = TypeVar("T")

BUSY = 30.0
"""Seconds to wait for another process's lock; commits take milliseconds, so only a stuck process holds it longer."""


class SqliteStore:
    """Every answer once, in one file that several processes may use at the same time.

    Raises `UsageError` where `path` cannot be a store and `StoreError` where it cannot be used now. Both connections
    are made, and one real write is done, before any call is paid for.
    """

    def __init__(
        self, path: str | Path, *, readonly: bool = False, busy: float = BUSY, secrets: Iterable[str] = ()
    ) -> None:
        self._path = Path(path)
        self._closed = False
        self._secrets = Secrets(secrets)
        self._writer: Writer | None = None
        if not readonly:
            self._writer = Writer(connect(self._path, readonly=False, busy=busy), self._path, self._secrets)
        try:
            self._reader = Reader(connect(self._path, readonly=True, busy=busy), self._path)
        except BaseException:
            if self._writer is not None:
                self._writer.close()
            raise
        # What was queued when a program ends without closing is still paid for.
        self._at_exit = _closer(weakref.ref(self))
        atexit.register(self._at_exit)

    @property
    def location(self) -> str:
        return str(self._path)

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Answer]:
        return self._read(lambda: self._reader.get_many(keys))

    async def put(self, answer: Answer) -> Answer:
        return (await self._open().submit((answer,)))[0]

    async def put_many(self, answers: Sequence[Answer]) -> list[Answer]:
        return await self._open().submit(tuple(answers)) if answers else []

    def answers(self, selection: Selection | None = None) -> Iterator[Answer]:
        pages = self._read(lambda: self._reader.answers(selection))
        while (answer := self._read(lambda: next(pages, None))) is not None:
            yield answer

    def groups(self, selection: Selection | None = None) -> list[Group]:
        return self._read(lambda: self._reader.groups(selection))

    def prompts(self, keys: Iterable[Key]) -> dict[Key, Shown]:
        return self._read(lambda: self._reader.prompts(keys))

    def shown(self, selection: Selection | None = None) -> list[Shown]:
        return self._read(lambda: self._reader.shown(selection))

    def keep_prompts(self, shown: Sequence[Shown]) -> None:
        self._open()
        if not shown:
            return
        self._commit(
            lambda connection: write(connection, shown, self._secrets, time.time()),
            "keeping what a candidate was told",
        )

    def journal(self, subject: str | None = None) -> list[Entry]:
        return self._read(lambda: self._reader.journal(subject))

    def enter(self, entries: Sequence[Entry]) -> None:
        self._open()
        if not entries:
            return
        self._commit(
            lambda connection: write_entries(connection, entries, self._secrets, time.time()), "writing the journal"
        )

    def prune(self, selection: Selection) -> int:
        self._open()
        condition, values = self._read(lambda: self._reader.where(selection))
        try:
            with contextlib.closing(connect(self._path, readonly=False, busy=BUSY)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                with rolled_back(connection):
                    query = f"DELETE FROM answers WHERE {condition}"  # noqa: S608
                    gone = connection.execute(query, values).rowcount
                    connection.execute(f"DELETE FROM prompts WHERE {condition}", values)  # noqa: S608
                    connection.execute("COMMIT")
                # Where it cannot be had (no space for a copy, someone is reading), the free pages are used again.
                with contextlib.suppress(sqlite3.OperationalError):
                    connection.execute("VACUUM")
                    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                return gone
        except FAULTS as error:
            raise fault(error, self._path, "pruning") from error

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        atexit.unregister(self._at_exit)
        self._reader.close()  # first: only a connection that may write clears the log away as the last one out
        if self._writer is not None:
            self._writer.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _commit(self, change: Callable[[sqlite3.Connection], None], doing: str) -> None:
        """`change` in a transaction of its own."""
        try:
            with contextlib.closing(connect(self._path, readonly=False, busy=BUSY)) as connection:
                connection.execute("BEGIN IMMEDIATE")
                with rolled_back(connection):
                    change(connection)
                    connection.execute("COMMIT")
        except FAULTS as error:
            raise fault(error, self._path, doing) from error

    def _open(self) -> Writer:
        if self._writer is None:
            raise StoreError(
                "the store was opened for reading only", kind="readonly", where=self.location, fix="open it to write"
            )
        return self._writer

    def _read(self, query: Callable[[], T]) -> T:
        if self._closed:
            raise StoreError("the store has been closed", kind="closed", where=self.location)
        try:
            return query()
        except FAULTS as error:
            raise fault(error, self._path, "reading an answer") from error


def _closer(store: weakref.ref[SqliteStore]) -> Callable[[], None]:
    """A function for the end of the program that does not keep the store alive until then."""

    def close() -> None:
        held = store()
        if held is not None:
            held.close()

    return close
