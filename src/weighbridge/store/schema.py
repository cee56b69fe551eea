"""The SQLite file: its tables, its version, and how it is opened.

Why these settings: in WAL mode a commit is one append to the log, readers never wait, and a process killed at any
moment leaves a file that the next open repairs by itself. ``synchronous=FULL`` waits for the disk at every commit, so
that a power cut takes no acknowledged answer either; commits are shared by all answers waiting (see `writer`), which
makes that affordable. ``secure_delete`` overwrites what is pruned.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

from weighbridge.errors import UsageError
from weighbridge.store.faults import FAULTS, StoreError, damaged, fault
from weighbridge.store.prompts import TABLE as PROMPTS

APPLICATION = 0x57_42_44_47
"""``WBDG`` in the file's header marks a file as ours."""
VERSION = 1
"""Raised whenever a file of today could not be read by the code of tomorrow."""
PAGE = 4096
HEADER = b"SQLite format 3\x00"

TABLES = """
CREATE TABLE sources (
    id INTEGER PRIMARY KEY,
    task TEXT NOT NULL,
    candidate TEXT NOT NULL,
    model TEXT NOT NULL,
    revision TEXT NOT NULL,
    engine TEXT NOT NULL,
    simulated INTEGER NOT NULL,
    sum INTEGER NOT NULL
);
CREATE UNIQUE INDEX source_parts ON sources (task, candidate, model, revision, engine, simulated);
CREATE TABLE answers (
    id INTEGER PRIMARY KEY,
    key BLOB NOT NULL,
    source INTEGER NOT NULL,
    item TEXT NOT NULL,
    repeat INTEGER NOT NULL,
    written REAL NOT NULL,
    cost REAL,
    machine_seconds REAL,
    finish TEXT NOT NULL,
    input_tokens INTEGER,
    output_tokens INTEGER,
    sum INTEGER NOT NULL,
    completion BLOB NOT NULL
);
CREATE UNIQUE INDEX answer_keys ON answers (key);
CREATE TABLE about (name TEXT PRIMARY KEY, value TEXT NOT NULL);
"""


def connect(path: Path, *, readonly: bool, busy: float) -> sqlite3.Connection:
    """An open connection to a store of this version, made if it is new and may be written.

    `busy` is how many seconds to wait for another process's lock. Transactions are the caller's: ``BEGIN IMMEDIATE``.
    Raises `UsageError` where `path` cannot be a store, `StoreError` where it is one that cannot be used now.
    """
    look_at(path, readonly=readonly)
    try:
        connection = _connect(path, readonly=readonly, busy=busy)
    except FAULTS as error:
        raise fault(error, path, "opening it") from error
    try:
        _settle(connection, path, readonly=readonly, busy=busy)
    except FAULTS as error:
        connection.close()
        raise fault(error, path, "opening it") from error
    except Exception:  # whatever it is, the file must not stay open behind it
        connection.close()
        raise
    return connection


def look_at(path: Path, *, readonly: bool) -> None:
    """Refuse what is plainly not a store before SQLite touches it."""
    try:
        _look_at(path, readonly=readonly)
    except OSError as error:
        raise StoreError(
            f"the store cannot be read: {error.strerror}",
            kind="unopened",
            where=str(path),
            fix="see that the file and its folder are yours to read and write, and that the name is right",
        ) from error


def _look_at(path: Path, *, readonly: bool) -> None:
    if "\0" in str(path):
        raise UsageError("the store's name holds a NUL character", where=repr(str(path)), fix="name a file")
    if path.is_dir():
        raise UsageError("the store must be a file; this is a folder", where=str(path), fix=f"{path}/answers.db")
    if not path.exists():
        if readonly:
            raise UsageError(
                "there is no store here",
                where=str(path),
                fix="`weighbridge run` makes one; or name another with --store FILE",
            )
        if not path.parent.is_dir():
            raise UsageError(
                "the folder of the store is not there", where=str(path), fix=f"make it first: mkdir -p {path.parent}"
            )
        return
    with path.open("rb") as file:
        head = file.read(100)
    if head and not head.startswith(HEADER):
        raise damaged(path, "the file is not a SQLite database, or its first page is damaged")
    if 0 < len(head) < 100:
        raise damaged(path, "the store is cut off within its first page")


def _connect(path: Path, *, readonly: bool, busy: float) -> sqlite3.Connection:
    def opened(query: str) -> sqlite3.Connection:
        uri = f"file:{quote(str(path.absolute()))}?{query}"
        return sqlite3.connect(uri, uri=True, timeout=busy, isolation_level=None, check_same_thread=False)

    if not readonly:
        return opened("mode=rwc")
    connection = opened("mode=ro")
    try:
        connection.execute("PRAGMA schema_version").fetchone()
    except sqlite3.OperationalError as error:
        # A WAL file in a folder that may not be written has no place for its shared index; without a log beside it
        # the main file is complete and may be read as it is.
        log = Path(f"{path}-wal")
        if not error.sqlite_errorname.startswith(("SQLITE_CANTOPEN", "SQLITE_READONLY")) or (
            log.exists() and log.stat().st_size
        ):
            raise
        connection.close()
        connection = opened("mode=ro&immutable=1")
    return connection


def _settle(connection: sqlite3.Connection, path: Path, *, readonly: bool, busy: float) -> None:
    if readonly:
        if path.stat().st_size == 0 or not _ours(connection, path):
            raise UsageError("the store is empty", where=str(path), fix="`weighbridge run` fills it")
        return
    connection.execute("PRAGMA secure_delete = ON")
    if not _ours(connection, path):
        connection.execute(f"PRAGMA page_size = {PAGE}")
    _log_ahead(connection, busy)
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA journal_size_limit = 67108864")
    connection.execute("BEGIN IMMEDIATE")
    with rolled_back(connection):
        if not _ours(connection, path):  # looked at again: another process may have made it meanwhile
            for statement in TABLES.split(";"):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute(PROMPTS)
        # A real write: a full disk or a file that may not be written shows now, before a call is paid.
        connection.execute("INSERT OR REPLACE INTO about VALUES ('opened', ?)", (f"{time.time():.3f}",))
        connection.execute("COMMIT")


def _ours(connection: sqlite3.Connection, path: Path) -> bool:
    """Whether the tables are there; False for a new file, an error for another program's or another version's."""
    # One statement, so one moment: another process may be making the store between two.
    application, version, tables = connection.execute(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version),"
        " (SELECT count(*) FROM sqlite_master)"
    ).fetchone()
    if application == APPLICATION and version == VERSION:
        return True
    if application == APPLICATION:
        newer = version > VERSION
        raise StoreError(
            f"the store has schema version {version}; this Weighbridge reads and writes version {VERSION}",
            kind="version",
            where=str(path),
            fix=(
                "it was written by a newer Weighbridge: pip install --upgrade weighbridge"
                if newer
                else "it was written by an older Weighbridge: export it there (weighbridge store export)"
            )
            + "; or use another store file",
        )
    if tables or application:
        raise UsageError(
            "this is a SQLite database of another program",
            where=str(path),
            fix="name another file for the store",
        )
    return False


def _log_ahead(connection: sqlite3.Connection, busy: float) -> None:
    """Switch to WAL. SQLite does not wait for locks here, so two processes making one store must try again."""
    end = time.monotonic() + busy
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if not error.sqlite_errorname.startswith("SQLITE_BUSY") or time.monotonic() > end:
                raise
            time.sleep(0.01)


@contextlib.contextmanager
def rolled_back(connection: sqlite3.Connection) -> Iterator[None]:
    """Undo the open transaction if the block fails."""
    try:
        yield
    except BaseException:
        with contextlib.suppress(sqlite3.Error):  # some errors (a full disk) have ended the transaction already
            connection.execute("ROLLBACK")
        raise
