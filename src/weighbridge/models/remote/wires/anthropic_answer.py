"""Answers of Anthropic's Messages: the events of a stream, and whole documents.

Reference: https://docs.anthropic.com/en/docs/build-with-claude/streaming. Blocks of one answer come by index and may
be interleaved; thinking carries a signature, and goes back unchanged with the next turn.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from weighbridge.evidence import Completion, Finish, ToolCall, Usage
from weighbridge.models.protocol import ErrorKind, ModelError
from weighbridge.models.remote.wires.base import echo_of
from weighbridge.models.remote.wires.incoming import Incoming, total

FORMAT = "anthropic"


class Details(msgspec.Struct):
    thinking_tokens: int | None = None


class Counts(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    output_tokens_details: Details | None = None


class StopDetails(msgspec.Struct):
    category: str | None = None
    explanation: str | None = None


class Whole(msgspec.Struct):
    """A message: of ``message_start``, or a whole document, whose errors have the type ``error``."""

    type: str = ""
    id: str | None = None
    model: str | None = None
    content: list[dict[str, Any]] = []
    stop_reason: str | None = None
    stop_details: StopDetails | None = None
    usage: Counts | None = None
    error: Any = None
    request_id: str | None = None


class Delta(msgspec.Struct):
    type: str = ""
    text: str | None = None
    partial_json: str | None = None
    thinking: str | None = None
    signature: str | None = None
    citation: Any = None
    stop_reason: str | None = None
    stop_details: StopDetails | None = None


class Event(msgspec.Struct):
    type: str = ""
    index: int = 0
    delta: Delta | None = None
    content_block: dict[str, Any] | None = None
    message: Whole | None = None
    usage: Counts | None = None
    error: Any = None
    request_id: str | None = None


_event = msgspec.json.Decoder(Event)
_whole = msgspec.json.Decoder(Whole)

_KINDS: dict[str, ErrorKind] = {
    "invalid_request_error": "bad_request",
    "request_too_large": "bad_request",
    "conflict_error": "server",
    "authentication_error": "auth",
    "permission_error": "auth",
    "billing_error": "quota",
    "not_found_error": "dead",
    "rate_limit_error": "rate_limit",
    "timeout_error": "timeout",
    "api_error": "server",
    "overloaded_error": "server",
}


def kind_of_type(code: str | None) -> ErrorKind | None:
    """The kind of failure that an error's ``type`` stands for; None for one that is not known."""
    return next((_KINDS[word] for word in (code or "").split() if word in _KINDS), None)


class _Block:
    """One block while it is written."""

    __slots__ = ("citations", "parts", "signature", "start")

    def __init__(self, start: dict[str, Any]) -> None:
        self.start = start
        self.parts: list[str] = []
        self.signature: list[str] = []
        self.citations: list[Any] = []

    def arguments(self) -> str:
        """What was written of a tool's arguments; ``{}`` where nothing was."""
        return "".join(self.parts).strip() or msgspec.json.encode(self.start.get("input") or {}).decode()

    def whole(self) -> dict[str, Any]:
        """The block as a whole document has it."""
        kind, out = self.start.get("type"), dict(self.start)
        if kind in ("text", "thinking"):
            out[kind] = (out.get(kind) or "") + "".join(self.parts)
        elif self.parts:
            try:
                out["input"] = msgspec.json.decode("".join(self.parts))
            except msgspec.DecodeError:
                out["input"] = {}
        if self.signature:
            out["signature"] = "".join(self.signature)
        if self.citations:
            out["citations"] = [*(out.get("citations") or ()), *self.citations]
        return out


class AnthropicReader(Incoming):
    """Puts one message together."""

    vendor = "anthropic"
    thing = "an event of Anthropic's Messages"
    finishes: ClassVar[dict[str, Finish]] = {
        "end_turn": Finish.STOP,
        "stop_sequence": Finish.STOP,
        "max_tokens": Finish.LENGTH,
        "model_context_window_exceeded": Finish.LENGTH,
        # A turn of the vendor's own tools that waits to be taken up again: what has come is not the whole answer.
        "pause_turn": Finish.LENGTH,
        "tool_use": Finish.TOOL,
        "refusal": Finish.REFUSAL,
    }

    blocks: dict[int, _Block]
    counts: Counts | None = None
    _echo: str | None = None

    def add(self, name: bytes, data: bytes) -> str:  # noqa: ARG002 - the data says its type as well
        """Take one event; returns the text it adds. Raises ModelError."""
        if self.done:
            return ""
        event = self.decoded(_event, Event, data)
        if event.type == "content_block_delta" and event.delta is not None:
            return self._delta(event.index, event.delta)
        if event.type == "content_block_start" and event.content_block is not None:
            return self._open(event.index, event.content_block)
        if event.type == "message_start" and event.message is not None:
            self._begin(event.message)
        elif event.type == "message_delta":
            if event.usage is not None:
                self._count(event.usage)
            if event.delta is not None:
                self._stop(event.delta.stop_reason, event.delta.stop_details)
        elif event.type == "message_stop":
            self._close()
        elif event.type == "error":
            raise self._broken(event.error, event.request_id)
        return ""

    def document(self, body: bytes) -> None:
        """Take a whole JSON document."""
        message = self.decoded(_whole, Whole, body)
        if message.error is not None or message.type == "error":
            raise self._broken(message.error, message.request_id)
        if message.type != "message":
            raise self.failed(f"the vendor sent something that is no message (type {message.type!r})", "malformed")
        self._begin(message)
        for index, block in enumerate(message.content):
            self._open(index, block)
        self.first_token = None
        self._close()

    def _broken(self, error: object, request_id: str | None) -> ModelError:
        kind = error.get("type") if isinstance(error, dict) else None
        failed = self.broke_off({"error": error}, kind_of_type(kind if isinstance(kind, str) else None) or "server")
        failed.request_id = request_id or self.request_id
        return failed

    def _begin(self, message: Whole) -> None:
        self.blocks = {}
        self.request_id = message.id
        self.model = message.model
        if message.usage is not None:
            self._count(message.usage)
        self._stop(message.stop_reason, message.stop_details)

    def _open(self, index: int, start: dict[str, Any]) -> str:
        self._opened()[index] = _Block(start)
        text = start.get("text")
        if start.get("type") == "text" and isinstance(text, str) and text:
            self.begun()
            return self.say(text)
        return ""

    def _opened(self) -> dict[int, _Block]:
        if not hasattr(self, "blocks"):
            raise self.failed("the vendor sent a block before the message began", "malformed")
        return self.blocks

    def _delta(self, index: int, delta: Delta) -> str:
        block = self._opened().get(index)
        if block is None:
            raise self.failed(f"the vendor sent a piece of block {index}, which never began", "malformed")
        self.begun()
        if delta.text is not None:
            block.parts.append(delta.text)
            return self.say(delta.text)
        if delta.partial_json is not None:
            block.parts.append(delta.partial_json)
        elif delta.thinking is not None:
            block.parts.append(delta.thinking)
        elif delta.signature is not None:
            block.signature.append(delta.signature)
        elif delta.citation is not None:
            block.citations.append(delta.citation)
        return ""

    def _stop(self, reason: str | None, details: StopDetails | None) -> None:
        if reason is not None:
            self.reason = reason
        if details is not None and details.explanation:
            self.explained = details.explanation

    def _count(self, counts: Counts) -> None:
        """Counts of a stream are sums so far: a newer one replaces an older, and one that is absent leaves it."""
        if self.counts is None:
            self.counts = counts
            return
        for field in counts.__struct_fields__:
            if (value := getattr(counts, field)) is not None:
                setattr(self.counts, field, value)

    def _close(self) -> None:
        self.done = True
        blocks = [block for _, block in sorted(self._opened().items())]
        for block in blocks:
            kind = block.start.get("type")
            if kind == "thinking":
                self.thoughts.append(block.whole()["thinking"])
            elif kind == "tool_use":
                call = ToolCall(str(block.start.get("id")), str(block.start.get("name")), block.arguments())
                self.calls.append(call)
        if any(block.start.get("type") in ("thinking", "redacted_thinking") for block in blocks):
            whole = [block.whole() for block in blocks]
            self._echo = echo_of(FORMAT, [one for one in whole if one.get("type") != "text" or one.get("text")])

    def completion(self) -> Completion:
        """The answer; one whose stream ended after its stop reason is whole as well."""
        if self.ended and not self.done:
            self._close()
        return super().completion()

    def echo(self) -> str | None:
        """All blocks of a turn that thought: signatures hold for the blocks as they came, in their order."""
        return self._echo

    def used(self) -> Usage:
        """Anthropic counts what it read from and wrote to its cache apart from ``input_tokens``; the prompt is all
        three."""
        counts = self.counts
        if counts is None:
            return self.usage_of(None, None)
        read, written = counts.cache_read_input_tokens, counts.cache_creation_input_tokens
        whole = None if counts.input_tokens is None else total(counts.input_tokens, read, written)
        details = counts.output_tokens_details
        thought = None if details is None else details.thinking_tokens
        return self.usage_of(whole, counts.output_tokens, thought, read, written)
