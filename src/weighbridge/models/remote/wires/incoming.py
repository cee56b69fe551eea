"""An answer as it comes, whatever its format: text, reasoning, tool calls, usage, and how it ended."""

from __future__ import annotations

import json
from time import perf_counter
from typing import ClassVar, TypeVar

import msgspec

from weighbridge.evidence import Completion, Finish, ToolCall, Usage
from weighbridge.models.protocol import ErrorKind, ModelError, Request
from weighbridge.models.remote.failures import said
from weighbridge.models.remote.wire import unwrap_choice

T = TypeVar("T")


class Incoming:
    """Base of the formats' readers: they take events apart, this keeps what they say."""

    vendor: ClassVar[str] = ""
    thing: ClassVar[str] = "an answer"
    finishes: ClassVar[dict[str, Finish]] = {}
    """By the vendor's own word."""
    broken: ClassVar[dict[str, ErrorKind]] = {}
    """Vendor's words for an answer that is no outcome but a failure."""
    unwrap: ClassVar[bool] = True
    """Whether choices come inside a JSON object (`BaseWire.wanted_schema`)."""

    def __init__(self, where: str, request: Request) -> None:
        self.where = where
        self.request = request
        self.begin = self.last = perf_counter()
        self.pieces: list[str] = []
        self.half = ""
        """First half of a character outside the basic plane whose second half the next piece brings."""
        self.thoughts: list[str] = []
        self.calls: list[ToolCall] = []
        self.request_id: str | None = None
        self.model: str | None = None
        self.reason: str | None = None
        """The vendor's word for why it stopped."""
        self.done = False
        self.first_token: float | None = None
        self.logprobs: list[tuple[str, float]] | None = None
        self.explained: str | None = None
        """The vendor's words on a refusal."""

    @property
    def ended(self) -> bool:
        """Whether the vendor said that the answer is whole."""
        return self.done or self.reason is not None

    def failed(self, what: str, kind: ErrorKind) -> ModelError:
        return ModelError(
            what,
            kind=kind,
            where=self.where,
            usage_may_be_billed=True,
            vendor=self.vendor,
            request_id=self.request_id,
        )

    def broke_off(self, error: object, kind: ErrorKind, code: str | None = None) -> ModelError:
        """An error that the vendor reports inside the answer."""
        message, words = said(error if isinstance(error, dict) else {"error": error})
        failed = self.failed(f"the vendor broke off with an error: {message or words or 'no message'}", kind)
        failed.code = code or words or None
        return failed

    def decoded(self, decoder: msgspec.json.Decoder[T], kind: type[T], data: bytes) -> T:
        """One JSON document of an event. Raises ModelError: malformed."""
        try:
            if b"\\ud" in data or b"\\uD" in data:
                # Half a surrogate pair: msgspec refuses it, the standard library takes it.
                return msgspec.convert(json.loads(data), kind)
            return decoder.decode(data)
        except (msgspec.DecodeError, ValueError) as broken:
            if self.pieces and not data.rstrip().endswith((b"}", b"]")):
                what = f"the stream ended in the middle of the answer, after {sum(map(len, self.pieces))} characters"
                raise self.failed(what, "cut") from None
            raise self.failed(f"the vendor sent something that is not {self.thing} ({broken})", "malformed") from None

    def begun(self) -> None:
        """A first piece of the answer is there."""
        if self.first_token is None:
            self.first_token = self.last - self.begin

    def say(self, text: str) -> str:
        """Add `text` to the answer; returns what can be shown of it."""
        if self.half:
            text, self.half = self.half + text, ""
        if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
            if "\ud800" <= text[-1] <= "\udbff":
                text, self.half = text[:-1], text[-1]
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        if text:
            self.pieces.append(text)
        return text

    def finish(self) -> Finish:
        """The outcome that the vendor's word stands for."""
        found = self.finishes.get(self.reason or "", Finish.STOP)
        if self.calls and found is Finish.STOP:
            return Finish.TOOL
        # Nothing was asked for in the end, whatever the word says.
        return Finish.STOP if found is Finish.TOOL and not self.calls else found

    def used(self) -> Usage:
        """What the answer cost; overridden by each format."""
        return self.usage_of(None, None)

    def usage_of(
        self,
        input_tokens: int | None,
        output_tokens: int | None,
        reasoning_tokens: int | None = None,
        cached_tokens: int | None = None,
        cache_write_tokens: int | None = None,
    ) -> Usage:
        """Those counts with the times of this answer."""
        return Usage(
            input_tokens=input_tokens,
            output_tokens=output_tokens,
            reasoning_tokens=reasoning_tokens,
            cached_tokens=cached_tokens,
            duration=self.last - self.begin,
            first_token=self.first_token,
            cache_write_tokens=cache_write_tokens,
        )

    def echo(self) -> str | None:
        """What must go back unchanged in the next turn."""
        return None

    def completion(self) -> Completion:
        """The answer (`protocol.AnswerReader.completion`)."""
        text = "".join(self.pieces)
        if not self.ended:
            if not text and not self.calls and self.request_id is None:
                raise self.failed("the vendor sent an empty answer", "empty")
            raise self.failed(f"the stream ended in the middle of the answer, after {len(text)} characters", "cut")
        if self.reason in self.broken:
            failed = self.failed(f"the vendor gave the answer up ({self.reason})", self.broken[self.reason])
            failed.code = self.reason
            if self.explained:
                failed.what += f": {self.explained[:300]}"
                failed.args = (failed.what,)
            raise failed
        finish = self.finish()
        if not text.strip():
            if finish is Finish.STOP:
                thought = ", only reasoning" if self.thoughts else ""
                raise self.failed(f"the vendor sent an empty answer{thought}", "empty")
            if finish is Finish.REFUSAL and self.explained:
                text = self.explained
        if self.unwrap and self.request.choices:
            text = unwrap_choice(text, self.request.choices)
        return Completion(
            text,
            finish,
            self.used(),
            self.model,
            self.logprobs,
            request_id=self.request_id,
            tool_calls=self.calls or None,
            reasoning="".join(self.thoughts) or None,
            stop_reason=self.reason,
            echo=self.echo(),
        )


def total(*counts: int | None) -> int | None:
    """Their sum; None where none is known."""
    known = [count for count in counts if count is not None]
    return sum(known) if known else None
