"""What a host and its child process say to each other: MessagePack, each message behind its length (4 bytes)."""

from __future__ import annotations

import struct
from typing import Any, BinaryIO

import msgspec

from weighbridge.evidence import Completion
from weighbridge.models.local.batch import Description, Failure
from weighbridge.models.protocol import Request
from weighbridge.tasks.item import Message


class Load(msgspec.Struct, frozen=True, tag=True):
    """The first message: make the engine."""

    factory: str
    """``module:function``, which takes the settings and returns a `Batcher`."""
    settings: dict[str, Any]


class Call(msgspec.Struct, frozen=True, tag=True):
    number: int
    request: Request
    stream: bool = False
    """Whether somebody waits for the pieces."""


class Texts(msgspec.Struct, frozen=True, tag=True):
    """To be turned into vectors."""

    number: int
    texts: tuple[str, ...]


class Show(msgspec.Struct, frozen=True, tag=True):
    """Say what text these messages become."""

    number: int
    messages: tuple[Message, ...]


class GiveUp(msgspec.Struct, frozen=True, tag=True):
    """Nobody waits for that call any more."""

    number: int


Order = Load | Call | Texts | Show | GiveUp


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The engine is loaded."""

    description: Description


class Refused(msgspec.Struct, frozen=True, tag=True):
    """The engine cannot be loaded."""

    what: str
    where: str | None = None
    fix: str | None = None


class Answer(msgspec.Struct, frozen=True, tag=True):
    """A call's outcome: one of the two."""

    number: int
    completion: Completion | None = None
    failure: Failure | None = None
    first: float | None = None
    """Seconds from the call's arrival in the child to its first piece of text."""


class Piece(msgspec.Struct, frozen=True, tag=True):
    number: int
    text: str


class Vectors(msgspec.Struct, frozen=True, tag=True):
    number: int
    vectors: list[list[float]] | None = None
    failure: Failure | None = None


class Shown(msgspec.Struct, frozen=True, tag=True):
    number: int
    text: str | None = None
    failure: Failure | None = None


Report = Ready | Refused | Answer | Piece | Vectors | Shown

_LENGTH = struct.Struct("<I")
_encode = msgspec.msgpack.Encoder().encode
_orders = msgspec.msgpack.Decoder(Order)
_reports = msgspec.msgpack.Decoder(Report)


def packed(message: Order | Report) -> bytes:
    """`message` as it goes over the pipe. Raises UnicodeEncodeError for half of a surrogate pair."""
    body = _encode(message)
    return _LENGTH.pack(len(body)) + body


def next_order(source: BinaryIO) -> Order | None:
    """The next message of the host; None at the end of the pipe."""
    body = _body(source)
    return None if body is None else _orders.decode(body)


def next_report(source: BinaryIO) -> Report | None:
    """The next message of the child; None at the end of the pipe."""
    body = _body(source)
    return None if body is None else _reports.decode(body)


def _body(source: BinaryIO) -> bytes | None:
    head = source.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    length = _LENGTH.unpack(head)[0]
    body = source.read(length)
    return body if len(body) == length else None
