"""Answers of Bedrock's Converse: the events of a stream, and whole documents.

Reference: https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_ConverseStream.html. Reasoning is
signed and goes back unchanged.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from weighbridge.evidence import Finish, ToolCall, Usage
from weighbridge.models.protocol import ErrorKind
from weighbridge.models.remote.document import Document
from weighbridge.models.remote.failures import told
from weighbridge.models.remote.wires.base import echo_of, encode
from weighbridge.models.remote.wires.incoming import Incoming, total

FORMAT = "bedrock"


class ToolUse(msgspec.Struct, rename="camel"):
    tool_use_id: str = ""
    name: str = ""
    input: Any = None
    """An object in a document, a piece of its JSON text in a stream."""


class Reasoned(msgspec.Struct, rename="camel"):
    text: str | None = None
    signature: str | None = None
    redacted_content: str | None = None
    reasoning_text: Any = None
    """``{"text", "signature"}``, in a document."""


class Block(msgspec.Struct, rename="camel"):
    """A block of a document, or what begins or continues one in a stream."""

    text: str | None = None
    tool_use: ToolUse | None = None
    reasoning_content: Reasoned | None = None


class Counts(msgspec.Struct, rename="camel"):
    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_write_input_tokens: int | None = None


class Message(msgspec.Struct):
    content: list[Block] = []


class Output(msgspec.Struct):
    message: Message | None = None


class Event(msgspec.Struct, rename="camel"):
    """The payload of any event, or a whole document."""

    content_block_index: int = 0
    start: Block | None = None
    delta: Block | None = None
    stop_reason: str | None = None
    usage: Counts | None = None
    output: Output | None = None


_event = msgspec.json.Decoder(Event)

_KINDS: dict[str, ErrorKind] = {
    "throttlingexception": "rate_limit",
    "toomanyrequestsexception": "rate_limit",
    "modelnotreadyexception": "server",
    "servicequotaexceededexception": "quota",
    "accessdeniedexception": "auth",
    "unrecognizedclientexception": "auth",
    "invalidsignatureexception": "auth",
    "expiredtokenexception": "auth",
    "incompletesignature": "auth",
    "missingauthenticationtokenexception": "auth",
    "validationexception": "bad_request",
    "resourcenotfoundexception": "dead",
    "modeltimeoutexception": "timeout",
    "modelerrorexception": "server",
    "modelstreamerrorexception": "server",
    "internalserverexception": "server",
    "serviceunavailableexception": "server",
}
_DEAD = ("model identifier is invalid", "on-demand throughput", "end of its life")


def kind_of_exception(word: str, message: str = "") -> ErrorKind | None:
    """The kind of failure of an exception's name; None for one that is not known."""
    kind = _KINDS.get(word.lower())
    text = message.lower()
    if kind == "rate_limit" and "per day" in text:
        return "quota"
    if kind == "bad_request" and any(words in text for words in _DEAD):
        # The model cannot be had under this name at all, whatever is asked.
        return "dead"
    return kind


class _Growing:
    """One block while it is written."""

    __slots__ = ("parts", "redacted", "signature", "tool")

    def __init__(self) -> None:
        self.parts: list[str] = []
        self.signature: str | None = None
        self.redacted: str | None = None
        self.tool: ToolUse | None = None


class BedrockReader(Incoming):
    """Puts one answer together."""

    vendor = FORMAT
    thing = "an answer of Bedrock's Converse"
    finishes: ClassVar[dict[str, Finish]] = {
        "end_turn": Finish.STOP,
        "stop_sequence": Finish.STOP,
        "max_tokens": Finish.LENGTH,
        "model_context_window_exceeded": Finish.LENGTH,
        "tool_use": Finish.TOOL,
        "guardrail_intervened": Finish.FILTER,
        "content_filtered": Finish.FILTER,
        "refusal": Finish.REFUSAL,
    }
    broken: ClassVar[dict[str, ErrorKind]] = {
        "malformed_model_output": "malformed",
        "malformed_tool_use": "malformed",
    }

    def __init__(self, where: str, request: Any) -> None:  # noqa: ANN401 - a Request
        super().__init__(where, request)
        self.blocks: dict[int, tuple[str, _Growing]] = {}
        self.counts: Counts | None = None

    def add(self, name: bytes, data: bytes) -> str:
        """Take one event; returns the text it adds. Raises ModelError."""
        if name.startswith((b"exception:", b"error:")):
            word = name.partition(b":")[2].decode("utf-8", "replace")
            message, _ = told(data)
            kind = kind_of_exception(word, message) or "server"
            raise self.broke_off({"message": message or word}, kind, word[:1].upper() + word[1:])
        event = self.decoded(_event, Event, data)
        text = ""
        if event.start is not None:
            text = self._grow(event.content_block_index, event.start)
        if event.delta is not None:
            self.begun()
            text = self._grow(event.content_block_index, event.delta)
        if event.stop_reason is not None:
            self._end(event.stop_reason)
        if event.usage is not None:
            self.counts = event.usage
            self.done = self.reason is not None
        return text

    def document(self, body: bytes) -> None:
        """Take a whole JSON document."""
        answer = self.decoded(_event, Event, body)
        if answer.output is None or answer.output.message is None or answer.stop_reason is None:
            raise self.failed(f"the vendor sent something that is not {self.thing}", "malformed")
        for index, block in enumerate(answer.output.message.content):
            self._grow(index, block)
        self.counts = answer.usage
        self._end(answer.stop_reason)
        self.done = True

    def _grow(self, index: int, piece: Block) -> str:
        if piece.text is not None:
            self._at(index, "text").parts.append(piece.text)
            return self.say(piece.text)
        if piece.tool_use is not None:
            growing = self._at(index, "toolUse")
            growing.tool = growing.tool or piece.tool_use
            given = piece.tool_use.input
            if given is not None:
                growing.parts.append(given if isinstance(given, str) else encode(given).decode())
        elif piece.reasoning_content is not None:
            self._reason(self._at(index, "reasoningContent"), piece.reasoning_content)
        return ""

    def _reason(self, growing: _Growing, piece: Reasoned) -> None:
        said = piece.reasoning_text if isinstance(piece.reasoning_text, dict) else {}
        text, signature = piece.text or said.get("text"), piece.signature or said.get("signature")
        if text:
            growing.parts.append(text)
            self.thoughts.append(text)
        if signature:
            growing.signature = (growing.signature or "") + signature
        if piece.redacted_content:
            growing.redacted = (growing.redacted or "") + piece.redacted_content

    def _at(self, index: int, kind: str) -> _Growing:
        found = self.blocks.get(index)
        if found is None:
            found = self.blocks[index] = (kind, _Growing())
        return found[1]

    def _end(self, reason: str) -> None:
        self.reason = reason
        for _, (_, growing) in sorted(self.blocks.items()):
            if growing.tool is not None:
                arguments = "".join(growing.parts).strip() or "{}"
                self.calls.append(ToolCall(growing.tool.tool_use_id, growing.tool.name, arguments))

    def echo(self) -> str | None:
        """All blocks of a turn that thought: signatures hold for the blocks as they came, in their order."""
        if not any(kind == "reasoningContent" for kind, _ in self.blocks.values()):
            return None
        whole = [_whole(kind, growing) for _, (kind, growing) in sorted(self.blocks.items())]
        return echo_of(FORMAT, [block for block in whole if block is not None])

    def used(self) -> Usage:
        """Converse counts what it read from and wrote to its cache apart from ``inputTokens``; the prompt is all
        three."""
        counts = self.counts
        if counts is None:
            return self.usage_of(None, None)
        read, written = counts.cache_read_input_tokens, counts.cache_write_input_tokens
        prompt = None if counts.input_tokens is None else total(counts.input_tokens, read, written)
        return self.usage_of(prompt, counts.output_tokens, None, read, written)


def _whole(kind: str, growing: _Growing) -> dict[str, Any] | None:
    text = "".join(growing.parts)
    if kind == "text":
        return {"text": text} if text else None
    if kind == "toolUse" and growing.tool is not None:
        try:
            given = msgspec.json.decode(text) if text.strip() else {}
        except msgspec.DecodeError:
            given = {}
        return {"toolUse": {"toolUseId": growing.tool.tool_use_id, "name": growing.tool.name, "input": given}}
    if growing.redacted is not None:
        return {"reasoningContent": {"redactedContent": growing.redacted}}
    said = {"text": text} if growing.signature is None else {"text": text, "signature": growing.signature}
    return {"reasoningContent": {"reasoningText": said}}


class _Vectors(msgspec.Struct):
    embedding: list[float] | None = None
    """Of Titan."""
    embeddings: list[list[float]] | dict[str, list[list[float]]] | None = None
    """Of Cohere: bare, or by type."""


_vectors = msgspec.json.Decoder(_Vectors)


class BedrockVectors(Document):
    """Reads embeddings of Titan and Cohere models."""

    def __init__(self, where: str, count: int) -> None:
        super().__init__(where)
        self.count = count

    def vectors(self) -> list[list[float]]:
        """One vector a text, in order. Raises ModelError: malformed."""
        try:
            found = _vectors.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as broken:
            raise self.failed(f"the vendor sent something that is no embeddings ({broken})", "malformed") from None
        rows = found.embeddings.get("float") if isinstance(found.embeddings, dict) else found.embeddings
        if found.embedding is not None:
            rows = [found.embedding]
        if rows is None or len(rows) != self.count:
            told_rows = 0 if rows is None else len(rows)
            raise self.failed(f"the vendor sent {told_rows} embeddings for {self.count} texts", "malformed")
        return rows
