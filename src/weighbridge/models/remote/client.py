"""One attempt at a chat completion over HTTP: send, read the stream, say exactly what went wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING

from weighbridge.evidence import Completion
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request
from weighbridge.models.remote import wire
from weighbridge.models.remote.answer import Answer
from weighbridge.models.remote.failures import from_status
from weighbridge.models.remote.sse import EventReader

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

_ERROR_BYTES = 65_536
_DOCUMENT_BYTES = 64 * 1024 * 1024
_AFTER_DONE = 0.25
"""Seconds granted after [DONE] for the end of the response, which lets the connection be used again."""


@dataclass(slots=True)
class ChatClient:
    """Asks one model of one server. Keeps one session per event loop; holds the key, and never shows it."""

    url: str
    """Address up to and without ``/chat/completions``."""
    model: str
    options: ModelOptions
    where: str
    """The spec string, for messages."""
    key: str | None = field(default=None, repr=False)
    proxies: bool = False
    """Whether the proxy settings of the environment apply."""
    reuse: bool = True
    """Whether connections are kept for the next call."""
    _session: ClientSession | None = field(default=None, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)
    _headers: dict[str, str] = field(default_factory=dict, repr=False)

    def _connected(self) -> ClientSession:
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop or self._session.closed:
            from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

            # Concurrency is the caller's business, so the pool has no limit of its own.
            # Common servers (uvicorn, Node, llama.cpp) drop an idle connection after 5 s: leave it before they do.
            if self.reuse:
                connector = TCPConnector(limit=0, keepalive_timeout=4)
            else:
                connector = TCPConnector(limit=0, force_close=True)
            self._session = ClientSession(
                connector=connector,
                cookie_jar=DummyCookieJar(),
                trust_env=self.proxies,
                timeout=ClientTimeout(total=None, sock_connect=self.options.connect_timeout),
                read_bufsize=2**18,
            )
            self._loop = loop
            self._headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
            self._headers |= self.options.headers
            if self.key:
                self._headers["Authorization"] = f"Bearer {self.key}"
        return self._session

    async def complete(self, request: Request) -> Completion:
        """One attempt; raises ModelError."""
        answer = Answer(self.where)
        await self._ask(request, answer, None)
        return answer.completion(request, unwrap=self.options.constrained == "json_schema")

    async def stream(self, request: Request) -> AsyncIterator[str]:
        """Pieces of text as they come; raises ModelError as `complete` does.

        The reading runs in a task of its own, so that its time-outs never strike a consumer that takes its time.
        """
        answer = Answer(self.where)
        pieces: asyncio.Queue[str | None] = asyncio.Queue()
        asked = asyncio.create_task(self._ask(request, answer, pieces.put_nowait))
        asked.add_done_callback(lambda _: pieces.put_nowait(None))
        try:
            while (piece := await pieces.get()) is not None:
                yield piece
            await asked
            answer.completion(request)
        finally:
            asked.cancel()

    async def _ask(self, request: Request, answer: Answer, emit: Callable[[str], None] | None) -> None:
        import aiohttp

        session = self._connected()
        data = wire.encode(wire.body(request, self.model, self.options))
        options, sent = self.options, False
        answer.begin = answer.last = perf_counter()
        waited = f"for the first byte for {options.first_byte_timeout:g} s"
        try:
            async with asyncio.timeout(options.first_byte_timeout) as limit:
                posted = session.post(
                    f"{self.url}/chat/completions", data=data, headers=self._headers, allow_redirects=False
                )
                async with posted as response:
                    sent = True
                    if response.status != 200:
                        body = await response.content.read(_ERROR_BYTES)
                        raise from_status(response.status, response.headers, body, self.where)
                    if response.content_type == "application/json":
                        answer.document(await self._document(response, answer))
                        answer.last = perf_counter()
                        if emit is not None:
                            emit("".join(answer.pieces))
                        return
                    if response.headers.get("Server") == "llama.cpp":
                        _let_go(response)
                    events, loop = EventReader(), asyncio.get_running_loop()
                    async for segment in response.content.iter_any():
                        if not answer.done:
                            answer.last = perf_counter()
                        for name, event in events.feed(segment):
                            text = answer.add(name, event)
                            if text and emit is not None:
                                emit(text)
                        if answer.done:
                            limit.reschedule(loop.time() + _AFTER_DONE)
                        else:
                            limit.reschedule(loop.time() + options.idle_timeout)
                            waited = f"for the next piece of the answer for {options.idle_timeout:g} s"
                    self._leftover(events.rest, answer)
        except TimeoutError as late:
            if answer.done:
                return
            # aiohttp's own time-out can only be the one for connecting.
            connecting = isinstance(late, aiohttp.ServerTimeoutError)
            what = f"no connection within {options.connect_timeout:g} s" if connecting else f"waited {waited}"
            raise ModelError(what, kind="timeout", where=self.where, usage_may_be_billed=not connecting) from None
        except aiohttp.ClientError as broken:
            if not answer.ended:
                raise self._disconnected(broken, answer, sent) from None
        except ModelError as error:
            raise self._scrubbed(error) from None

    async def _document(self, response: ClientResponse, answer: Answer) -> bytes:
        parts, size = [], 0
        async for part in response.content.iter_any():
            size += len(part)
            if size > _DOCUMENT_BYTES:
                raise answer.failed(f"the server's answer is over {_DOCUMENT_BYTES >> 20} MiB", "malformed")
            parts.append(part)
        body = b"".join(parts)
        if not body.strip():
            raise answer.failed("the server sent an empty answer", "empty")
        return body

    def _leftover(self, rest: bytes, answer: Answer) -> None:
        """A last event without its blank line, or a document that came under the wrong content type."""
        rest = rest.strip()
        if answer.ended or not rest:
            return
        if rest.startswith(b"data:"):
            rest = rest[5:].strip()
            if rest == b"[DONE]":
                answer.done = True
            return
        if rest.startswith(b"{"):
            answer.document(rest)
        elif answer.request_id is None and not answer.pieces:
            raise answer.failed("the server's answer is neither events nor JSON", "malformed")

    def _disconnected(self, broken: Exception, answer: Answer, sent: bool) -> ModelError:
        import aiohttp

        if isinstance(broken, aiohttp.InvalidURL):
            return ModelError("the address cannot be used", kind="dead", where=self.where)
        if isinstance(broken, aiohttp.ClientConnectorCertificateError | aiohttp.ClientSSLError):
            fix = "check the certificate, or name your authority's file in SSL_CERT_FILE"
            return ModelError(f"no safe connection: {broken}", kind="dead", where=self.where, fix=fix)
        if isinstance(broken, aiohttp.ClientConnectorError):
            fix = "start the server, or correct host and port in the spec string"
            what = f"no connection to {broken.host}:{broken.port} ({broken.os_error.strerror or broken.os_error})"
            return ModelError(what, kind="connection", where=self.where, fix=fix)
        if isinstance(broken, aiohttp.ClientResponseError):
            return answer.failed(f"the server's answer is no valid HTTP ({broken.message})", "malformed")
        if answer.pieces or answer.request_id:
            count = sum(len(piece) for piece in answer.pieces)
            return answer.failed(f"the connection broke in the middle of the answer, after {count} characters", "cut")
        what = "the connection broke before the answer" if sent else "the server closed the connection"
        return answer.failed(what, "connection")

    def _scrubbed(self, error: ModelError) -> ModelError:
        """Some servers repeat the key in their messages; ours must not."""
        if self.key and self.key in str(error):
            error.what = error.what.replace(self.key, "***")
            error.fix = error.fix.replace(self.key, "***") if error.fix else error.fix
            error.args = (error.what,)
        return error

    async def models(self) -> list[str]:
        """Names the server lists, or none where it does not say."""
        import msgspec

        try:
            async with (
                asyncio.timeout(5),
                self._connected().get(f"{self.url}/models", headers=self._headers, allow_redirects=False) as response,
            ):
                found = msgspec.json.decode(await response.content.read(4 * 1024 * 1024))
                return [str(row["id"]) for row in found["data"]] if response.status == 200 else []
        except Exception:  # only a hint in an error message hangs on it, and servers answer here as they like
            return []

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None and self._loop is asyncio.get_running_loop():
            await session.close()


def _let_go(response: ClientResponse) -> None:
    """Use the connection for this answer alone: llama.cpp announces keep-alive, and closes after a stream all the
    same (build of 2026-10), which would fail the next call."""
    connection = response.connection
    if connection is not None and connection.protocol is not None:
        connection.protocol.force_close()
