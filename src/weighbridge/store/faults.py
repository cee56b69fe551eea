"""What can go wrong with a store's file, said so that a user can mend it."""

from __future__ import annotations

import os
import shlex
import sqlite3
from pathlib import Path
from typing import Literal

from weighbridge.errors import WeighbridgeError

FaultKind = Literal["full", "locked", "corrupt", "readonly", "unopened", "version", "closed", "failed"]

FAULTS = (sqlite3.Error, UnicodeDecodeError)
"""What `sqlite3` raises. The second comes of a damaged file whose bytes stand in SQLite's own error message."""

SAFE = "answers written before are safe, and the same command goes on from them"


class StoreError(WeighbridgeError):
    """The store cannot be read or written. `kind` tells the causes apart."""

    def __init__(self, what: str, *, kind: FaultKind, where: str | None = None, fix: str | None = None) -> None:
        super().__init__(what, where=where, fix=fix)
        self.kind: FaultKind = kind


def recover_command(path: Path) -> str:
    """The command that copies what is readable of `path` into a new store."""
    return f"weighbridge store recover --store {shlex.quote(str(path))} --out {shlex.quote(path.stem)}-recovered.db"


def damaged(path: Path, what: str) -> StoreError:
    """The error for a file that holds something it should not."""
    return StoreError(
        what,
        kind="corrupt",
        where=str(path),
        fix=f"copy what is readable into a new store: {recover_command(path)}",
    )


def fault(error: sqlite3.Error | UnicodeDecodeError, path: Path, doing: str) -> StoreError:
    """The `StoreError` for one of `FAULTS` met while `doing` something (``"writing an answer"``)."""
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    if isinstance(error, UnicodeDecodeError) or str(error).startswith("Could not decode to UTF-8"):
        return damaged(path, f"the store is damaged: {doing} met text that is none")
    where = str(path)
    if name == "SQLITE_FULL":
        return StoreError(
            f"the disk is full: {doing} failed",
            kind="full",
            where=where,
            fix=f"free some space on this disk; {SAFE}",
        )
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL")):
        held = holders(path)
        by = f" by {', '.join(held)}" if held else " by another process"
        return StoreError(
            f"the store is locked{by}: {doing} had to wait too long",
            kind="locked",
            where=where,
            fix=f"let that process finish or end it, or use another store file; {SAFE}",
        )
    if name.startswith("SQLITE_CORRUPT"):
        return damaged(path, f"the store is damaged: {doing} failed ({error})")
    if name.startswith("SQLITE_NOTADB"):
        return damaged(path, "the file is not a SQLite database, or its first page is damaged")
    if name.startswith("SQLITE_READONLY"):
        return StoreError(
            f"the store may be read but not written: {doing} failed",
            kind="readonly",
            where=where,
            fix=f"allow writing to the file and its folder (chmod u+w {shlex.quote(where)}), or use another store",
        )
    if name.startswith(("SQLITE_CANTOPEN", "SQLITE_PERM", "SQLITE_AUTH")):
        return StoreError(
            f"the store cannot be opened: {doing} failed",
            kind="unopened",
            where=where,
            fix="see that the file and its folder are there, are yours, and that the disk has space left",
        )
    if name.startswith("SQLITE_IOERR"):
        return StoreError(
            f"the disk refused: {doing} failed ({name})",
            kind="full" if name in ("SQLITE_IOERR_WRITE", "SQLITE_IOERR_SHMSIZE", "SQLITE_IOERR_FSYNC") else "failed",
            where=where,
            fix=f"look for a full disk, a quota, a limit on file sizes (ulimit -f) or a failing disk; {SAFE}",
        )
    return StoreError(f"{doing} failed: {error} ({name})", kind="failed", where=where)


def holders(path: Path) -> list[str]:
    """The processes that hold a write lock on the store, as ``name (process 123)``; empty where it cannot be known.

    Linux tells in ``/proc/locks``; no other system does without privileges.
    """
    inodes = set()
    for name in (str(path), f"{path}-wal", f"{path}-shm"):
        try:
            inodes.add(Path(name).stat().st_ino)
        except OSError:
            continue
    try:
        lines = Path("/proc/locks").read_text().splitlines()
    except OSError:
        return []
    pids = set()
    for line in lines:
        words = line.split()
        if len(words) < 8 or words[1] != "POSIX" or words[3] != "WRITE":
            continue
        inode = words[5].rpartition(":")[2]
        if inode.isdigit() and int(inode) in inodes and words[4].isdigit() and int(words[4]) > 0:
            pids.add(int(words[4]))
    named = []
    for pid in sorted(pids):
        if pid == os.getpid():
            named.append("this process itself")
            continue
        try:
            name = Path(f"/proc/{pid}/comm").read_text().strip()
        except OSError:
            name = "a process"
        named.append(f"{name} (process {pid})")
    return named
