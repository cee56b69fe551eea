"""HTTP to one server: a session, time-outs, server-sent events, and exact words for what went wrong.

It knows no wire format. A format hands in the bytes of a request and a `Reader` that takes what comes back.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Protocol

from weighbridge.evidence import Completion
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ErrorKind, ModelError
from weighbridge.models.remote.document import Document
from weighbridge.models.remote.failures import from_status
from weighbridge.models.remote.proxies import proxy_for
from weighbridge.models.remote.sse import EventReader

if TYPE_CHECKING:
    from aiohttp import ClientResponse, ClientSession

_ERROR_BYTES = 65_536
_DOCUMENT_BYTES = 64 * 1024 * 1024
_PAGE_BYTES = 4 * 1024 * 1024
_AFTER_DONE = 0.25
"""Seconds granted after the last event for the end of the response, which lets the connection be used again."""


class Reader(Protocol):
    """Takes one answer as it comes."""

    begin: float
    """Set when the request is sent (`time.perf_counter`)."""
    last: float
    """Set when a piece of the answer comes."""
    pieces: list[str]
    """The text until now."""
    request_id: str | None
    done: bool
    """Whether the answer's last event has come."""

    @property
    def ended(self) -> bool:
        """Whether the server said that the answer is whole."""
        ...

    def add(self, name: bytes, data: bytes) -> str:
        """Take one event; returns the text it adds. Raises ModelError."""
        ...

    def document(self, body: bytes) -> None:
        """Take a whole JSON document. Raises ModelError."""
        ...

    def failed(self, what: str, kind: ErrorKind) -> ModelError:
        """An error about this answer."""
        ...


class Framer(Protocol):
    """Takes a stream apart."""

    def feed(self, segment: bytes) -> list[tuple[bytes, bytes]]:
        """The ``(event name, data)`` pairs that `segment` completes, in order; the name is empty where a format has
        none. Raises ModelError where the framing itself is broken."""
        ...

    @property
    def rest(self) -> bytes:
        """What has come of an event that is not whole yet."""
        ...


class OutcomeError(Exception):
    """A refusal of the server that is an outcome of the item: a filter stopped the prompt."""

    def __init__(self, completion: Completion) -> None:
        super().__init__("the server's refusal is an outcome")
        self.completion = completion


@dataclass(frozen=True, slots=True)
class Exchange:
    """How a format wants one call carried."""

    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    """Beyond those of the session, which they may replace; they may hold the key."""
    framer: Callable[[], Framer] = EventReader
    failure: Callable[[int, Mapping[str, str], bytes, str], ModelError | Completion] = from_status
    """Reads an answer whose status is not 200."""
    heard: Callable[[Mapping[str, str]], None] | None = None
    """Gets the headers of every answer."""


_PLAIN = Exchange()


@dataclass(frozen=True, slots=True)
class Page:
    """What a GET brought."""

    status: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(slots=True)
class Transport:
    """Keeps one session per event loop; holds the key, and never shows it."""

    options: ModelOptions
    """Time-outs and headers."""
    where: str
    """The spec string, for messages."""
    key: str | None = field(default=None, repr=False)
    proxies: bool = False
    """Whether the proxy settings of the environment apply."""
    reuse: bool = True
    """Whether connections are kept for the next call."""
    key_headers: Callable[[str], dict[str, str]] = field(default=lambda key: {"Authorization": f"Bearer {key}"})
    """How this format carries the key."""
    secrets: Sequence[str] = field(default=(), repr=False)
    """More texts that no error may show."""
    _session: ClientSession | None = field(default=None, repr=False)
    _loop: asyncio.AbstractEventLoop | None = field(default=None, repr=False)

    def connected(self, url: str) -> ClientSession:
        """The session; whether a proxy stands between is looked up once, by the first `url` (all are of one host)."""
        loop = asyncio.get_running_loop()
        if self._session is None or self._loop is not loop or self._session.closed:
            from aiohttp import ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

            # Concurrency is the caller's business, so the pool has no limit of its own.
            # Common servers (uvicorn, Node, llama.cpp) drop an idle connection after 5 s: leave it before they do.
            if self.reuse:
                connector = TCPConnector(limit=0, keepalive_timeout=4)
            else:
                connector = TCPConnector(limit=0, force_close=True)
            headers = {"Content-Type": "application/json", "Accept": "text/event-stream, application/json"}
            headers |= self.options.headers
            if self.key:
                headers |= self.key_headers(self.key)
            self._session = ClientSession(
                connector=connector,
                headers=headers,
                cookie_jar=DummyCookieJar(),
                proxy=proxy_for(url) if self.proxies else None,
                timeout=ClientTimeout(total=None, sock_connect=self.options.connect_timeout),
                read_bufsize=2**18,
            )
            self._loop = loop
        return self._session

    async def post(self, url: str, data: bytes) -> bytes:
        """POST `data`, and the JSON document that comes back. Raises ModelError."""
        answer = Document(self.where)
        await self.read(url, data, answer)
        return answer.body

    async def get(self, url: str, seconds: float) -> Page | None:
        """GET `url`; None where nothing came within `seconds`, for whatever reason. For what a run can do without."""
        import aiohttp

        try:
            async with (
                asyncio.timeout(seconds),
                self.connected(url).get(url, allow_redirects=False) as response,
            ):
                parts, size = [], 0
                async for part in response.content.iter_any():
                    parts.append(part)
                    size += len(part)
                    if size > _PAGE_BYTES:
                        return None
                return Page(response.status, response.headers, b"".join(parts))
        except (aiohttp.ClientError, TimeoutError, OSError, ValueError):
            return None

    async def read(
        self,
        url: str,
        data: bytes,
        answer: Reader,
        emit: Callable[[str], None] | None = None,
        exchange: Exchange = _PLAIN,
    ) -> None:
        """POST `data` and feed `answer` until it ends; `emit` gets its text as it comes.

        Raises ModelError, or OutcomeError where `Exchange.failure` takes the refusal for an outcome.
        """
        import aiohttp

        session = self.connected(url)
        options, sent = self.options, False
        headers = exchange.headers or None
        answer.begin = answer.last = perf_counter()
        waited = f"for the first byte for {options.first_byte_timeout:g} s"
        try:
            async with asyncio.timeout(options.first_byte_timeout) as limit:
                async with session.post(url, data=data, headers=headers, allow_redirects=False) as response:
                    sent = True
                    if exchange.heard is not None:
                        exchange.heard(response.headers)
                    if response.status != 200:
                        body = await _beginning(response)
                        failed = exchange.failure(response.status, response.headers, body, self.where)
                        raise failed if isinstance(failed, ModelError) else OutcomeError(failed)
                    if response.content_type == "application/json":
                        answer.document(await self._document(response, answer, limit))
                        answer.last = perf_counter()
                        if emit is not None:
                            emit("".join(answer.pieces))
                        return
                    if response.headers.get("Server") == "llama.cpp":
                        _let_go(response)
                    events, loop = exchange.framer(), asyncio.get_running_loop()
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
                raise self.disconnected(broken, answer, sent) from None
        except ModelError as error:
            raise self._scrubbed(error) from None

    async def _document(self, response: ClientResponse, answer: Reader, limit: asyncio.Timeout) -> bytes:
        parts, size, clock = [], 0, asyncio.get_running_loop().time
        moved = clock()
        async for part in response.content.iter_any():
            size += len(part)
            # DeepSeek keeps a slow document's connection with blank lines: they say that it is at work. (A time-out
            # that is moved at every piece is a tenth of what a short call costs.)
            if (now := clock()) - moved > self.options.first_byte_timeout / 16:
                limit.reschedule(now + self.options.first_byte_timeout)
                moved = now
            if size > _DOCUMENT_BYTES:
                raise answer.failed(f"the server's answer is over {_DOCUMENT_BYTES >> 20} MiB", "malformed")
            parts.append(part)
        body = b"".join(parts)
        if not body.strip():
            raise answer.failed("the server sent an empty answer", "empty")
        return body

    def _leftover(self, rest: bytes, answer: Reader) -> None:
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

    def disconnected(self, broken: Exception, answer: Reader, sent: bool) -> ModelError:
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
        for secret in (self.key, *self.secrets):
            if secret:
                hide(error, secret)
        return error

    async def close(self) -> None:
        session, self._session = self._session, None
        if session is not None and self._loop is asyncio.get_running_loop():
            await session.close()


def hide(error: ModelError, secret: str) -> None:
    """Take `secret` out of all that `error` says."""
    if secret in f"{error} {error.code} {error.request_id}":
        error.what = error.what.replace(secret, "***")
        error.fix = error.fix.replace(secret, "***") if error.fix else error.fix
        error.code = error.code.replace(secret, "***") if error.code else error.code
        error.request_id = error.request_id.replace(secret, "***") if error.request_id else error.request_id
        error.args = (error.what,)


async def _beginning(response: ClientResponse) -> bytes:
    """The body of a refusal, up to `_ERROR_BYTES`, however many pieces it comes in."""
    parts, size = [], 0
    async for part in response.content.iter_any():
        parts.append(part)
        size += len(part)
        if size >= _ERROR_BYTES:
            break
    return b"".join(parts)[:_ERROR_BYTES]


def _let_go(response: ClientResponse) -> None:
    """Use the connection for this answer alone: llama.cpp announces keep-alive, and closes after a stream all the
    same (build of 2026-10), which would fail the next call."""
    connection = response.connection
    if connection is not None and connection.protocol is not None:
        connection.protocol.force_close()
