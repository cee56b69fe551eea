"""Puts one answer together from the chunks of a stream, or reads it from one document."""

from __future__ import annotations

from time import perf_counter

import msgspec

from weighbridge.evidence import Completion, Finish, Usage
from weighbridge.models.protocol import ErrorKind, ModelError, Request
from weighbridge.models.remote import wire
from weighbridge.models.remote.failures import from_event

_DONE = b"[DONE]"


class Answer:
    """One answer as it comes. `add` takes the data of events, `document` a whole body; `completion` ends it."""

    __slots__ = (
        "begin",
        "done",
        "finish",
        "first_token",
        "half",
        "last",
        "logprobs",
        "model",
        "pieces",
        "refusal",
        "request_id",
        "thought",
        "usage",
        "where",
    )

    def __init__(self, where: str) -> None:
        self.where = where
        self.begin = self.last = perf_counter()
        self.pieces: list[str] = []
        self.half = ""
        """First half of a character outside the basic plane whose second half the next chunk brings."""
        self.refusal: list[str] = []
        self.thought = False
        """Whether reasoning came outside the answer's text."""
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
            raise from_event(chunk.error or data.decode("utf-8", "replace"), self.where)
        return chunk

    def take(self, chunk: wire.Chunk, streamed: bool) -> str:
        """Take the first choice of a chunk; returns the text it adds."""
        if chunk.id and self.request_id is None:
            self.request_id = chunk.id
        if chunk.model and self.model is None:
            self.model = chunk.model
        if chunk.usage is not None:
            self.usage = chunk.usage
        if not chunk.choices:
            return ""
        choice = chunk.choices[0]
        if choice.finish_reason is not None:
            self.finish = choice.finish_reason
        if choice.logprobs is not None and (pairs := choice.logprobs.pairs()):
            if self.logprobs is None:
                self.logprobs = []
            self.logprobs += pairs
        piece = choice.delta or choice.message or wire.Piece(choice.text)
        text = self._whole(wire.text_of(piece.content))
        if piece.refusal:
            self.refusal.append(piece.refusal)
        if piece.reasoning_content or piece.reasoning:
            self.thought = True
        if streamed and self.first_token is None and (text or self.refusal or self.thought):
            self.first_token = self.last - self.begin
        if text:
            self.pieces.append(text)
        return text

    def _whole(self, text: str) -> str:
        """`text` with surrogate pairs put together; servers that count in UTF-16 cut streams between the halves."""
        if self.half:
            text, self.half = self.half + text, ""
        if text.isascii() or not any("\ud800" <= character <= "\udfff" for character in text):
            return text
        if "\ud800" <= text[-1] <= "\udbff":
            text, self.half = text[:-1], text[-1]
        return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")

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
        if reason in ("error", "abort", "cancelled", "aborted"):
            raise self.failed(f"the server gave up in the middle of the answer ({reason})", "cut")
        finish = wire.FINISHES.get(reason, Finish.STOP)
        if self.refusal:
            finish = Finish.REFUSAL
            text = text or "".join(self.refusal)
        if not text.strip() and finish is Finish.STOP:
            thought = ", only reasoning" if self.thought else ""
            raise self.failed(f"the server sent an empty answer{thought}", "empty")
        if unwrap and request.choices:
            text = wire.unwrap_choice(text, request.choices)
        return Completion(text, finish, self._used(), self.model, self.logprobs, None, self.request_id)

    def _used(self) -> Usage:
        usage = self.usage
        seconds = self.last - self.begin
        if usage is None:
            return Usage(duration=seconds, first_token=self.first_token)
        before, after = usage.prompt_tokens_details, usage.completion_tokens_details
        return Usage(
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            reasoning_tokens=after.reasoning_tokens if after else None,
            cached_tokens=before.cached_tokens if before else None,
            duration=seconds,
            first_token=self.first_token,
            cost=float(usage.cost) if isinstance(usage.cost, int | float) else None,
        )
