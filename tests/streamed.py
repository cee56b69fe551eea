"""Streams for the tests of wire formats: cut at every byte, split over segments, with other line ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from threading import Thread
from typing import Any

import msgspec
import pytest

from weighbridge.evidence import Completion
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request, Sampling
from weighbridge.models.remote.wires.protocol import AnswerReader, Wire
from weighbridge.models.remote.wires.vendor import Vendor
from weighbridge.tasks.item import Message


def vendor(name: str, base_url: str, title: str = "") -> Vendor:
    return Vendor(name, title or name.title(), base_url, (f"{name.upper()}_API_KEY",), "a:b")


def request(*messages: Message, **more: Any) -> Request:
    sampling = more.pop("sampling", Sampling(max_tokens=2000))
    return Request(messages or (Message("user", "hello"),), sampling, **more)


def body_of(wire: Wire, asked: Request, model: str, stream: bool = False) -> dict[str, Any]:
    return json.loads(wire.call(asked, model, stream).body)


def sse(events: Iterable[dict[str, Any]], named: bool = True, line: str = "\n", noise: str = "") -> bytes:
    out = []
    for event in events:
        if noise:
            out.append(noise + line)
        if named:
            out.append(f"event: {event['type']}{line}")
        out.append(f"data: {json.dumps(event, ensure_ascii=False)}{line}{line}")
    return "".join(out).encode()


def read(wire: Wire, asked: Request, segments: Iterable[bytes]) -> Completion:
    """As `Transport.read` does it."""
    reader: AnswerReader = wire.reader("a model", asked)
    framer = wire.framer()
    for segment in segments:
        for name, data in framer.feed(segment):
            reader.add(name, data)
    rest = framer.rest.strip()
    if rest.startswith(b"data:"):
        rest = rest[5:].strip()
    if rest.startswith(b"{") and not reader.ended:
        reader.document(rest)
    return reader.completion()


def whole(wire: Wire, asked: Request, body: dict[str, Any] | list[Any]) -> Completion:
    reader = wire.reader("a model", asked)
    reader.document(json.dumps(body).encode())
    return reader.completion()


def timeless(found: Completion) -> Completion:
    """Without what the clock says."""
    usage = msgspec.structs.replace(found.usage, duration=None, first_token=None)
    return msgspec.structs.replace(found, usage=usage)


def split(stream: bytes, places: Sequence[int]) -> list[bytes]:
    at = [0, *sorted({place % len(stream) for place in places}), len(stream)]
    return [stream[start:end] for start, end in pairwise(at)]


def assert_never_half(wire: Wire, asked: Request, stream: bytes, complete: Callable[[bytes], bool]) -> None:
    """`stream` cut at every byte is an error that may be tried again, unless `complete` says that it is all there."""
    expected = timeless(read(wire, asked, [stream]))
    for end in range(len(stream)):
        cut = stream[:end]
        if complete(cut):
            found = timeless(read(wire, asked, [cut]))
            assert (found.text, found.finish, found.tool_calls) == (
                expected.text,
                expected.finish,
                expected.tool_calls,
            )
            continue
        with pytest.raises(ModelError) as caught:
            read(wire, asked, [cut])
        assert caught.value.kind in ("cut", "empty", "malformed"), (end, caught.value)
        assert caught.value.retryable


def options(**values: Any) -> ModelOptions:
    return ModelOptions(**values)


@contextmanager
def served(content: bytes, content_type: str) -> Iterator[str]:
    """A server on this machine that answers every POST with `content`; yields its address."""

    class Answer(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length") or 0))
            self.send_response(200)
            self.send_header("content-type", content_type)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
