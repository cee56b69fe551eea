"""What candidates were told, kept for a few items of each: a table of its own beside the answers.

The table came after the first stores were written. It is added when such a store is opened for writing, and taken as
empty when it is only read; a Weighbridge that does not know it reads the rest as before. That is why the file's
version stays what it was.
"""

from __future__ import annotations

import sqlite3
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from weighbridge.store.answer import Key, Shown, Source
from weighbridge.store.rows import SOURCE_ID, SOURCE_INSERT, source_row, text
from weighbridge.store.secrets import Secrets

TABLE = """
CREATE TABLE IF NOT EXISTS prompts (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL UNIQUE,
    source INTEGER NOT NULL,
    item TEXT NOT NULL,
    written REAL NOT NULL,
    exact INTEGER NOT NULL,
    template TEXT NOT NULL,
    notes TEXT NOT NULL,
    text TEXT NOT NULL,
    sum INTEGER NOT NULL
)
"""
COLUMNS = ("key", "source", "item", "written", "exact", "template", "notes", "text", "sum")
LONGEST = 1_000_000
"""Characters of a prompt that are kept: a few are kept to be read, and nobody reads more."""

Row = tuple[object, ...]


def there(connection: sqlite3.Connection) -> bool:
    """Whether the store has the table."""
    query = "SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = 'prompts'"
    return bool(connection.execute(query).fetchone()[0])


def write(connection: sqlite3.Connection, shown: Sequence[Shown], secrets: Secrets, now: float) -> None:
    """Keep `shown`, within the caller's transaction. What an engine read takes the place of what was sent to it."""
    for one in shown:
        source = source_row(secrets.source(one.source))
        connection.execute(SOURCE_INSERT, source)
        number = int(connection.execute(SOURCE_ID, source[:-1]).fetchone()[0])
        notes = msgspec.json.encode([secrets.without(note) for note in one.notes]).decode()
        parts = (
            *(one.key, number, text(secrets.without(one.item)), now if one.written is None else one.written),
            *(int(one.exact), one.template, notes, text(secrets.without(one.text[:LONGEST]))),
        )
        marks = ", ".join("?" * len(COLUMNS))
        connection.execute(
            f"INSERT INTO prompts ({', '.join(COLUMNS)}) VALUES ({marks}) "  # noqa: S608
            "ON CONFLICT (key) DO UPDATE SET exact = excluded.exact, template = excluded.template, "
            "notes = excluded.notes, text = excluded.text, written = excluded.written, source = excluded.source, "
            "item = excluded.item, sum = excluded.sum WHERE excluded.exact >= prompts.exact",
            (*parts, _sum(parts)),
        )


def by_key(connection: sqlite3.Connection, keys: Iterable[Key], sources: Mapping[int, Source]) -> dict[Key, Shown]:
    """What was told under these keys (few of them)."""
    wanted = list(keys)
    if not wanted or not there(connection):
        return {}
    marks = ", ".join("?" * len(wanted))
    query = f"SELECT {', '.join(COLUMNS)} FROM prompts WHERE key IN ({marks})"  # noqa: S608
    found = (_shown(row, sources) for row in connection.execute(query, wanted).fetchall())
    return {one.key: one for one in found if one is not None}


def chosen(
    connection: sqlite3.Connection, condition: str, values: Sequence[object], sources: Mapping[int, Source]
) -> Iterator[Shown]:
    """What was told, by an SQL condition on source, item, key and written; in the order kept."""
    if not there(connection):
        return
    query = f"SELECT {', '.join(COLUMNS)} FROM prompts WHERE {condition} ORDER BY id"  # noqa: S608
    for row in connection.execute(query, values).fetchall():
        shown = _shown(row, sources)
        if shown is not None:
            yield shown


def _shown(row: tuple[object, ...], sources: Mapping[int, Source]) -> Shown | None:
    """None for a row that is not what was written: it only illustrates, and no verdict rests on it."""
    *parts, checksum = row
    try:
        if _sum(parts) != checksum:
            return None
        key, source, item, written, exact, template, notes, said = parts
        held = sources[int(str(source))]
        return Shown(
            Key(bytes(key)),  # type: ignore[call-overload]  # a BLOB column gives bytes
            held,
            str(item),
            str(said),
            bool(exact),
            template if template in ("chat", "plain") else "unknown",
            tuple(msgspec.json.decode(str(notes), type=list[str])),
            float(str(written)),
        )
    except (KeyError, TypeError, ValueError, msgspec.MsgspecError):
        return None


def _sum(parts: Sequence[object]) -> int:
    return zlib.crc32(msgspec.msgpack.encode(tuple(parts)))
