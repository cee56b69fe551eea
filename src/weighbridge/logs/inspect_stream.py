"""Reads a JSON file of any size piece by piece: the members of its object, the elements of one that is an array."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from weighbridge.errors import UsageError

MOST_VALUE = 512_000_000
"""Bytes of one member or element."""

_CHUNK = 1 << 20
# One match per bracket, with all texts and numbers before it.
_JUMP = re.compile(rb'(?:[^"\[\]{}]++|"(?:[^"\\]++|\\.)*+")*+[\[\]{}]', re.DOTALL)
_OPENING = b"[{"
_STRING = re.compile(rb'"(?:[^"\\]++|\\.)*+"', re.DOTALL)
_SPACE = re.compile(rb"[ \t\r\n]*")
_SCALAR = re.compile(rb"[^,\]}\s]*")


class JsonPieces:
    """The pieces of one JSON object in a file, in order. Memory: the largest piece, and a buffer."""

    def __init__(self, stream: BinaryIO, path: Path) -> None:
        self._stream = stream
        self._path = path
        self._buffer = b""
        self._at = 0
        self._dropped = 0

    def members(self, apart: str) -> Iterator[tuple[str, bytes]]:
        """Name and JSON text of each member; those of the array `apart` come one element at a time.

        UsageError: no object, cut short, or a piece larger than `MOST_VALUE`. What is inside pieces is not checked.
        """
        if self._next() == b"\xef":
            self._at += 3  # a byte order mark
        self._expect(b"{")
        if self._next() == b"}":
            return
        while True:
            if self._next() != b'"':
                raise self._wrong("a name should stand here")
            name = self._piece()[1:-1].decode("utf-8", "replace")
            self._expect(b":")
            if name == apart and self._next() == b"[":
                for element in self._elements():
                    yield name, element
            else:
                yield name, self._piece()
            mark = self._next()
            self._at += 1
            if mark == b"}":
                return
            if mark != b",":
                self._at -= 1
                raise self._wrong("a comma or the end should stand here")

    def _elements(self) -> Iterator[bytes]:
        self._expect(b"[")
        if self._next() == b"]":
            self._at += 1
            return
        while True:
            yield self._piece()
            mark = self._next()
            if mark not in (b",", b"]"):
                raise self._wrong("a comma or the end of the list should stand here")
            self._at += 1
            if mark == b"]":
                return

    def _piece(self) -> bytes:
        """The value that starts here, as text; the position moves behind it."""
        first = self._next()
        if first in (b"{", b"["):
            end = self._container_end()
        elif first == b'"':
            while not (found := _STRING.match(self._buffer, self._at)):
                self._more()
            end = found.end()
        else:
            while (end := _SCALAR.match(self._buffer, self._at).end()) == len(self._buffer):  # type: ignore[union-attr] # matches the empty text too
                self._more()
            if end == self._at:
                raise self._wrong("a value should stand here")
        piece = self._buffer[self._at : end]
        self._at = end
        return piece

    def _container_end(self) -> int:
        depth, at = 0, self._at
        while True:
            found = _JUMP.match(self._buffer, at)
            if found is None:
                # The buffer ends before the next bracket, perhaps within a text.
                before = self._at
                self._more()
                at -= before
                continue
            at = found.end()
            depth += 1 if self._buffer[at - 1] in _OPENING else -1
            if not depth:
                return at

    def _next(self) -> bytes:
        """The next character that is no white space; the position is on it."""
        while True:
            self._at = _SPACE.match(self._buffer, self._at).end()  # type: ignore[union-attr] # matches the empty text too
            if self._at < len(self._buffer):
                return self._buffer[self._at : self._at + 1]
            self._more()

    def _expect(self, mark: bytes) -> None:
        if self._next() != mark:
            raise self._wrong(f"{mark.decode()} should stand here")
        self._at += 1

    def _more(self) -> None:
        """Reads on, dropping what lies behind. As much again as is pending, so that a large piece costs no square."""
        pending = len(self._buffer) - self._at
        if pending > MOST_VALUE:
            raise self._wrong(f"one piece of it has more than {MOST_VALUE:,} bytes")
        chunk = self._stream.read(max(_CHUNK, pending))
        if not chunk:
            raise self._wrong("the file ends in the middle")
        self._dropped += self._at
        self._buffer = self._buffer[self._at :] + chunk
        self._at = 0

    def _wrong(self, what: str) -> UsageError:
        return UsageError(
            f"this is not whole JSON: {what}, at byte {self._dropped + self._at:,}",
            where=str(self._path),
            fix="is the file whole? fetch it again, or wait for the run that writes it",
        )
