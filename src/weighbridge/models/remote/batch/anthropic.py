"""Anthropic's Message Batches: requests go in as one document, results come back as a file of lines.

Reference: https://docs.anthropic.com/en/api/creating-message-batches, compared with the types of its Python client
2.11 (2026-11-21). A batch has no name: it is known by the ids of its requests, which show in its results alone.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from weighbridge.models.protocol import ModelError, Request
from weighbridge.models.remote.batch.carrier import Carrier, malformed
from weighbridge.models.remote.batch.lots import Result, State, Status
from weighbridge.models.remote.wires.base import encode, segment
from weighbridge.models.remote.wires.protocol import Wire

_STATUSES: dict[str, Status] = {"in_progress": "working", "canceling": "cancelling", "ended": "ended"}
_CODES = {
    "invalid_request_error": 400,
    "authentication_error": 401,
    "billing_error": 402,
    "permission_error": 403,
    "not_found_error": 404,
    "request_too_large": 413,
    "rate_limit_error": 429,
    "timeout_error": 504,
    "overloaded_error": 529,
}
_LAPSED = {
    "expired": "the batch expired before this request's turn",
    "canceled": "the batch was cancelled before this request's turn",
}


class _Outcome(msgspec.Struct):
    type: str
    message: msgspec.Raw = msgspec.Raw(b"{}")
    error: Any = None


class _Line(msgspec.Struct):
    custom_id: str
    result: _Outcome


_line = msgspec.json.Decoder(_Line)


class AnthropicBatches:
    """The message batches of one Anthropic workspace, for one model."""

    most = 100_000
    most_bytes = 32 * 1024 * 1024
    """The vendor takes 256 MB; less is held in memory, and comes back sooner."""
    hours = 24

    def __init__(self, carrier: Carrier, wire: Wire, model: str, root: str) -> None:
        """`root`: beginning of every path after the base address (``/v1``, or nothing)."""
        self._carrier = carrier
        self._wire = wire
        self._model = model
        self._path = f"{root}/messages/batches"

    def line(self, key: str, request: Request) -> bytes:
        call = self._wire.call(request, self._model, stream=False)
        # At most 64 letters, digits, - and _: a key in hexadecimal is exactly that.
        return encode({"custom_id": key, "params": msgspec.Raw(call.body)})

    async def submit(self, token: str, lines: Sequence[bytes]) -> State:  # noqa: ARG002 - it has no place for a name
        return self._told(await self._carrier.post(self._path, b'{"requests":[' + b",".join(lines) + b"]}"))

    async def recent(self) -> AsyncIterator[State]:
        async for row in self._carrier.rows(self._path, "after_id"):
            yield self._told(row)

    async def state(self, lot: str) -> State:
        return self._told(await self._carrier.get(f"{self._path}/{segment(lot)}"))

    def _told(self, row: dict[str, Any]) -> State:
        word = str(row.get("processing_status"))
        if not isinstance(row.get("id"), str) or word not in _STATUSES:
            raise malformed(f"is no message batch (status {word!r})", self._carrier.where)
        counts = {name: int(value) for name, value in (row.get("request_counts") or {}).items()}
        total = sum(counts.values())
        return State(
            id=row["id"],
            status=_STATUSES[word],
            total=total or None,
            done=total - counts.get("processing", 0),
            word=word,
            places=() if row.get("archived_at") else (row["id"],),
        )

    async def results(self, state: State) -> AsyncIterator[Result]:
        # `results_url` is left aside: it may name another host than the base address, and the key must not go there.
        for lot in state.places:
            async for data in self._carrier.lines(f"{self._path}/{segment(lot)}/results"):
                yield self._result(data)

    def _result(self, data: bytes) -> Result:
        try:
            line = _line.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as broken:
            raise malformed(f"has a line that is no result ({broken})", self._carrier.where) from None
        outcome = line.result
        if outcome.type == "succeeded":
            return Result(line.custom_id, bytes(outcome.message))
        if outcome.type in _LAPSED:
            return Result(line.custom_id, lapsed=_LAPSED[outcome.type])
        told = outcome.error if isinstance(outcome.error, dict) else {}
        inner = told.get("error") if isinstance(told.get("error"), dict) else told
        code = _CODES.get(str(inner.get("type")), 500) if isinstance(inner, dict) else 500
        request_id = told.get("request_id")
        return Result(line.custom_id, encode({"type": "error", "error": inner}), code, request_id=request_id)

    async def cancel(self, lot: str) -> None:
        try:
            await self._carrier.post(f"{self._path}/{segment(lot)}/cancel")
        except ModelError as error:
            if error.status not in (400, 409):
                raise
            # It is over already: there is nothing to cancel.
