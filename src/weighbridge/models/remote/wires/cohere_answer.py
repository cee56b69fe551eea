"""Answers of Cohere's chat, version 2: the events of a stream, and whole documents.

Reference: https://docs.cohere.com/v2/reference/chat-stream.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from weighbridge.evidence import Finish, Usage
from weighbridge.models.protocol import ErrorKind
from weighbridge.models.remote.asked_tools import AskedTools, ToolPiece
from weighbridge.models.remote.document import Document
from weighbridge.models.remote.wires.base import echo_of
from weighbridge.models.remote.wires.incoming import Incoming

FORMAT = "cohere"


class Tokens(msgspec.Struct):
    input_tokens: float | None = None
    output_tokens: float | None = None


class Counts(msgspec.Struct):
    billed_units: Tokens | None = None
    tokens: Tokens | None = None
    cached_tokens: float | None = None


class Block(msgspec.Struct):
    type: str = ""
    text: str | None = None
    thinking: str | None = None


class Logprob(msgspec.Struct):
    text: str | None = None
    logprobs: list[float] | None = None


class Message(msgspec.Struct):
    """Of a document or of an event, where `content` is one block and `tool_calls` one call."""

    content: list[Block] | Block | None = None
    tool_plan: str | None = None
    tool_calls: list[ToolPiece] | ToolPiece | None = None


class Delta(msgspec.Struct):
    message: Message | None = None
    finish_reason: str | None = None
    usage: Counts | None = None
    error: Any = None


class Event(msgspec.Struct):
    """An event, or a whole document, which has no type."""

    type: str | None = None
    id: str | None = None
    index: int | None = None
    delta: Delta | None = None
    logprobs: Logprob | list[Logprob] | None = None
    message: Message | str | None = None
    """A text where it is an error's."""
    finish_reason: str | None = None
    usage: Counts | None = None
    error: Any = None


_event = msgspec.json.Decoder(Event)


class CohereReader(Incoming):
    """Puts one answer together."""

    vendor = FORMAT
    thing = "an answer of Cohere's chat"
    finishes: ClassVar[dict[str, Finish]] = {
        "COMPLETE": Finish.STOP,
        "STOP_SEQUENCE": Finish.STOP,
        "MAX_TOKENS": Finish.LENGTH,
        "ERROR_LIMIT": Finish.LENGTH,
        "ERROR_TOXIC": Finish.FILTER,
        "TOOL_CALL": Finish.TOOL,
    }
    broken: ClassVar[dict[str, ErrorKind]] = {"ERROR": "server", "TIMEOUT": "timeout", "USER_CANCEL": "cut"}

    def __init__(self, where: str, request: Any) -> None:  # noqa: ANN401 - a Request
        super().__init__(where, request)
        self.counts: Counts | None = None
        self.plan: list[str] = []
        self.tools = AskedTools()

    def add(self, name: bytes, data: bytes) -> str:  # noqa: ARG002 - the data says its type as well
        """Take one event; returns the text it adds. Raises ModelError."""
        if self.done or data.startswith(b"[DONE]"):
            return ""
        event = self.decoded(_event, Event, data)
        if event.type is None:
            raise self.broke_off(event.error or event.message or "", "server")
        if event.id is not None:
            self.request_id = event.id
        delta = event.delta
        text = ""
        if delta is not None and delta.message is not None:
            text = self._said(delta.message, event.index)
            if event.type != "message-start":
                self.begun()
        if event.logprobs is not None:
            self._probable(event.logprobs)
        if event.type == "message-end":
            self._end(delta or Delta())
        return text

    def document(self, body: bytes) -> None:
        """Take a whole JSON document."""
        event = self.decoded(_event, Event, body)
        if event.type == "message-end":
            # The last event of a stream that ended without the line that ends it.
            self._end(event.delta or Delta())
            return
        if event.type is not None:
            raise self.failed(f"the stream ended in the middle of the answer (at {event.type})", "cut")
        if not isinstance(event.message, Message):
            if event.error is not None or event.message is not None:
                raise self.broke_off(event.error or event.message, "server")
            raise self.failed(f"the vendor sent something that is not {self.thing}", "malformed")
        self.request_id = event.id
        self._said(event.message, None)
        if event.logprobs is not None:
            self._probable(event.logprobs)
        self._end(Delta(finish_reason=event.finish_reason, usage=event.usage))

    def _said(self, message: Message, index: int | None) -> str:
        if message.tool_plan:
            self.plan.append(message.tool_plan)
        asked = message.tool_calls
        if isinstance(asked, ToolPiece):
            # A start names the call, the pieces after it only its index.
            self.tools.add(ToolPiece(index, asked.id, asked.function))
        else:
            for one in asked or ():
                self.tools.whole(one)
        content = message.content
        blocks = [content] if isinstance(content, Block) else content or ()
        text = ""
        for block in blocks:
            if block.thinking:
                self.thoughts.append(block.thinking)
            if block.text:
                text += self.say(block.text)
        return text

    def _probable(self, found: Logprob | list[Logprob]) -> None:
        """Log-probabilities are of the tokens of one piece of text; of several, the first stands for their text."""
        self.logprobs = self.logprobs or []
        for one in [found] if isinstance(found, Logprob) else found:
            for at, value in enumerate(one.logprobs or ()):
                self.logprobs.append(((one.text or "") if at == 0 else "", value))

    def _end(self, delta: Delta) -> None:
        self.reason = delta.finish_reason
        self.counts = delta.usage
        self.explained = None if delta.error is None else str(delta.error)
        self.calls = self.tools.calls() or []
        self.done = self.reason is not None

    def finish(self) -> Finish:
        found = super().finish()
        return Finish.TOOL if self.calls and found is Finish.STOP else found

    def echo(self) -> str | None:
        """Plan and thinking of a turn that called tools, in the vendor's own fields."""
        if not self.calls or not (self.plan or self.thoughts):
            return None
        out: dict[str, Any] = {"tool_plan": "".join(self.plan)} if self.plan else {}
        if self.thoughts:
            out["content"] = [{"type": "thinking", "thinking": "".join(self.thoughts)}]
            if text := "".join(self.pieces):
                out["content"].append({"type": "text", "text": text})
        return echo_of(FORMAT, out)

    def used(self) -> Usage:
        """What is billed, where it is said: ``tokens`` counts what the vendor adds to a prompt as well."""
        counts = self.counts or Counts()
        billed, all_told = counts.billed_units or Tokens(), counts.tokens or Tokens()
        return self.usage_of(
            _whole(billed.input_tokens, all_told.input_tokens),
            _whole(billed.output_tokens, all_told.output_tokens),
            cached_tokens=_whole(counts.cached_tokens),
        )


def _whole(*counts: float | None) -> int | None:
    """The first that is known, as a whole number; the vendor writes floats."""
    for count in counts:
        if count is not None:
            return int(count)
    return None


class _ByType(msgspec.Struct):
    float_: list[list[float]] = msgspec.field(name="float")


class _Vectors(msgspec.Struct):
    embeddings: _ByType | list[list[float]]


_vectors = msgspec.json.Decoder(_Vectors)


class CohereVectors(Document):
    """Reads ``{"embeddings": {"float": [[...], ...]}}``, and the bare list of version 1 (Bedrock)."""

    def __init__(self, where: str, count: int) -> None:
        super().__init__(where)
        self.count = count

    def vectors(self) -> list[list[float]]:
        """One vector a text, in order. Raises ModelError: malformed."""
        try:
            found = _vectors.decode(self.body).embeddings
        except (msgspec.DecodeError, UnicodeDecodeError) as broken:
            raise self.failed(f"the vendor sent something that is no embeddings ({broken})", "malformed") from None
        rows = found.float_ if isinstance(found, _ByType) else found
        if len(rows) != self.count:
            raise self.failed(f"the vendor sent {len(rows)} embeddings for {self.count} texts", "malformed")
        return rows
