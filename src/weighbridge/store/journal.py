"""A journal beside the answers: what was found out by looking at them again and again, entry by entry.

Entries are only ever added. The table is made with the first one: most stores never have it, and a Weighbridge that
does not know it reads the rest as before.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterator, Sequence

import msgspec

from weighbridge.store.rows import text
from weighbridge.store.secrets import Secrets

TABLE = """
CREATE TABLE IF NOT EXISTS journal (
    id INTEGER PRIMARY KEY,
    subject TEXT NOT NULL,
    kind TEXT NOT NULL,
    written REAL NOT NULL,
    body TEXT NOT NULL,
    sum INTEGER NOT NULL
)
"""
COLUMNS = ("subject", "kind", "written", "body", "sum")


class Entry(msgspec.Struct, frozen=True):
    """One entry of the journal."""

    subject: str
    """What it is about; entries of one subject belong together."""
    kind: str
    body: str
    """JSON."""
    written: float | None = None
    """Unix time in seconds; the store fills it in where it is None."""


def write(connection: sqlite3.Connection, entries: Sequence[Entry], secrets: Secrets, now: float) -> None:
    """Add `entries`, within the caller's transaction."""
    connection.execute(TABLE)
    marks = ", ".join("?" * len(COLUMNS))
    for one in entries:
        parts = (
            text(secrets.without(one.subject)),
            one.kind,
            float(now if one.written is None else one.written),
            text(secrets.without(one.body)),
        )
        query = f"INSERT INTO journal ({', '.join(COLUMNS)}) VALUES ({marks})"  # noqa: S608
        connection.execute(query, (*parts, _sum(parts)))


def read(connection: sqlite3.Connection, subject: str | None) -> Iterator[Entry]:
    """The entries of `subject` (of all, where it is None), oldest first; rows that are damaged are left out."""
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'journal'"
    if not connection.execute(query).fetchone()[0]:
        return
    condition, values = ("1", ()) if subject is None else ("subject = ?", (subject,))
    query = f"SELECT {', '.join(COLUMNS)} FROM journal WHERE {condition} ORDER BY id"  # noqa: S608
    for *parts, checksum in connection.execute(query, values).fetchall():
        if _sum(tuple(parts)) == checksum:
            about, kind, written, body = parts
            yield Entry(str(about), str(kind), str(body), float(written))


def _sum(parts: tuple[object, ...]) -> int:
    return zlib.crc32(msgspec.msgpack.encode(parts))
