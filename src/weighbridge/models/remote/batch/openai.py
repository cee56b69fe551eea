"""OpenAI's Batch API: a file of requests is uploaded, a batch of it is made, and two files come back.

Reference: https://platform.openai.com/docs/api-reference/batch, compared with the types of its Python client 3.52
(2026-11-21). Answers stand in the output file, what failed, expired or was cancelled in the error file.
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

FIELD = "weighbridge"
"""Name of the metadata field that holds our token."""
_STATUSES: dict[str, Status] = {
    "validating": "working",
    "in_progress": "working",
    "finalizing": "working",
    "cancelling": "cancelling",
    "completed": "ended",
    "expired": "ended",
    "cancelled": "ended",
    "failed": "failed",
}
_LAPSED = {
    "batch_expired": "the batch expired before this request's turn",
    "batch_cancelled": "the batch was cancelled before this request's turn",
}


class _Error(msgspec.Struct):
    code: str | None = None
    message: str | None = None


class _Response(msgspec.Struct):
    status_code: int = 0
    request_id: str | None = None
    body: msgspec.Raw = msgspec.Raw(b"{}")


class _Line(msgspec.Struct):
    custom_id: str
    response: _Response | None = None
    error: _Error | None = None


_line = msgspec.json.Decoder(_Line)


class OpenAIBatches:
    """The batches of one OpenAI account, for one model and one of the two interfaces."""

    most = 50_000
    most_bytes = 32 * 1024 * 1024
    """The vendor takes 200 MB; less is held in memory, and comes back sooner."""
    hours = 24

    def __init__(self, carrier: Carrier, wire: Wire, model: str) -> None:
        self._carrier = carrier
        self._wire = wire
        self._model = model

    def line(self, key: str, request: Request) -> bytes:
        call = self._wire.call(request, self._model, stream=False)
        # The address within the vendor's API, whatever the base address of the account.
        whole = {"custom_id": key, "method": "POST", "url": f"/v1{call.path}", "body": msgspec.Raw(call.body)}
        return encode(whole)

    async def submit(self, token: str, lines: Sequence[bytes]) -> State:
        file = await self._upload(f"weighbridge-{token}.jsonl", b"\n".join(lines) + b"\n")
        endpoint = msgspec.json.decode(lines[0])["url"]
        asked = {
            "input_file_id": file,
            "endpoint": endpoint,
            "completion_window": "24h",
            "metadata": {FIELD: token},
        }
        return self._told(await self._carrier.post("/batches", encode(asked)))

    async def _upload(self, name: str, data: bytes) -> str:
        mark = f"weighbridge-{name}".encode()
        head = b"--" + mark + b'\r\nContent-Disposition: form-data; name="'
        body = b"".join(
            (
                *(head, b'purpose"\r\n\r\nbatch\r\n'),
                *(head, b'file"; filename="', name.encode(), b'"\r\nContent-Type: application/jsonl\r\n\r\n'),
                *(data, b"\r\n--", mark, b"--\r\n"),
            )
        )
        kind = {"Content-Type": f"multipart/form-data; boundary={mark.decode()}"}
        found = await self._carrier.post("/files", body, kind)
        if not isinstance(found.get("id"), str):
            raise malformed("names no file", self._carrier.where)
        return str(found["id"])

    async def recent(self) -> AsyncIterator[State]:
        async for row in self._carrier.rows("/batches", "after"):
            yield self._told(row)

    async def state(self, lot: str) -> State:
        return self._told(await self._carrier.get(f"/batches/{segment(lot)}"))

    def _told(self, row: dict[str, Any]) -> State:
        word = str(row.get("status"))
        if not isinstance(row.get("id"), str) or word not in _STATUSES:
            raise malformed(f"is no batch (status {word!r})", self._carrier.where)
        counts = row.get("request_counts") or {}
        errors = [one for one in (row.get("errors") or {}).get("data") or () if isinstance(one, dict)]
        why = "; ".join(str(one.get("message") or one.get("code")) for one in errors[:3]) or None
        codes = " ".join(str(one.get("code")) for one in errors)
        # What is queued counts against a limit of its own, which is free again when other batches are done.
        full = "token_limit" in codes or "rate_limit" in codes
        spent = "billing" in codes or "quota" in codes
        return State(
            id=row["id"],
            status=_STATUSES[word],
            token=(row.get("metadata") or {}).get(FIELD) or "",
            total=counts.get("total") or None,
            done=(counts.get("completed") or 0) + (counts.get("failed") or 0),
            word=word,
            why=why,
            kind="rate_limit" if full else "quota" if spent else "bad_request",
            places=tuple(one for name in ("output_file_id", "error_file_id") if (one := row.get(name))),
        )

    async def results(self, state: State) -> AsyncIterator[Result]:
        for file in state.places:
            async for data in self._carrier.lines(f"/files/{segment(file)}/content"):
                yield self._result(data)

    def _result(self, data: bytes) -> Result:
        try:
            line = _line.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as broken:
            raise malformed(f"has a line that is no result ({broken})", self._carrier.where) from None
        if line.error is not None:
            code = line.error.code or ""
            if code in _LAPSED:
                return Result(line.custom_id, lapsed=_LAPSED[code])
            told = encode({"error": {"code": code, "message": line.error.message or code}})
            return Result(line.custom_id, told, 408 if code == "request_timeout" else 500)
        if line.response is None:
            return Result(line.custom_id, b'{"error": {"message": "neither answer nor error"}}', 500)
        said = line.response
        return Result(line.custom_id, bytes(said.body), said.status_code, request_id=said.request_id)

    async def cancel(self, lot: str) -> None:
        try:
            await self._carrier.post(f"/batches/{segment(lot)}/cancel")
        except ModelError as error:
            if error.status not in (400, 409):
                raise
            # It is over already: there is nothing to cancel.
