"""What passes between the run's process and the process that drives the cluster, and what a node says of itself."""

from __future__ import annotations

import struct
from typing import IO, Literal

import msgspec

from weighbridge.errors import UsageError, WeighbridgeError
from weighbridge.evidence import Side
from weighbridge.models.protocol import Capabilities, ErrorKind, ModelError

Method = Literal["complete", "embed", "rendered", "reading", "stream"]


class Identity(msgspec.Struct, frozen=True):
    """What the model inside says of itself; the first three are part of the store's key."""

    spec: str
    revision: str
    engine: str
    side: Side
    simulated: bool
    capabilities: Capabilities
    concurrency: int
    """Calls one engine takes side by side."""
    engine_here: bool
    """The engine lives on the node, and may die there; False for a server that the node only asks."""


class Told(msgspec.Struct, frozen=True):
    """An error on its way between processes."""

    what: str
    kind: ErrorKind | Literal["usage"] = "dead"
    where: str | None = None
    fix: str | None = None
    retry_after: float | None = None
    status: int | None = None
    billed: bool = False

    @classmethod
    def of(cls, error: WeighbridgeError) -> Told:
        if not isinstance(error, ModelError):
            return cls(error.what, "usage", error.where, error.fix)
        billed = error.usage_may_be_billed
        return cls(error.what, error.kind, error.where, error.fix, error.retry_after, error.status, billed)

    def error(self, where: str) -> WeighbridgeError:
        """As an exception again; `where` stands in where it names no place of its own."""
        place = self.where or where
        if self.kind == "usage":
            return UsageError(self.what, where=place, fix=self.fix)
        return self.model_error(where)

    def model_error(self, where: str) -> ModelError:
        """The same for callers that expect a `ModelError`: a mistake in the input then takes the candidate down."""
        return ModelError(
            self.what,
            kind="dead" if self.kind == "usage" else self.kind,
            where=self.where or where,
            fix=self.fix,
            retry_after=self.retry_after,
            status=self.status,
            usage_may_be_billed=self.billed,
        )


class Work(msgspec.Struct, frozen=True):
    """What the engines are to run, and how many of them."""

    spec: str
    options: bytes
    """`ModelOptions` of the model inside, as JSON."""
    base_dir: str
    replicas: int | None
    gpus: float | None
    share: float
    """The part of its GPU that Ray reserves for an engine where `gpus` does not say: several models of one run may
    share the cluster."""
    key_name: str | None = None
    key: str | None = None
    """The API key of a server. It goes to the engines as the argument of a call, which Ray writes nowhere."""


class Open(msgspec.Struct, frozen=True, tag=True):
    crew: int
    work: Work


class Ask(msgspec.Struct, frozen=True, tag=True):
    call: int
    crew: int
    method: Method
    data: bytes
    """The pickled argument. Neither process in between reads it."""


class Cancel(msgspec.Struct, frozen=True, tag=True):
    call: int


class Close(msgspec.Struct, frozen=True, tag=True):
    crew: int


class Opened(msgspec.Struct, frozen=True, tag=True):
    crew: int
    identity: Identity
    engines: int


class Refused(msgspec.Struct, frozen=True, tag=True):
    crew: int
    told: Told


class Size(msgspec.Struct, frozen=True, tag=True):
    """How many calls the engines take now, all together."""

    crew: int
    slots: int


class Piece(msgspec.Struct, frozen=True, tag=True):
    call: int
    text: str


class Done(msgspec.Struct, frozen=True, tag=True):
    call: int
    data: bytes


class Failed(msgspec.Struct, frozen=True, tag=True):
    call: int
    told: Told


ToDriver = Open | Ask | Cancel | Close
FromDriver = Opened | Refused | Size | Piece | Done | Failed

encode = msgspec.msgpack.Encoder().encode
to_driver = msgspec.msgpack.Decoder(ToDriver).decode
from_driver = msgspec.msgpack.Decoder(FromDriver).decode
LENGTH = struct.Struct(">Q")


def frame(message: ToDriver | FromDriver) -> bytes:
    """`message` as it goes through the pipe: eight bytes of length, then MessagePack."""
    data = encode(message)
    return LENGTH.pack(len(data)) + data


def read_frame(source: IO[bytes]) -> bytes | None:
    """The next message; None at the end of the pipe."""
    head = source.read(LENGTH.size)
    if len(head) < LENGTH.size:
        return None
    (length,) = LENGTH.unpack(head)
    data = source.read(length)
    return data if len(data) == length else None
