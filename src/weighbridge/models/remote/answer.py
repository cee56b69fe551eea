"""Puts one answer together from the chunks of a stream, or reads it from one document."""

from __future__ import annotations

from time import perf_counter

import msgspec

from weighbridge.evidence import Completion, Finish, Usage
from weighbridge.models.protocol import ErrorKind, ModelError, Request
from weighbridge.models.remote import wire
from weighbridge.models.remote.asked_tools import AskedTools
from weighbridge.models.remote.failures import from_event
from weighbridge.models.remote.halves import Halves

_DONE = b"[DONE]"


class Answer:
    """One answer as it comes. `add` takes the data of events, `document` a whole body; `completion` ends it."""

    __slots__ = (
        "begin",
        "details",
        "done",
        "echoed",
        "fingerprint",
        "finish",
        "first_token",
        "halves",
        "last",
        "logprobs",
        "model",
        "pieces",
        "refusal",
        "request_id",
        "thoughts",
        "tools",
        "usage",
        "where",
    )

    def __init__(self, where: str, echoed: str = "") -> None:
        """`echoed`: the field of an answer with tool calls that the vendor wants back (`turns.ECHOED`)."""
        self.where = where
        self.begin = self.last = perf_counter()
        self.pieces: list[str] = []
        self.halves = Halves()
        self.refusal: list[str] = []
        self.thoughts: list[str] = []
        """Reasoning that came outside the answer's text."""
        self.details: list[object] = []
        self.tools = AskedTools()
        self.echoed = echoed
        self.fingerprint: str | None = None
        self.finish: str | None = None
        self.done = False
        self.first_token: float | None = None
        self.usage: wire.WireUsage | None = None
        self.model: str | None = None
        self.request_id: str | None = None
        self.logprobs: list[tuple[str, float]] | None = None

    def failed(self, what: str, kind: ErrorKind) -> ModelError:
        return ModelError(what, kind=kind, where=self.where, usage_may_be_billed=True)

    @property
    def ended(self) -> bool:
        """Whether the server said that the answer is whole."""
        return self.done or self.finish is not None

    def add(self, name: bytes, data: bytes) -> str:
        """Take one event; returns the text it adds. Raises ModelError: malformed, or what an error event says."""
        if data.startswith(_DONE):
            self.done = True
            return ""
        if self.done:
            return ""
        chunk = self.decoded(data, error=name == b"error")
        return self.take(chunk, streamed=True)

    def document(self, body: bytes) -> None:
        """Take a whole JSON document."""
        self.take(self.decoded(body), streamed=False)
        self.done = True

    def decoded(self, data: bytes, error: bool = False) -> wire.Chunk:
        """One event's data. Raises ModelError: malformed, or what an error event says."""
        try:
            chunk = wire.decode_any(data) if b"\\ud" in data or b"\\uD" in data else wire.decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as broken:
            raise self.failed(
                f"the server sent something that is no chat completion ({broken})", "malformed"
            ) from None
        if chunk.error or error:
            if isinstance(chunk.error, dict) and chunk.error.get("code") == "content_filter":
                # Azure's filter stops an answer that has begun.
                self.finish = "content_filter"
                return chunk
            raise from_event(chunk.error or data.decode("utf-8", "replace"), self.where)
        return chunk

    def take(self, chunk: wire.Chunk, streamed: bool) -> str:
        """Take the first choice of a chunk; returns the text it adds."""
        if chunk.id and self.request_id is None:
            self.request_id = chunk.id
        if chunk.model and self.model is None:
            self.model = chunk.model
        if chunk.system_fingerprint and self.fingerprint is None:
            self.fingerprint = chunk.system_fingerprint
        if chunk.usage is not None:
            self.usage = chunk.usage
        elif chunk.x_groq is not None:
            if chunk.x_groq.error:
                raise from_event(chunk.x_groq.error, self.where)
            self.usage = chunk.x_groq.usage or self.usage
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        if choice.error:
            raise from_event(choice.error, self.where)
        if choice.finish_reason is not None:
            self.finish = choice.finish_reason
        if choice.logprobs is not None and (pairs := choice.logprobs.pairs()):
            if self.logprobs is None:
                self.logprobs = []
            self.logprobs += pairs
        piece = choice.delta or choice.message or wire.Piece(choice.text)
        text = piece.content
        if text.__class__ is not str or not text.isascii() or self.halves.half:
            text = self.halves.whole(wire.text_of(piece.content))
        if piece.refusal:
            self.refusal.append(piece.refusal)
        if (piece.reasoning_content or piece.reasoning or piece.content.__class__ is list) and (
            thought := wire.thought_of(piece)
        ):
            self.thoughts.append(thought)
        if piece.reasoning_details and self.echoed == "reasoning_details":
            self.details += piece.reasoning_details
        if piece.tool_calls:
            take = self.tools.add if streamed else self.tools.whole
            for call in piece.tool_calls:
                take(call)
        if streamed and self.first_token is None and (text or self.refusal or self.thoughts or self.tools):
            self.first_token = self.last - self.begin
        if text:
            self.pieces.append(text)
        return text

    def completion(self, request: Request, unwrap: bool = False) -> Completion:
        """The answer, once the stream or the document has ended.

        Raises ModelError: ``cut`` where nothing said that the answer is whole, ``empty`` where it is whole and
        holds no text. An answer that the token limit or a filter left empty is an outcome, not an error.
        """
        text = "".join(self.pieces)
        if not self.ended:
            if not text and self.request_id is None:
                raise self.failed("the server sent an empty answer", "empty")
            raise self.failed(f"the stream ended in the middle of the answer, after {len(text)} characters", "cut")
        reason = (self.finish or "stop").lower()
        if reason in wire.GAVE_UP:
            raise self.failed(f"the server gave up in the middle of the answer ({reason})", "cut")
        finish = wire.FINISHES.get(reason, Finish.STOP)
        if self.refusal:
            finish = Finish.REFUSAL
            text = text or "".join(self.refusal)
        calls = self.tools.calls()
        if calls and finish is Finish.STOP:
            finish = Finish.TOOL
        if not text.strip() and finish is Finish.STOP:
            thought = ", only reasoning" if self.thoughts else ""
            raise self.failed(f"the server sent an empty answer{thought}", "empty")
        if unwrap and request.choices:
            text = wire.unwrap_choice(text, request.choices)
        return Completion(
            text,
            finish,
            self._used(),
            self.model,
            self.logprobs,
            request_id=self.request_id,
            tool_calls=calls,
            reasoning=self._reasoning(),
            stop_reason=self.finish,
            fingerprint=self.fingerprint,
            echo=self._echo() if calls and self.echoed else None,
        )

    def _reasoning(self) -> str | None:
        if not self.thoughts:
            return None
        text = "".join(self.thoughts)
        # Halves of characters meet only here.
        return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

    def _echo(self) -> str | None:
        if self.echoed == "reasoning_details":
            return msgspec.json.encode({self.echoed: joined(self.details)}).decode() if self.details else None
        thought = self._reasoning()
        return None if thought is None else msgspec.json.encode({self.echoed: thought}).decode()

    def _used(self) -> Usage:
        usage = self.usage
        seconds = self.last - self.begin
        if usage is None:
            return Usage(duration=seconds, first_token=self.first_token)
        before = usage.prompt_tokens_details
        return Usage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.output,
            reasoning_tokens=usage.reasoning,
            cached_tokens=usage.cached,
            duration=seconds,
            first_token=self.first_token,
            cost=float(usage.cost) if isinstance(usage.cost, int | float) else None,
            cache_write_tokens=before.cache_write_tokens if before else None,
        )


def joined(details: list[object]) -> list[object]:
    """OpenRouter's reasoning details, the pieces of one block put together again: those of one type and index."""
    blocks: list[object] = []
    for piece in details:
        last = blocks[-1] if blocks else None
        if (
            isinstance(piece, dict)
            and isinstance(last, dict)
            and "index" in piece
            and (piece.get("type"), piece["index"]) == (last.get("type"), last.get("index"))
        ):
            for name, value in piece.items():
                grows = name in ("text", "summary", "data") and isinstance(last.get(name), str)
                last[name] = last[name] + value if grows and isinstance(value, str) else (value or last.get(name))
        else:
            blocks.append(dict(piece) if isinstance(piece, dict) else piece)
    return blocks
