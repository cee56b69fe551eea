"""Reads an answer of OpenAI's Responses API: its events as they come, or the whole response.

Reference: https://platform.openai.com/docs/api-reference/responses-streaming. Events that say again what others said
(``*.done``, ``content_part.*``) are skipped; the last one carries the whole response.
"""

from __future__ import annotations

import json
from time import perf_counter
from typing import Any

import msgspec

from weighbridge.evidence import Completion, Finish, ToolCall, Usage
from weighbridge.models.protocol import ErrorKind, ModelError, Request
from weighbridge.models.remote.failures import from_event
from weighbridge.models.remote.halves import Halves
from weighbridge.models.remote.wire import TokenLogprob, unwrap_choice


class _Part(msgspec.Struct):
    type: str = ""
    text: str | None = None
    refusal: str | None = None
    logprobs: list[TokenLogprob] | None = None


class _Item(msgspec.Struct):
    type: str = ""
    content: list[_Part] | None = None
    summary: list[_Part] | None = None
    call_id: str | None = None
    name: str = ""
    arguments: str = ""
    encrypted_content: str | None = None


class _InputDetails(msgspec.Struct):
    cached_tokens: int | None = None
    cache_write_tokens: int | None = None


class _OutputDetails(msgspec.Struct):
    reasoning_tokens: int | None = None


class _Usage(msgspec.Struct):
    input_tokens: int | None = None
    output_tokens: int | None = None
    input_tokens_details: _InputDetails | None = None
    output_tokens_details: _OutputDetails | None = None


class _Incomplete(msgspec.Struct):
    reason: str | None = None


class _Response(msgspec.Struct):
    id: str | None = None
    model: str | None = None
    status: str | None = None
    output: list[msgspec.Raw] | None = None
    usage: _Usage | None = None
    error: Any = None
    incomplete_details: _Incomplete | None = None


class _Event(msgspec.Struct):
    type: str = ""
    delta: Any = None
    response: _Response | None = None
    item: msgspec.Raw = msgspec.Raw(b"")
    """Empty in events that have none; msgspec takes `Raw | None` for None alone."""
    output_index: int = 0
    error: Any = None
    message: str | None = None
    code: Any = None


_event = msgspec.json.Decoder(_Event).decode
_response = msgspec.json.Decoder(_Response).decode
_item = msgspec.json.Decoder(_Item).decode
_THOUGHTS = frozenset({"response.reasoning_summary_text.delta", "response.reasoning_text.delta"})
_ENDS = frozenset({"response.completed", "response.incomplete", "response.failed", "response.cancelled"})


class ResponsesReader:
    """An `AnswerReader` of this format."""

    def __init__(self, where: str, request: Request) -> None:
        self.where = where
        self.request = request
        self.begin = self.last = perf_counter()
        self.pieces: list[str] = []
        self.request_id: str | None = None
        self.done = False
        self.first_token: float | None = None
        self._refusal: list[str] = []
        self._thoughts: list[str] = []
        self._halves = Halves()
        self._items: dict[int, msgspec.Raw] = {}
        self._response: _Response | None = None
        self._model: str | None = None

    @property
    def ended(self) -> bool:
        return self.done

    def failed(self, what: str, kind: ErrorKind) -> ModelError:
        return ModelError(what, kind=kind, where=self.where, usage_may_be_billed=True)

    def add(self, name: bytes, data: bytes) -> str:
        if self.done or data.startswith(b"[DONE]"):
            return ""
        event = self._decoded(data)
        kind = event.type or name.decode("ascii", "replace")
        if kind == "response.output_text.delta":
            return self._grown(event.delta if isinstance(event.delta, str) else "")
        if kind == "response.output_item.done" and event.item:
            self._items[event.output_index] = event.item.copy()
        elif kind == "response.refusal.delta":
            self._refusal.append(str(event.delta or ""))
            self._began()
        elif kind in _THOUGHTS:
            self._thoughts.append(str(event.delta or ""))
            self._began()
        elif kind == "response.function_call_arguments.delta":
            self._began()
        elif kind == "error" or event.error:
            raise from_event(event.error or {"message": event.message, "code": event.code}, self.where)
        elif event.response is not None:
            self._told(event.response, ends=kind in _ENDS)
        return ""

    def document(self, body: bytes) -> None:
        try:
            response = _response(_without_halves(body))
        except (msgspec.DecodeError, UnicodeDecodeError, ValueError) as broken:
            raise self._malformed(broken) from None
        if response.status is None and response.output is None and not response.error:
            raise self.failed("the vendor sent something that is no response", "malformed")
        self._told(response, ends=True)

    def _decoded(self, data: bytes) -> _Event:
        try:
            return _event(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as broken:
            if b"\\ud" not in data.lower():
                raise self._malformed(broken) from None
            try:
                found = json.loads(data)
                if isinstance(found, dict) and isinstance(found.get("delta"), str):
                    return _Event(str(found.get("type") or ""), found["delta"])
                return _event(_without_halves(data))
            except (ValueError, msgspec.DecodeError) as broken:
                raise self._malformed(broken) from None

    def _malformed(self, broken: Exception) -> ModelError:
        return self.failed(f"the vendor sent something that is no response ({broken})", "malformed")

    def _grown(self, delta: str) -> str:
        text = self._halves.whole(delta)
        if text:
            self.pieces.append(text)
            self._began()
        return text

    def _began(self) -> None:
        if self.first_token is None:
            self.first_token = self.last - self.begin

    def _told(self, response: _Response, ends: bool) -> None:
        self.request_id = response.id or self.request_id
        self._model = response.model or self._model
        if ends:
            self._response = response
            self.done = True

    def completion(self) -> Completion:
        response = self._response
        if response is None:
            count = sum(len(piece) for piece in self.pieces)
            if not count and self.request_id is None:
                raise self.failed("the vendor sent an empty answer", "empty")
            raise self.failed(f"the stream ended in the middle of the answer, after {count} characters", "cut")
        if response.status == "failed" or response.error:
            raise from_event(response.error or "the response failed", self.where)
        if response.status in ("cancelled", "queued", "in_progress"):
            raise self.failed(f"the vendor gave up in the middle of the answer ({response.status})", "cut")
        raws = response.output or [self._items[at] for at in sorted(self._items)]
        try:
            items = [_item(raw) for raw in raws]
        except msgspec.DecodeError as broken:
            raise self._malformed(broken) from None
        parts = [part for item in items if item.type == "message" for part in item.content or ()]
        text = "".join(self.pieces) or "".join(part.text or "" for part in parts if part.type == "output_text")
        refusal = "".join(self._refusal) or "".join(part.refusal or "" for part in parts)
        calls = [
            ToolCall(item.call_id or f"call_{at}", item.name, item.arguments.strip() or "{}")
            for at, item in enumerate(item for item in items if item.type == "function_call")
        ]
        reason = response.incomplete_details.reason if response.incomplete_details is not None else None
        finish = _finish(response.status, reason, refusal, bool(calls))
        if finish is Finish.REFUSAL:
            text = text or refusal
        if not text.strip() and finish is Finish.STOP:
            thought = ", only reasoning" if any(item.type == "reasoning" for item in items) else ""
            raise self.failed(f"the vendor sent an empty answer{thought}", "empty")
        if self.request.choices:
            text = unwrap_choice(text, self.request.choices)
        return Completion(
            text,
            finish,
            self._used(response.usage),
            self._model,
            _logprobs(parts) if self.request.logprobs else None,
            request_id=self.request_id,
            tool_calls=calls or None,
            reasoning="".join(self._thoughts) or _shown(items) or None,
            stop_reason=reason or response.status,
            echo=_echo(raws) if calls or any(item.encrypted_content for item in items) else None,
        )

    def _used(self, usage: _Usage | None) -> Usage:
        seconds = self.last - self.begin
        if usage is None:
            return Usage(duration=seconds, first_token=self.first_token)
        before, after = usage.input_tokens_details, usage.output_tokens_details
        return Usage(
            input_tokens=usage.input_tokens,
            output_tokens=usage.output_tokens,
            reasoning_tokens=after.reasoning_tokens if after else None,
            cached_tokens=before.cached_tokens if before else None,
            duration=seconds,
            first_token=self.first_token,
            cache_write_tokens=before.cache_write_tokens if before else None,
        )


def _finish(status: str | None, reason: str | None, refusal: str, calls: bool) -> Finish:
    if reason == "content_filter":
        return Finish.FILTER
    if status == "incomplete":
        return Finish.LENGTH
    if refusal:
        return Finish.REFUSAL
    return Finish.TOOL if calls else Finish.STOP


def _logprobs(parts: list[_Part]) -> list[tuple[str, float]] | None:
    pairs = [(one.token, one.logprob) for part in parts for one in part.logprobs or () if one.logprob is not None]
    return pairs or None


def _shown(items: list[_Item]) -> str:
    """The reasoning that the vendor shows: its summary, or (open models) its text."""
    thoughts = [item for item in items if item.type == "reasoning"]
    return "\n".join(part.text for item in thoughts for part in (item.summary or item.content or ()) if part.text)


def _echo(raws: list[msgspec.Raw]) -> str:
    return (b'{"output":[' + b",".join(bytes(raw) for raw in raws) + b"]}").decode()


def _without_halves(data: bytes) -> bytes:
    """`data` without halves of characters that never met, which msgspec refuses."""
    if b"\\ud" not in data.lower():
        return data
    text = json.dumps(json.loads(data), ensure_ascii=False)
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace").encode()
