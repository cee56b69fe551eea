"""A server that keeps what it is sent and answers with given bytes: for our client and the vendors' SDKs alike.

with WireServer() as server:
    server.reply = Reply(b'{"text": "hello"}')
    ...                       # any client, at server.url
    server.asked[-1].body     # what it sent
"""

from __future__ import annotations

import json
import socket
import struct
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

JSON = "application/json"
SSE = "text/event-stream"
LINES = "application/x-ndjson"
AWS = "application/vnd.amazon.eventstream"


@dataclass(frozen=True)
class Reply:
    """One answer, as bytes."""

    body: bytes
    content_type: str = JSON
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    segment: int = 0
    """Bytes of one write; 0: all at once, with a Content-Length where it is no stream."""
    delay: float = 0.0
    """Seconds before the first byte."""
    broken: bool = False
    """The connection is torn down after `body`."""


@dataclass(frozen=True)
class Asked:
    """One request as it came."""

    path: str
    headers: dict[str, str]
    """Names in lower case."""
    data: bytes

    @property
    def body(self) -> Any:
        return json.loads(self.data)


class _Quiet(ThreadingHTTPServer):
    request_queue_size = 128

    def handle_error(self, *_: object) -> None:
        """Clients that leave are part of the tests."""


@dataclass
class WireServer:
    """Answers every POST with `reply`, or with what it returns for the request where it is a function."""

    reply: Reply | Callable[[Asked], Reply] = field(default_factory=lambda: Reply(b"{}"))
    asked: list[Asked] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def __enter__(self) -> WireServer:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                answer(owner, self)

            def log_message(self, *_: object) -> None:
                pass

        self._http = _Quiet(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()
        self._thread.join(5)


def answer(server: WireServer, handler: BaseHTTPRequestHandler) -> None:
    """Read one request, keep it, and write the reply."""
    if handler.headers.get("Transfer-Encoding", "").lower() == "chunked":
        data = b""
        while size := int(handler.rfile.readline().strip(), 16):
            data += handler.rfile.read(size)
            handler.rfile.readline()
        handler.rfile.readline()
    else:
        data = handler.rfile.read(int(handler.headers.get("Content-Length", "0")))
    asked = Asked(handler.path, {name.lower(): value for name, value in handler.headers.items()}, data)
    server.asked.append(asked)
    reply = server.reply(asked) if callable(server.reply) else server.reply
    if reply.delay:
        time.sleep(reply.delay)
    try:
        _write(handler, reply)
    except (BrokenPipeError, ConnectionResetError):
        handler.close_connection = True


def _write(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    streamed = reply.content_type != JSON
    if reply.broken and not reply.body:
        _tear(handler)
        return
    handler.send_response_only(reply.status)
    handler.send_header("Content-Type", reply.content_type)
    for name, value in reply.headers:
        handler.send_header(name, value)
    if streamed:
        handler.send_header("Transfer-Encoding", "chunked")
    else:
        handler.send_header("Content-Length", str(len(reply.body) + (1 if reply.broken else 0)))
    handler.end_headers()
    step = reply.segment or max(1, len(reply.body))
    for start in range(0, len(reply.body), step):
        part = reply.body[start : start + step]
        handler.wfile.write(b"%x\r\n%b\r\n" % (len(part), part) if streamed else part)
        if reply.segment:
            handler.wfile.flush()
    if reply.broken:
        handler.wfile.flush()
        _tear(handler)
    elif streamed:
        handler.wfile.write(b"0\r\n\r\n")


def _tear(handler: BaseHTTPRequestHandler) -> None:
    """Reset the connection rather than end it."""
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.close_connection = True
    handler.connection.close()
