"""Gemini's batch mode: small lots go in with the call, large ones as a file; results come back the same way.

Reference: https://ai.google.dev/api/batch-api, compared with the wire forms of its Python client google-genai 3.4
(2026-11-21). A batch is a long-running operation: its state stands in ``metadata``, its results in ``response`` or in
``metadata.output``. It expires after 48 hours, of which nothing comes back.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Any
from urllib.parse import quote, urlsplit

import msgspec

from weighbridge.models.protocol import ModelError, Request
from weighbridge.models.remote.batch.carrier import Carrier, malformed
from weighbridge.models.remote.batch.lots import Result, State, Status
from weighbridge.models.remote.wires.base import encode, segment
from weighbridge.models.remote.wires.protocol import Wire

_STATUSES: dict[str, Status] = {
    "UNSPECIFIED": "working",
    "PENDING": "working",
    "QUEUED": "working",
    "RUNNING": "working",
    "CANCELLING": "cancelling",
    "SUCCEEDED": "ended",
    "PARTIALLY_SUCCEEDED": "ended",
    "CANCELLED": "ended",
    "EXPIRED": "ended",
    "FAILED": "failed",
}
_WORDS = {
    1: ("CANCELLED", 499),
    3: ("INVALID_ARGUMENT", 400),
    4: ("DEADLINE_EXCEEDED", 504),
    5: ("NOT_FOUND", 404),
    7: ("PERMISSION_DENIED", 403),
    8: ("RESOURCE_EXHAUSTED", 429),
    9: ("FAILED_PRECONDITION", 400),
    10: ("ABORTED", 409),
    13: ("INTERNAL", 500),
    14: ("UNAVAILABLE", 503),
    16: ("UNAUTHENTICATED", 401),
}
"""By the number of google.rpc.Code, in which results speak: the word, and the status that the live interface has."""
_PAGES = 100
INLINE = 16 * 1024 * 1024
"""Bytes of a lot that still go in with the call; the vendor takes 20 MB."""


class _Line(msgspec.Struct):
    key: str | None = None
    metadata: dict[str, Any] | None = None
    response: msgspec.Raw = msgspec.Raw(b"")
    error: dict[str, Any] | None = None


_line = msgspec.json.Decoder(_Line)
_lines = msgspec.json.Decoder(list[msgspec.Raw])


class GeminiBatches:
    """The batches of one Gemini account, for one model."""

    most = 50_000
    most_bytes = 32 * 1024 * 1024
    hours = 48

    def __init__(self, carrier: Carrier, wire: Wire, model: str, root: str, path: str, inline: int = INLINE) -> None:
        """`root`: beginning of every path after the base address; `path`: where the model is, after the same."""
        self._carrier = carrier
        self._wire = wire
        self._model = model
        self._root = root
        self._path = path
        self._inline = inline

    def line(self, key: str, request: Request) -> bytes:
        call = self._wire.call(request, self._model, stream=False)
        return encode({"key": key, "request": msgspec.Raw(call.body)})

    async def submit(self, token: str, lines: Sequence[bytes]) -> State:
        if sum(map(len, lines)) <= self._inline:
            given: dict[str, Any] = {"requests": {"requests": [_inlined(line) for line in lines]}}
        else:
            given = {"fileName": await self._upload(f"weighbridge-{token}", b"\n".join(lines) + b"\n")}
        asked = {"batch": {"displayName": f"weighbridge-{token}", "inputConfig": given}}
        return self._told(await self._carrier.post(f"{self._path}:batchGenerateContent", encode(asked)))

    async def _upload(self, name: str, data: bytes) -> str:
        begin = await self._carrier.call(
            "POST",
            f"{self._host}/upload/v1beta/files",
            encode({"file": {"displayName": name}}),
            {
                "X-Goog-Upload-Protocol": "resumable",
                "X-Goog-Upload-Command": "start",
                "X-Goog-Upload-Header-Content-Length": str(len(data)),
                "X-Goog-Upload-Header-Content-Type": "application/jsonl",
            },
        )
        place = begin.headers.get("x-goog-upload-url")
        if not place:
            raise malformed("names no place for the file", self._carrier.where)
        sent = {
            "X-Goog-Upload-Command": "upload, finalize",
            "X-Goog-Upload-Offset": "0",
            "Content-Type": "application/jsonl",
        }
        file = (await self._carrier.post(place, data, sent)).get("file")
        if not isinstance(file, dict) or not isinstance(file.get("name"), str):
            raise malformed("names no file", self._carrier.where)
        return str(file["name"])

    @property
    def _host(self) -> str:
        parts = urlsplit(self._carrier.url)
        # A proxy may have a path of its own before the version.
        path = parts.path.removesuffix("/").removesuffix("/v1beta")
        return f"{parts.scheme}://{parts.netloc}{path}"

    async def recent(self) -> AsyncIterator[State]:
        token = ""
        for _ in range(_PAGES):
            page = await self._carrier.get(f"{self._root}/batches?pageSize=100{token}")
            for row in page.get("operations") or []:
                yield self._told(row)
            if not page.get("nextPageToken"):
                return
            token = f"&pageToken={quote(str(page['nextPageToken']), safe='')}"

    async def state(self, lot: str) -> State:
        return self._told(await self._carrier.get(f"{self._root}/batches/{segment(lot.removeprefix('batches/'))}"))

    def _told(self, row: dict[str, Any]) -> State:
        about = row.get("metadata") or {}
        word = str(about.get("state") or "").removeprefix("BATCH_STATE_").removeprefix("JOB_STATE_")
        if not isinstance(row.get("name"), str):
            raise malformed("is no batch", self._carrier.where)
        wrong = row.get("error") if isinstance(row.get("error"), dict) else None
        status = _STATUSES.get(word or "UNSPECIFIED", "working")
        if wrong is not None and status == "working" and row.get("done"):
            status = "failed"
        stats = about.get("batchStats") or {}
        output = row.get("response") or about.get("output") or {}
        inline = (output.get("inlinedResponses") or {}).get("inlinedResponses")
        file = output.get("responsesFile")
        number = (wrong or {}).get("code")
        full, spent = number == 8, "billing" in str(wrong).lower()
        return State(
            id=row["name"],
            status=status,
            token=str(about.get("displayName") or "").removeprefix("weighbridge-"),
            total=_count(stats.get("requestCount")),
            done=(_count(stats.get("successfulRequestCount")) or 0) + (_count(stats.get("failedRequestCount")) or 0),
            word=word.lower(),
            why=str(wrong.get("message") or wrong) if wrong is not None else None,
            kind="quota" if spent else "rate_limit" if full else "server" if number in (13, 14) else "bad_request",
            places=(file,) if isinstance(file, str) else (),
            inline=encode(inline) if inline else b"",
        )

    async def results(self, state: State) -> AsyncIterator[Result]:
        if state.inline:
            for one in _lines.decode(state.inline):
                yield self._result(bytes(one))
        for file in state.places:
            named = "/".join(segment(part) for part in file.split("/"))
            async for data in self._carrier.lines(f"{self._host}/download/v1beta/{named}:download?alt=media"):
                yield self._result(data)

    def _result(self, data: bytes) -> Result:
        try:
            line = _line.decode(data)
        except (msgspec.MsgspecError, UnicodeDecodeError) as broken:
            raise malformed(f"has a line that is no result ({broken})", self._carrier.where) from None
        key = str(line.key or (line.metadata or {}).get("key") or "")
        if line.error is None and bytes(line.response):
            return Result(key, bytes(line.response))
        wrong = line.error or {"code": 13, "message": "neither answer nor error"}
        number = wrong.get("code")
        word, status = _WORDS.get(number if isinstance(number, int) else 13, ("UNKNOWN", 500))
        if isinstance(number, int) and number >= 400:
            status = number
        if word == "CANCELLED":
            return Result(key, lapsed="the batch was cancelled before this request's turn")
        return Result(key, encode({"error": {"status": word, **wrong, "code": status}}), status)

    async def cancel(self, lot: str) -> None:
        try:
            name = segment(lot.removeprefix("batches/"))
            await self._carrier.call("POST", f"{self._root}/batches/{name}:cancel", b"{}")
        except ModelError as error:
            if error.status not in (400, 409):
                raise
            # It is over already: there is nothing to cancel.


def _inlined(line: bytes) -> dict[str, Any]:
    """A line as one of the requests that go in with the call."""
    found = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
    return {"request": found["request"], "metadata": {"key": found["key"]}}


def _count(value: object) -> int | None:
    """A count, which Google writes as text."""
    return int(value) if isinstance(value, int | str) and str(value).isdecimal() else None
