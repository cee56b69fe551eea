"""A small OpenAI-compatible server that misbehaves on purpose, and counts what it was asked.

    async with FaultServer(answer=lambda prompt: "yes") as server:      # in the running event loop
        model = open_model(f"{server.url}#m")

    with FaultServer(script={"Hello?": [status(429, retry_after="1"), ok("billing")]}).threaded() as server:
        subprocess.run(...)  # in a thread, for runs in another process

`script` decides each reply: a function ``(Call) -> Reply | None``, a mapping from prompt to a list of replies (the
n-th time that prompt is asked gets the n-th; after the last, `answer` speaks), or one list that every prompt goes
through. The prompt is the content of the last message.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

Kind = Literal["ok", "status", "cut", "malformed", "empty", "hang", "drop", "error_event", "plain", "raw"]


@dataclass(frozen=True)
class Reply:
    """What the server does with one request; made by the functions below."""

    kind: Kind = "ok"
    text: str = ""
    delay: float = 0.0
    """Seconds before the first byte."""
    pace: float = 0.0
    """Seconds between chunks."""
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""
    after: int = 1
    """Chunks of text sent before the fault, for `cut`, `hang` and `error_event`."""
    finish: str | None = "stop"
    usage: bool = True
    done: bool = True


@dataclass(frozen=True)
class Call:
    """One request as it arrived."""

    number: int
    """Position among all requests, from 0."""
    prompt: str
    seen: int
    """How often this prompt was asked before."""
    model: str
    body: dict[str, Any]
    headers: dict[str, str]


Script = Callable[[Call], Reply | None] | Mapping[str, Sequence[Reply]] | Sequence[Reply]


def ok(text: str = "ok", *, delay: float = 0.0, pace: float = 0.0, finish: str | None = "stop") -> Reply:
    """A proper answer, after `delay` seconds."""
    return Reply("ok", text, delay=delay, pace=pace, finish=finish)


def status(code: int, *, message: str = "fault", retry_after: str | None = None, **headers: str) -> Reply:
    """An error status with an OpenAI-shaped body; `retry_after` in whatever spelling."""
    pairs = [(name.replace("_", "-"), value) for name, value in headers.items()]
    if retry_after is not None:
        pairs.append(("Retry-After", retry_after))
    body = json.dumps({"error": {"message": message, "type": "fault", "code": None}}).encode()
    return Reply("status", status=code, headers=tuple(pairs), body=body)


def cut(text: str = "half an answer", *, after: int = 1) -> Reply:
    """The stream ends after `after` chunks, in good HTTP order but without finish_reason or [DONE]."""
    return Reply("cut", text, after=after)


def drop(text: str = "", *, after: int = 0) -> Reply:
    """The connection is torn down: before any byte, or after `after` chunks."""
    return Reply("drop", text, after=after)


def malformed() -> Reply:
    """A chunk that is no JSON."""
    return Reply("malformed")


def empty() -> Reply:
    """A whole stream with choices but no text."""
    return Reply("empty")


def hang(text: str = "", *, after: int = 0) -> Reply:
    """Silence until the client leaves: before the headers (after=0), or after `after` chunks."""
    return Reply("hang", text, after=after)


def error_event(message: str = "overloaded", *, code: int | str | None = 529, after: int = 1) -> Reply:
    """An error object in the middle of the stream."""
    body = json.dumps({"error": {"message": message, "code": code, "type": "server_error"}}).encode()
    return Reply("error_event", "half an answer", body=body, after=after)


def plain(text: str = "ok", *, finish: str | None = "stop") -> Reply:
    """One JSON document although a stream was asked for."""
    return Reply("plain", text, finish=finish)


def raw(body: bytes, *, code: int = 200, content_type: str = "text/event-stream") -> Reply:
    """These bytes, as they are."""
    return Reply("raw", body=body, status=code, headers=(("Content-Type", content_type),))


@dataclass
class FaultServer:
    """Serves ``/v1/chat/completions`` on 127.0.0.1; see the module's text for `script`."""

    script: Script | None = None
    answer: Callable[[str], str] = lambda prompt: "ok"
    jitter: tuple[float, float] | None = None
    """Every answer waits a seeded random time between these seconds, so that answers come out of order."""
    reverse: int = 0
    """Gather this many requests (or what comes within 50 ms) and answer the last first."""
    limit: int | None = None
    """More requests than this at once get a 429 with ``Retry-After: 0.05``."""
    seed: int = 0
    calls: list[Call] = field(default_factory=list)
    asked: Counter[str] = field(default_factory=Counter)
    """How often each prompt was asked."""
    answered: Counter[str] = field(default_factory=Counter)
    """How often each prompt got a whole, proper answer: what a vendor would bill."""
    in_flight: int = 0
    peak: int = 0
    """The most requests that were under way at once."""
    connections: int = 0
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/v1"

    async def __aenter__(self) -> FaultServer:
        self._random = random.Random(self.seed)
        self._queue: list[asyncio.Future[None]] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port, backlog=1024, limit=2**24)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @contextlib.contextmanager
    def threaded(self) -> Iterator[FaultServer]:
        """The same server on an event loop of its own, in a thread."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        asyncio.run_coroutine_threadsafe(self.__aenter__(), loop).result(10)
        try:
            yield self
        finally:
            asyncio.run_coroutine_threadsafe(self.__aexit__(), loop).result(10)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    def _reply(self, call: Call) -> Reply:
        found: Reply | None = None
        if callable(self.script):
            found = self.script(call)
        elif self.script is not None:
            replies = self.script.get(call.prompt, ()) if isinstance(self.script, Mapping) else self.script
            found = replies[call.seen] if call.seen < len(replies) else None
        found = found or ok(self.answer(call.prompt))
        if self.limit is not None and self.in_flight > self.limit:
            found = status(429, retry_after="0.05")
        if self.jitter is not None:
            found = replace(found, delay=found.delay + self._random.uniform(*self.jitter))
        return found

    async def _turn(self) -> None:
        """Wait until the gathered requests are let go, last first."""
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        if len(self._queue) >= self.reverse:
            self._release()
        elif len(self._queue) == 1:
            asyncio.get_running_loop().call_later(0.05, self._release)
        await turn

    def _release(self) -> None:
        queue, self._queue = self._queue, []
        for turn in reversed(queue):
            if not turn.done():
                turn.set_result(None)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self.connections += 1
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, asyncio.CancelledError):
                while await self._one(reader, writer):
                    pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = await reader.readuntil(b"\r\n\r\n")
        first, *rest = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in rest if line)}
        payload = await reader.readexactly(int(headers.get("content-length", "0")))
        if "/chat/completions" not in first:
            writer.write(_plain_http(404, b'{"error": {"message": "no such page"}}'))
            return True
        body = json.loads(payload)
        prompt = body["messages"][-1]["content"]
        call = Call(len(self.calls), prompt, self.asked[prompt], body.get("model", ""), body, headers)
        self.calls.append(call)
        self.asked[prompt] += 1
        self.in_flight += 1
        self.peak = max(self.peak, self.in_flight)
        try:
            if self.reverse:
                await self._turn()
            return await self._speak(self._reply(call), call, reader, writer)
        finally:
            self.in_flight -= 1

    async def _speak(
        self, reply: Reply, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        if reply.delay:
            await asyncio.sleep(reply.delay)
        if reply.kind in ("status", "raw"):
            writer.write(_plain_http(reply.status, reply.body, reply.headers))
            await writer.drain()
            return True
        if reply.kind == "drop" and reply.after == 0:
            writer.transport.abort()
            return False
        if reply.kind == "hang" and reply.after == 0:
            await reader.read()
            return False
        if reply.kind == "plain" or not call.body.get("stream"):
            if reply.kind in ("ok", "plain"):
                self.answered[call.prompt] += 1
            writer.write(_plain_http(200, _document(reply, call)))
            await writer.drain()
            return True
        return await self._stream(reply, call, reader, writer)

    async def _stream(
        self, reply: Reply, call: Call, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
        events = list(_events(reply, call))
        faulty = reply.kind in ("cut", "drop", "hang", "error_event")
        whole = b"0\r\n\r\n"
        if not faulty and not reply.pace:
            if reply.kind == "ok":
                self.answered[call.prompt] += 1
            writer.write(head + b"".join(_chunk(event) for event in events) + whole)
            await writer.drain()
            return True
        writer.write(head)
        for event in events[: 1 + reply.after] if faulty else events:
            writer.write(_chunk(event))
            await writer.drain()
            await asyncio.sleep(reply.pace)
        if reply.kind == "drop":
            writer.transport.abort()
            return False
        if reply.kind == "hang":
            await reader.read()
            return False
        if reply.kind == "error_event":
            writer.write(_chunk(b"data: " + reply.body + b"\n\n"))
        if reply.kind == "ok":
            self.answered[call.prompt] += 1
        writer.write(whole)
        await writer.drain()
        return True


def _chunk(data: bytes) -> bytes:
    return f"{len(data):x}\r\n".encode() + data + b"\r\n"


def _plain_http(code: int, body: bytes, headers: Sequence[tuple[str, str]] = ()) -> bytes:
    lines = [f"HTTP/1.1 {code} X", f"Content-Length: {len(body)}", *(f"{name}: {value}" for name, value in headers)]
    if not any(name.lower() == "content-type" for name, _ in headers):
        lines.append("Content-Type: application/json")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def _usage(reply: Reply, call: Call) -> dict[str, int]:
    sent = sum(len(str(message["content"]).split()) for message in call.body["messages"])
    made = len(reply.text.split())
    return {"prompt_tokens": sent, "completion_tokens": made, "total_tokens": sent + made}


def _document(reply: Reply, call: Call) -> bytes:
    message = {"role": "assistant", "content": reply.text}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish}
    head = {"id": f"call-{call.number}", "object": "chat.completion", "created": 0, "model": call.model}
    choices = [] if reply.kind == "empty" else [choice]
    text = json.dumps(head | {"choices": choices, "usage": _usage(reply, call)}).encode()
    return text[: len(text) // 2] if reply.kind in ("malformed", "cut", "error_event") else text


def _events(reply: Reply, call: Call) -> Iterator[bytes]:
    """The SSE events of a reply: a role chunk, one chunk per word, finish, usage, [DONE]."""
    head = {"id": f"call-{call.number}", "object": "chat.completion.chunk", "created": 0, "model": call.model}

    def chunk(delta: dict[str, str], finish: str | None = None) -> bytes:
        body = head | {"choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}
        return b"data: " + json.dumps(body).encode() + b"\n\n"

    yield chunk({"role": "assistant", "content": ""})
    if reply.kind == "malformed":
        yield b'data: {"choices": [{"delta": \n\n'
        return
    words = [] if reply.kind == "empty" else reply.text.split(" ")
    for number, word in enumerate(words):
        yield chunk({"content": word if number == 0 else " " + word})
    if reply.finish is not None:
        yield chunk({}, reply.finish)
    if reply.usage and (call.body.get("stream_options") or {}).get("include_usage"):
        yield b"data: " + json.dumps(head | {"choices": [], "usage": _usage(reply, call)}).encode() + b"\n\n"
    if reply.done:
        yield b"data: [DONE]\n\n"
