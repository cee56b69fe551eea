"""Amazon's binary event stream: messages with headers, each guarded by two checksums.

Format: https://smithy.io/2.0/aws/amazon-eventstream.html. A message is its length, the length of its headers and the
CRC-32 of these eight bytes; then headers, payload, and the CRC-32 of all before.
"""

from __future__ import annotations

import struct
import uuid
from zlib import crc32

from weighbridge.models.protocol import ModelError

_PRELUDE = 12
_LEAST = _PRELUDE + 4
_MOST = 24 * 1024 * 1024 + 128 * 1024
"""Bytes of a message: 24 MiB of payload and 128 KiB of headers, by the format's own limits."""
_FIXED = {2: (1, ">b"), 3: (2, ">h"), 4: (4, ">i"), 5: (8, ">q"), 8: (8, ">q")}

Value = bool | int | bytes | str | uuid.UUID


class EventStreamReader:
    """Turns segments of a stream into events.

    `feed` returns ``(name, payload)`` pairs. The name is the event's type; that of an exception begins with
    ``exception:``, and that of an error without a payload, whose message takes the payload's place, with ``error:``.
    """

    __slots__ = ("_pending",)

    def __init__(self) -> None:
        self._pending = b""

    def feed(self, segment: bytes) -> list[tuple[bytes, bytes]]:
        """The events that `segment` completes, in order. Raises ModelError: malformed."""
        pending = self._pending + segment if self._pending else segment
        events: list[tuple[bytes, bytes]] = []
        at = 0
        while len(pending) - at >= _PRELUDE:
            total = _total(pending, at)
            if len(pending) - at < total:
                break
            events.append(_event(pending[at : at + total]))
            at += total
        self._pending = pending[at:]
        return events

    @property
    def rest(self) -> bytes:
        """What has come of a message that is not whole yet."""
        return self._pending


def _total(data: bytes, at: int) -> int:
    total, headers, checksum = struct.unpack_from(">III", data, at)
    if crc32(data[at : at + 8]) != checksum:
        raise _broken("the checksum of a message's beginning is wrong")
    if not _LEAST + headers <= total <= _MOST:
        raise _broken(f"a message says that it has {total} bytes, {headers} of them headers")
    return int(total)


def _event(message: bytes) -> tuple[bytes, bytes]:
    (checksum,) = struct.unpack_from(">I", message, len(message) - 4)
    if crc32(message[:-4]) != checksum:
        raise _broken("the checksum of a message is wrong")
    (length,) = struct.unpack_from(">I", message, 4)
    headers = headers_of(message[_PRELUDE : _PRELUDE + length])
    payload = message[_PRELUDE + length : -4]
    match headers.get(":message-type", "event"):
        case "event":
            return _text(headers, ":event-type").encode(), payload
        case "exception":
            return b"exception:" + _text(headers, ":exception-type").encode(), payload
        case _:
            said = _text(headers, ":error-message").encode()
            return b"error:" + _text(headers, ":error-code").encode(), payload or said


def _text(headers: dict[str, Value], name: str) -> str:
    found = headers.get(name)
    return found if isinstance(found, str) else ""


def headers_of(data: bytes) -> dict[str, Value]:
    """The headers of one message, of all ten types (times as milliseconds). Raises ModelError: malformed."""
    out: dict[str, Value] = {}
    at = 0
    try:
        while at < len(data):
            length = data[at]
            name = _taken(data, at + 1, length).decode()
            kind = data[at + 1 + length]
            out[name], at = _value(kind, data, at + 2 + length)
    except (IndexError, struct.error, UnicodeDecodeError):
        raise _broken("a message's headers end too early, or are no text") from None
    return out


def _value(kind: int, data: bytes, at: int) -> tuple[Value, int]:
    if kind in (0, 1):
        return kind == 0, at
    if kind in _FIXED:
        size, form = _FIXED[kind]
        return int(struct.unpack_from(form, data, at)[0]), at + size
    if kind in (6, 7):
        (size,) = struct.unpack_from(">H", data, at)
        value = _taken(data, at + 2, size)
        return (value if kind == 6 else value.decode()), at + 2 + size
    if kind == 9:
        return uuid.UUID(bytes=_taken(data, at, 16)), at + 16
    raise _broken(f"a message has a header of the unknown type {kind}")


def _taken(data: bytes, at: int, size: int) -> bytes:
    if at + size > len(data):
        raise IndexError
    return data[at : at + size]


def _broken(what: str) -> ModelError:
    return ModelError(f"the event stream is broken: {what}", kind="malformed", usage_may_be_billed=True)
