"""The contract of a wire format: it builds requests and reads answers, and never touches a socket.

`closed.ClosedModel` puts a wire, a vendor's row (`wires.vendor.Vendor`) and the one HTTP client
(`remote.transport.Transport`) together. A wire is made once per model, by the function that the vendor's row names:
``make(vendor, options) -> Wire``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from weighbridge.evidence import Completion
from weighbridge.models.protocol import Capabilities, ModelError, RateLimits, Request
from weighbridge.models.remote.transport import Framer, Reader

__all__ = ["AnswerReader", "Call", "Framer", "RateLimits", "Reader", "VectorReader", "Wire"]


@dataclass(frozen=True, slots=True)
class Call:
    """One POST, without its authorisation."""

    path: str
    """What follows the vendor's base URL, with its slash and any query; never a secret."""
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    """Beyond ``Content-Type: application/json`` and ``Accept``, which they may replace."""


class AnswerReader(Reader, Protocol):
    """Takes one answer as it comes: events through `add`, a whole document through `document`."""

    def completion(self) -> Completion:
        """The answer, once the stream or the document has ended.

        Raises ModelError: ``cut`` where nothing said that the answer is whole; ``empty`` where it is whole and holds
        neither text nor tool calls. An answer that the token limit, a filter or a refusal left empty is an outcome
        (`Finish`), not an error. `Usage.duration` and `Usage.first_token` come from `begin` and `last`.
        """
        ...


class VectorReader(Reader, Protocol):
    """Takes the one document that embeddings come in."""

    def vectors(self) -> list[list[float]]:
        """One vector a text, in order. Raises ModelError (``malformed``) where their number is wrong."""
        ...


class Wire(Protocol):
    """A vendor's format for one model, as the row and the project's options make it. Thread-safe, without state."""

    @property
    def name(self) -> str:
        """The format, part of the store's key: ``openai``, ``openai-responses``, ``anthropic``, ..."""
        ...

    @property
    def framer(self) -> Callable[[], Framer]:
        """Makes what takes a stream apart: `sse.EventReader`, `ndjson.LineReader`, or one of the format's own."""
        ...

    def capabilities(self, model: str) -> Capabilities:
        """What `model` can do. A request that needs more is refused before it is built."""
        ...

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:
        """Headers that carry `key` (or sign with it) for a POST of `body` to `url`; asked for once a call.

        `key` is empty where the vendor's row says `keyless`: the wire then finds its own credentials.
        """
        ...

    def secrets(self, key: str) -> Sequence[str]:
        """Every text that must never be shown: usually ``(key,)``; parts of it too where it has any."""
        ...

    def call(self, request: Request, model: str, stream: bool) -> Call:
        """The request as it goes out. Raises UsageError or ModelError (``bad_request``) for what cannot be said in
        this format."""
        ...

    def reader(self, where: str, request: Request) -> AnswerReader:
        """Reads the answer to `request`, streamed or whole; `where` is the spec string, for messages."""
        ...

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError | Completion:
        """What an answer with a status other than 200 means: an error, or (a prompt that a filter stopped) an
        outcome. `failures.from_status` reads the common shapes; `headers` look names up in any case."""
        ...

    def embeddings(self, texts: Sequence[str], model: str) -> Call:
        """The request for one vector a text; only where `Capabilities.embeddings`."""
        ...

    def vectors(self, where: str, count: int) -> VectorReader:
        """Reads the answer to `embeddings` of `count` texts."""
        ...

    def limits(self, headers: Mapping[str, str]) -> RateLimits | None:
        """What the headers of any answer say of rate limits; None where they say nothing."""
        ...
