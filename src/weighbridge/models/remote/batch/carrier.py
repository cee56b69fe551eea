"""Moves what a batch interface needs beside single answers: documents, files and long results."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec

from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.document import Document
from weighbridge.models.remote.transport import Transport
from weighbridge.models.remote.wires.base import segment
from weighbridge.models.remote.wires.protocol import Wire

if TYPE_CHECKING:
    from aiohttp import ClientResponse

_MOST = 256 * 1024 * 1024
"""Bytes of one document."""
_PIECE = 1 << 20
_PAGES = 100
"""Pages of a list that are looked through at most."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call brought."""

    headers: Mapping[str, str]
    body: bytes

    def json(self, where: str) -> dict[str, Any]:
        """The body as a JSON object. Raises ModelError: malformed."""
        try:
            found = msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as broken:
            raise malformed(f"is no JSON ({broken})", where) from None
        if not isinstance(found, dict):
            raise malformed("is no JSON object", where)
        return found


@dataclass(slots=True)
class Carrier:
    """Calls of one model's account. The key goes to the vendor's own address and to no other."""

    transport: Transport = field(repr=False)
    wire: Wire = field(repr=False)
    url: str
    """Base address, without a slash at its end."""
    key: str = field(repr=False)
    where: str
    named: Callable[[ModelError], ModelError] = field(repr=False)
    """Puts vendor and advice into an error, and takes the key out of it."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of every call of this format."""

    async def get(self, path: str) -> dict[str, Any]:
        """GET a JSON object. Raises ModelError."""
        return (await self.call("GET", path)).json(self.where)

    async def rows(self, path: str, cursor: str) -> AsyncIterator[dict[str, Any]]:
        """What a list holds, page by page, 100 pages of 100 at most; `cursor` is the option for where to go on.

        Raises ModelError.
        """
        after = ""
        for _ in range(_PAGES):
            page = await self.get(f"{path}?limit=100{after}")
            rows = page.get("data") or []
            for row in rows:
                yield row
            if not page.get("has_more") or not rows:
                return
            after = f"&{cursor}={segment(str(rows[-1].get('id')))}"

    async def post(self, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None) -> dict[str, Any]:
        """POST, and the JSON object that comes back. Raises ModelError."""
        return (await self.call("POST", path, body, headers)).json(self.where)

    async def call(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> Reply:
        """One call; `path` follows the base address, or is a whole address of the same host. Raises ModelError."""
        async with self._opened(method, path, body, headers) as (response, limit):
            parts, size = [], 0
            async for part in self._parts(response, limit):
                size += len(part)
                if size > _MOST:
                    raise malformed(f"is over {_MOST >> 20} MiB", self.where)
                parts.append(part)
            return Reply(response.headers, b"".join(parts))

    async def lines(self, path: str) -> AsyncIterator[bytes]:
        """The lines of a file, blank ones left out. Raises ModelError, before the first of a file cut off.

        The file is fetched whole before its first line is given (beyond 8 MiB to a file without a name), so that
        whoever takes its time over a line holds up no connection.
        """
        with tempfile.SpooledTemporaryFile(max_size=8 * _PIECE) as kept:
            async with self._opened("GET", path, b"", None) as (response, limit):
                async for part in self._parts(response, limit):
                    kept.write(part)
            kept.seek(0)
            for line in kept:
                if line.strip():
                    yield line

    @asynccontextmanager
    async def _opened(
        self, method: str, path: str, body: bytes, headers: Mapping[str, str] | None
    ) -> AsyncIterator[tuple[ClientResponse, asyncio.Timeout]]:
        import aiohttp

        url = self.address(path)
        given = {**self.headers, **(headers or {}), **self.wire.auth(self.key, url, body)}
        options, sent = self.transport.options, False
        try:
            # A long file on a slow line is on its way for minutes.
            patience = options.first_byte_timeout + len(body) / 100_000
            async with (
                asyncio.timeout(patience) as limit,
                self.transport.connected(url).request(
                    method, url, data=body or None, headers=given, allow_redirects=False
                ) as response,
            ):
                sent = True
                if not 200 <= response.status < 300:
                    beginning = await response.content.read(65_536)
                    failed = self.wire.failure(response.status, response.headers, beginning, self.where)
                    if not isinstance(failed, ModelError):
                        failed = ModelError(
                            "the vendor's filter refused the batch", kind="bad_request", where=self.where
                        )
                    raise failed
                yield response, limit
        except TimeoutError as late:
            connecting = isinstance(late, aiohttp.ServerTimeoutError)
            what = "no connection" if connecting else "no answer"
            raise self.named(
                ModelError(
                    f"{what} in time from the batch interface",
                    kind="timeout",
                    where=self.where,
                    usage_may_be_billed=not connecting,
                )
            ) from None
        except aiohttp.ClientError as broken:
            error = self.transport.disconnected(broken, Document(self.where), sent)
            raise self.named(error) from None
        except ModelError as error:
            raise self.named(error) from None

    async def _parts(self, response: ClientResponse, limit: asyncio.Timeout) -> AsyncIterator[bytes]:
        loop, idle = asyncio.get_running_loop(), self.transport.options.idle_timeout
        async for part in response.content.iter_chunked(_PIECE):
            limit.reschedule(loop.time() + idle)
            yield part

    def address(self, path: str) -> str:
        """The whole address of `path`. Raises ModelError for one of another host, to which the key must not go."""
        if path.startswith("/"):
            return f"{self.url}{path}"
        here, there = urlsplit(self.url), urlsplit(path)
        if (here.scheme, here.netloc) != (there.scheme, there.netloc):
            raise ModelError(
                f"the batch interface points to another host ({there.netloc}); the key is not sent there",
                kind="dead",
                where=self.where,
            )
        return path


def malformed(what: str, where: str) -> ModelError:
    """The error for an answer of a batch interface that cannot be read."""
    return ModelError(f"the answer of the batch interface {what}", kind="malformed", where=where)
