"""Reads rows straight from the pages of a damaged SQLite file, without SQLite.

SQLite gives up on a tree as soon as one of its inner pages is bad. The rows stand in leaf pages that can each be read
alone, so every leaf page of the file, in its newest version (the write-ahead log's, where it has one), is looked
through. Rows prove themselves by their checksum (`rows`), so nothing is taken on trust.

Layout: sqlite.org/fileformat2.html, sections 1.3 (header), 1.6 (b-tree pages), 2.1 (records) and 4 (the log).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

from weighbridge.store.schema import HEADER, PAGE

LEAF = 0x0D
_INTEGERS = {1: 1, 2: 2, 3: 3, 4: 4, 5: 6, 6: 8}


class Unreadable(Exception):  # noqa: N818 - a sign between functions of this file, never shown
    """These bytes are not the row they should be."""


class Pages:
    """The newest version of every page of a database file and its log. Page numbers begin with 1."""

    def __init__(self, path: Path, main: BinaryIO, log: BinaryIO | None) -> None:
        self._main = main
        self._log = log
        head = main.read(100)
        self.size, reserved = PAGE, 0
        if head.startswith(HEADER) and len(head) == 100:
            size = struct.unpack_from(">H", head, 16)[0]
            size = 65536 if size == 1 else size
            # Believed only if it can be true: the header may be what is damaged.
            if size >= 512 and size & (size - 1) == 0 and head[20] <= 32:
                self.size, reserved = size, head[20]
        self.usable = self.size - reserved
        self._frames = self._newest(log) if log is not None else {}
        in_main = -(-path.stat().st_size // self.size)
        self.count = max([in_main, *self._frames])

    def __getitem__(self, number: int) -> bytes:
        if not 1 <= number <= self.count:
            raise Unreadable(number)
        if number in self._frames and self._log is not None:
            self._log.seek(self._frames[number])
            return self._log.read(self.size)
        self._main.seek((number - 1) * self.size)
        return self._main.read(self.size).ljust(self.size, b"\0")

    def _newest(self, log: BinaryIO) -> dict[int, int]:
        """Offset in the log of the last frame of each page; frames of an earlier round have other salts."""
        frames: dict[int, int] = {}
        head = log.read(32)
        if len(head) < 32 or struct.unpack_from(">I", head)[0] & ~1 != 0x377F0682:
            return frames
        salts = head[16:24]
        offset = 32
        while True:
            log.seek(offset)
            frame = log.read(24)
            if len(frame) < 24 or frame[8:16] != salts:
                return frames
            number = struct.unpack_from(">I", frame)[0]
            # A page number far beyond the file is damage, and must not set the count of pages.
            if 1 <= number <= 1 << 26:
                frames[number] = offset + 24
            offset += 24 + self.size


def records(path: Path, columns: int) -> Iterator[tuple[int, tuple[Any, ...]] | None]:
    """(row id, values) of every row with that many columns; None for each row that cannot be read.

    Values are None, int, float, str or bytes; a column of whole numbers declared REAL comes as int.
    """
    log_path = Path(f"{path}-wal")
    with path.open("rb") as main:
        log = log_path.open("rb") if log_path.exists() else None
        try:
            pages = Pages(path, main, log)
            for number in range(1, pages.count + 1):
                yield from _leaf(pages, number, columns)
        finally:
            if log is not None:
                log.close()


def _leaf(pages: Pages, number: int, columns: int) -> Iterator[tuple[int, tuple[Any, ...]] | None]:
    page = pages[number]
    start = 100 if number == 1 else 0
    if page[start] != LEAF:
        return
    cells = struct.unpack_from(">H", page, start + 3)[0]
    if start + 8 + 2 * cells > len(page):
        yield None
        return
    for (offset,) in struct.iter_unpack(">H", page[start + 8 : start + 8 + 2 * cells]):
        try:
            row, payload = _cell(pages, page, offset)
            values = _record(payload, columns)
        except (Unreadable, IndexError, struct.error, UnicodeDecodeError):
            yield None
            continue
        if values is not None:
            yield row, values


def _cell(pages: Pages, page: bytes, offset: int) -> tuple[int, bytes]:
    """Row id and whole payload of the cell at `offset`, its overflow pages followed."""
    length, offset = _varint(page, offset)
    row, offset = _varint(page, offset)
    usable = pages.usable
    if length > pages.count * pages.size:
        raise Unreadable(length)
    most = usable - 35
    if length <= most:
        local = length
    else:
        least = (usable - 12) * 32 // 255 - 23
        local = least + (length - least) % (usable - 4)
        if local > most:
            local = least
    payload = page[offset : offset + local]
    if length > local:
        parts = [payload]
        missing = length - local
        following = struct.unpack_from(">I", page, offset + local)[0]
        while missing > 0:
            more = pages[following]
            following = struct.unpack_from(">I", more)[0]
            parts.append(more[4 : 4 + min(missing, usable - 4)])
            missing -= usable - 4
        payload = b"".join(parts)
    if len(payload) != length:
        raise Unreadable(length)
    return row, payload


def _record(payload: bytes, columns: int) -> tuple[Any, ...] | None:
    """The values of a record, or None if it has another number of columns."""
    header, offset = _varint(payload, 0)
    kinds: list[int] = []
    while offset < header:
        kind, offset = _varint(payload, offset)
        kinds.append(kind)
    if len(kinds) != columns:
        return None
    values: list[Any] = []
    offset = header
    for kind in kinds:
        if kind == 0:
            values.append(None)
        elif kind in _INTEGERS:
            size = _INTEGERS[kind]
            values.append(int.from_bytes(payload[offset : offset + size], "big", signed=True))
            offset += size
        elif kind == 7:
            values.append(struct.unpack_from(">d", payload, offset)[0])
            offset += 8
        elif kind in (8, 9):
            values.append(kind - 8)
        elif kind >= 12:
            size = (kind - 12) // 2
            part = payload[offset : offset + size]
            values.append(part.decode() if kind % 2 else part)
            offset += size
        else:
            raise Unreadable(kind)
    if offset != len(payload):
        raise Unreadable(offset)
    return tuple(values)


def _varint(data: bytes, offset: int) -> tuple[int, int]:
    """A big-endian number of one to nine bytes, and the offset after it."""
    value = 0
    for used in range(8):
        byte = data[offset + used]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, offset + used + 1
    return value << 8 | data[offset + 8], offset + 9
