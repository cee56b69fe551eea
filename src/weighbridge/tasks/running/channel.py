"""One line of JSON each way between a program and its tests."""

from __future__ import annotations

import json
import os
from typing import Any

LONGEST = 64 * 1024 * 1024
"""Bytes of one message; a longer one ends the run."""


class ClosedError(Exception):
    """The other side is gone."""


class Channel:
    """Messages through two file descriptors."""

    def __init__(self, reading: int, writing: int) -> None:
        self._reading = reading
        self._writing = writing
        self._pending = bytearray()

    def send(self, message: dict[str, Any]) -> None:
        """Raises `ClosedError` where nobody reads."""
        data = memoryview(json.dumps(message).encode() + b"\n")
        try:
            while data:
                data = data[os.write(self._writing, data) :]
        except (BrokenPipeError, OSError) as error:
            raise ClosedError(str(error)) from None

    def receive(self) -> dict[str, Any]:
        """The next message. Raises `ClosedError` at the end, and for a message that is too long or no object."""
        searched = 0
        while (end := self._pending.find(b"\n", searched)) < 0:
            searched = len(self._pending)
            if searched > LONGEST:
                raise ClosedError("a message is too long")
            try:
                piece = os.read(self._reading, 1 << 16)
            except OSError as error:
                raise ClosedError(str(error)) from None
            if not piece:
                raise ClosedError("the other side ended")
            self._pending += piece
        line = bytes(self._pending[:end])
        del self._pending[: end + 1]
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            raise ClosedError("a message cannot be read") from None
        if not isinstance(message, dict):
            raise ClosedError("a message cannot be read")
        return message
