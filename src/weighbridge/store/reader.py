"""Reading answers by key, by selection and in sums, in constant memory."""

from __future__ import annotations

import fnmatch
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NoReturn

from weighbridge.errors import UsageError
from weighbridge.store.answer import Answer, Group, Key, Selection, Shown, Source
from weighbridge.store.faults import damaged
from weighbridge.store.journal import Entry, read
from weighbridge.store.prompts import by_key, chosen
from weighbridge.store.rows import READ, SOURCE_COLUMNS, DamagedRow, answer_of, source_of

AT_ONCE = 500
"""Rows or keys in one query."""


class Reader:
    """Queries over one connection, from any thread."""

    def __init__(self, connection: sqlite3.Connection, path: Path) -> None:
        self._connection = connection
        self._path = path
        self._lock = threading.Lock()
        self._sources: dict[int, Source] = {}

    def close(self) -> None:
        """Wait for the query under way, then close the connection."""
        with self._lock:
            self._connection.close()

    def get_many(self, keys: Iterable[Key]) -> dict[Key, Answer]:
        """The answers that are there, by key. Raises `sqlite3.Error`, `StoreError`."""
        found: dict[Key, Answer] = {}
        left = iter(keys)
        with self._lock:
            while wanted := list(islice(left, AT_ONCE)):
                marks = ",".join("?" * len(wanted))
                query = f"SELECT {READ} FROM answers WHERE key IN ({marks})"  # noqa: S608
                for row in self._connection.execute(query, wanted).fetchall():
                    answer = self._answer(row)
                    found[answer.key] = answer
        return found

    def answers(self, selection: Selection | None = None) -> Iterator[Answer]:
        """The chosen answers, oldest first. No transaction is held open between pages, so writers go on."""
        condition, values = self.where(selection or Selection())
        query = f"SELECT id, {READ} FROM answers WHERE id > ? AND {condition} ORDER BY id LIMIT {AT_ONCE}"  # noqa: S608
        last = 0
        while True:
            with self._lock:
                rows = self._connection.execute(query, (last, *values)).fetchall()
                page = [self._answer(row[1:]) for row in rows]
            yield from page
            if len(rows) < AT_ONCE:
                return
            last = rows[-1][0]

    def groups(self, selection: Selection | None = None) -> list[Group]:
        """Totals per source."""
        condition, values = self.where(selection or Selection())
        query = f"""
            SELECT source, count(*), count(DISTINCT item), sum(finish = 'error'), min(written), max(written),
                   sum(input_tokens), sum(output_tokens), sum(cost), sum(cost IS NULL)
            FROM answers WHERE {condition} GROUP BY source ORDER BY max(id)
        """  # noqa: S608
        with self._lock:
            rows = self._connection.execute(query, values).fetchall()
            held = self.sources() if rows else {}
        for row in rows:
            if row[0] not in held or not all(isinstance(moment, float) for moment in row[4:6]):
                self._damaged()
        return [Group(held[row[0]], *row[1:]) for row in rows]

    def prompts(self, keys: Iterable[Key]) -> dict[Key, Shown]:
        """What was told under these keys, where it was kept."""
        with self._lock:
            return by_key(self._connection, keys, self.sources())

    def shown(self, selection: Selection | None = None) -> list[Shown]:
        """What candidates were told, oldest first."""
        condition, values = self.where(selection or Selection())
        with self._lock:
            return list(chosen(self._connection, condition, values, self.sources()))

    def journal(self, subject: str | None = None) -> list[Entry]:
        """Entries about `subject`, oldest first."""
        with self._lock:
            return list(read(self._connection, subject))

    def sources(self) -> dict[int, Source]:
        """All sources by row number."""
        rows = self._connection.execute(f"SELECT id, {', '.join(SOURCE_COLUMNS)} FROM sources").fetchall()  # noqa: S608
        try:
            self._sources = {row[0]: source_of(row[1:]) for row in rows}
        except DamagedRow:
            self._damaged()
        return self._sources

    def where(self, selection: Selection) -> tuple[str, list[object]]:
        """`selection` as an SQL condition on `answers` and its values."""
        parts: list[str] = []
        values: list[object] = []
        if selection.candidate is not None or selection.model is not None or selection.task is not None:
            numbers = self._matching(selection)
            parts.append(f"source IN ({','.join(map(str, numbers))})")
        if selection.item is not None:
            parts.append("item GLOB ?")
            values.append(selection.item.replace("[", "[[]"))
        if selection.key_prefix is not None:
            low, high = key_range(selection.key_prefix)
            parts.append("key BETWEEN ? AND ?")
            values += [low, high]
        if selection.before is not None:
            parts.append("written < ?")
            values.append(selection.before)
        if selection.since is not None:
            parts.append("written >= ?")
            values.append(selection.since)
        return " AND ".join(parts) or "1", values

    def _matching(self, selection: Selection) -> list[int]:
        with self._lock:
            chosen = self.sources()
        for part in ("candidate", "model", "task"):
            wanted = getattr(selection, part)
            if wanted is None:
                continue
            names = {getattr(source, part) for source in chosen.values()}
            if wanted not in names:
                pattern = wanted.replace("[", "[[]")
                names = {name for name in names if fnmatch.fnmatchcase(name, pattern)}
            else:
                names = {wanted}
            chosen = {number: source for number, source in chosen.items() if getattr(source, part) in names}
        return sorted(chosen)

    def _answer(self, row: tuple[object, ...]) -> Answer:
        if row[1] not in self._sources:
            self.sources()
        try:
            return answer_of(row, self._sources)
        except DamagedRow:
            self._damaged()

    def _damaged(self) -> NoReturn:
        raise damaged(self._path, "the store is damaged: an answer in it is not what was written")


def key_range(prefix: str) -> tuple[bytes, bytes]:
    """The least and greatest key whose hexadecimal form begins with `prefix`. Raises `UsageError`."""
    digits = prefix.lower()
    if len(digits) > 64 or not set(digits) <= set("0123456789abcdef"):
        raise UsageError(
            f"{prefix!r} is not the beginning of a key",
            fix="keys are up to 64 hexadecimal digits, as `weighbridge store show` prints them",
        )
    return bytes.fromhex(digits.ljust(64, "0")), bytes.fromhex(digits.ljust(64, "f"))
