"""What a call costs the client: Weighbridge beside the vendors' SDKs, any-llm and litellm, in CPU time.

    python benchmarks/clients.py [--calls 400] [--rounds 5] [--peers build/clients-venv/bin/python]
    python benchmarks/clients.py --memory

A server in a process of its own answers at once with bytes made beforehand: one document, or a stream of 50 pieces of
text. Every client is a process of its own that asks it 8 calls at a time over kept connections, after 40 calls that
do not count; its user and system time (`process_time`) is divided by the calls. Clients take turns within each round,
and the ratios are of the same round. any-llm and litellm need an environment of their own:

    python -m venv build/clients-venv
    build/clients-venv/bin/pip install litellm==1.102.4 'any-llm-sdk[openai,anthropic,gemini,cohere]==1.40.2'
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve()
PEERS = HERE.parents[1] / "build" / "clients-venv" / "bin" / "python"
AT_ONCE, WARM, CHUNKS = 8, 40, 50
PROMPT = "Which team should answer this message? Say the name of the team and nothing else. Where is my parcel?"
PIECE = "parcel "
VENDORS = {
    "openai": "gpt-4o-mini",
    "anthropic": "claude-sonnet-4-5",
    "google": "gemini-2.5-flash",
    "cohere": "command-a",
}
PATHS = {"openai": "/v1", "anthropic": "", "google": "", "cohere": ""}


class Server(asyncio.Protocol):
    """The formats of all vendors, told apart by their paths."""

    pace = 0.0
    """Seconds between the pieces of a stream; 0: all at once."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            size = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + size:
                return
            body, self.buffer = self.buffer[end + 4 : end + 4 + size], self.buffer[end + 4 + size :]
            streamed = b"streamgeneratecontent" in head or b'"stream":true' in body.replace(b" ", b"")
            vendor = _vendor(head.split(b" ", 2)[1])
            if streamed:
                self.send(_head("text/event-stream") + b"Transfer-Encoding: chunked\r\n\r\n", STREAMS[vendor])
            else:
                document = DOCUMENTS[vendor]
                self.transport.write(
                    _head("application/json") + b"Content-Length: %d\r\n\r\n" % len(document) + document
                )

    def send(self, head: bytes, events: list[bytes]) -> None:
        parts = [b"%x\r\n%b\r\n" % (len(event), event) for event in events] + [b"0\r\n\r\n"]
        if not self.pace:
            self.transport.write(head + b"".join(parts))
            return
        loop = asyncio.get_running_loop()
        self.transport.write(head)
        for number, part in enumerate(parts, 1):
            loop.call_later(number * self.pace, self.transport.write, part)


def _head(kind: str) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Type: " + kind.encode() + b"\r\n"


def _vendor(path: bytes) -> str:
    if b"chat/completions" in path:
        return "openai"
    if b"messages" in path:
        return "anthropic"
    return "cohere" if b"/chat" in path else "google"


def _openai(streamed: bool) -> list[bytes]:
    base = {"id": "x", "created": 0, "model": "m", "system_fingerprint": "fp"}
    usage = {"prompt_tokens": 40, "completion_tokens": CHUNKS, "total_tokens": 40 + CHUNKS}
    if not streamed:
        message = {"role": "assistant", "content": PIECE * CHUNKS, "refusal": None}
        choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
        return [_json({**base, "object": "chat.completion", "choices": [choice], "usage": usage})]
    base["object"] = "chat.completion.chunk"
    deltas: list[tuple[dict[str, Any], str | None]] = [({"role": "assistant", "content": ""}, None)]
    deltas += [({"content": PIECE}, None)] * CHUNKS + [({}, "stop")]
    events = [
        {**base, "choices": [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}], "usage": None}
        for delta, finish in deltas
    ]
    events.append({**base, "choices": [], "usage": usage})
    return [b"data: " + _json(event) + b"\n\n" for event in events] + [b"data: [DONE]\n\n"]


def _anthropic(streamed: bool) -> list[bytes]:
    head = {"id": "msg", "type": "message", "role": "assistant", "model": "m", "stop_sequence": None}
    usage = {"input_tokens": 40, "output_tokens": CHUNKS}
    if not streamed:
        content = [{"type": "text", "text": PIECE * CHUNKS}]
        return [_json({**head, "content": content, "stop_reason": "end_turn", "usage": usage})]
    start = {"type": "text", "text": ""}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**head, "content": [], "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": start},
    ]
    delta = {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": PIECE}}
    events += [delta] * CHUNKS
    events.append({"type": "content_block_stop", "index": 0})
    end = {"stop_reason": "end_turn", "stop_sequence": None}
    events.append({"type": "message_delta", "delta": end, "usage": {"output_tokens": CHUNKS}})
    events.append({"type": "message_stop"})
    return [f"event: {event['type']}\ndata: ".encode() + _json(event) + b"\n\n" for event in events]


def _google(streamed: bool) -> list[bytes]:
    usage = {"promptTokenCount": 40, "candidatesTokenCount": CHUNKS, "totalTokenCount": 40 + CHUNKS}

    def answer(text: str, finish: str | None) -> dict[str, Any]:
        candidate: dict[str, Any] = {"content": {"parts": [{"text": text}], "role": "model"}, "index": 0}
        if finish:
            candidate["finishReason"] = finish
        return {"candidates": [candidate], "usageMetadata": usage, "modelVersion": "m", "responseId": "r"}

    if not streamed:
        return [_json(answer(PIECE * CHUNKS, "STOP"))]
    events = [answer(PIECE, None)] * (CHUNKS - 1) + [answer(PIECE, "STOP")]
    return [b"data: " + _json(event) + b"\r\n\r\n" for event in events]


def _cohere(streamed: bool) -> list[bytes]:
    counts = {"input_tokens": 40, "output_tokens": CHUNKS}
    usage = {"billed_units": counts, "tokens": counts}
    if not streamed:
        message = {"role": "assistant", "content": [{"type": "text", "text": PIECE * CHUNKS}]}
        return [_json({"id": "c", "finish_reason": "COMPLETE", "message": message, "usage": usage})]
    start = {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}
    piece = {"message": {"content": {"text": PIECE}}}
    events: list[dict[str, Any]] = [
        {"type": "message-start", "id": "c", "delta": start},
        {"type": "content-start", "index": 0, "delta": {"message": {"content": {"type": "text", "text": ""}}}},
        *[{"type": "content-delta", "index": 0, "delta": piece}] * CHUNKS,
        {"type": "content-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": usage}},
    ]
    return [f"event: {event['type']}\ndata: ".encode() + _json(event) + b"\n\n" for event in events]


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode()


_MAKERS = {"openai": _openai, "anthropic": _anthropic, "google": _google, "cohere": _cohere}
STREAMS = {name: make(True) for name, make in _MAKERS.items()}
DOCUMENTS = {name: make(False)[0] for name, make in _MAKERS.items()}


async def serve(pace: float) -> None:
    Server.pace = pace
    server = await asyncio.get_running_loop().create_server(Server, "127.0.0.1", 0, backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def ask_with(client: str, vendor: str, port: int, streamed: bool) -> Any:
    """An async function that makes one call and returns its text."""
    module = __import__("client_calls")
    return getattr(module, client)(vendor, VENDORS[vendor], f"http://127.0.0.1:{port}", streamed, PROMPT)


async def child(client: str, vendor: str, port: int, streamed: bool, calls: int, at_once: int) -> None:
    call = ask_with(client, vendor, port, streamed)
    left = 0

    async def work() -> None:
        nonlocal left
        while left > 0:
            left -= 1
            text = await call()
            assert text == PIECE * CHUNKS, text

    async def run(count: int) -> None:
        nonlocal left
        left = count
        await asyncio.gather(*(work() for _ in range(at_once)))

    await run(max(WARM, 1) if calls > at_once else 0)
    begin = time.process_time()
    await run(calls)
    used = time.process_time() - begin
    peak = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM"))
    print(json.dumps({"cpu": used / calls, "peak": int(peak.split()[1])}))
    sys.stdout.flush()
    os._exit(0)  # what clients leave open is not the matter here


def measured(python: Path, *words: object) -> dict[str, float]:
    found = subprocess.run(
        [str(python), str(HERE), "--child", *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    if found.returncode:
        raise SystemExit(f"{words}: {found.stderr[-1500:]}")
    return dict(json.loads(found.stdout.strip().splitlines()[-1]))


def started(pace: float) -> tuple[subprocess.Popen[str], int]:
    process = subprocess.Popen([sys.executable, str(HERE), "--serve", str(pace)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    return process, int(process.stdout.readline())


def compare(port: int, calls: int, rounds: int, peers: Path, vendors: list[str]) -> None:
    print("| vendor | answer | weighbridge ms | SDK | any-llm | litellm |\n|---|---|---|---|---|---|")
    pythons = {"weighbridge": Path(sys.executable), "sdk": Path(sys.executable)}
    if peers.exists():
        pythons |= {"anyllm": peers, "litellm": peers}
    for vendor in vendors:
        for streamed in (False, True):
            found: dict[str, list[float]] = {client: [] for client in pythons}
            for _ in range(rounds):
                for client, python in pythons.items():
                    some = calls if client in ("weighbridge", "sdk") else max(60, calls // 4)
                    answer = measured(python, client, vendor, port, int(streamed), some, AT_ONCE)
                    found[client].append(answer["cpu"] * 1000)
            row = [f"{statistics.median(found['weighbridge']):.3f}"]
            for client in ("sdk", "anyllm", "litellm"):
                if client not in found:
                    row.append("")
                    continue
                ratios = [theirs / ours for theirs, ours in zip(found[client], found["weighbridge"], strict=True)]
                middle, ratio = statistics.median(found[client]), statistics.median(ratios)
                row.append(f"{middle:.2f} ({ratio:.1f}x; {min(ratios):.1f}x at least)")
            print(
                f"| {vendor} | {'stream of 50' if streamed else 'document'} | " + " | ".join(row) + " |", flush=True
            )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--calls", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--peers", type=Path, default=PEERS)
    parser.add_argument("--vendors", nargs="*", default=list(VENDORS))
    parser.add_argument("--memory", action="store_true", help="512 streams at once, 50 pieces over 5 seconds")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds between the pieces of a stream")
    parser.add_argument("--serve", type=float)
    parser.add_argument("--child", nargs=6)
    given = parser.parse_args()
    if given.serve is not None:
        asyncio.run(serve(given.serve))
    elif given.child:
        client, vendor, port, streamed, calls, at_once = given.child
        asyncio.run(child(client, vendor, int(port), streamed == "1", int(calls), int(at_once)))
    else:
        process, port = started(0.1 if given.memory else given.pace)
        try:
            if given.memory:
                for vendor in given.vendors:
                    found = measured(Path(sys.executable), "weighbridge", vendor, port, 1, 512, 512)
                    peak, cost = found["peak"] / 1024, found["cpu"] * 1000
                    print(f"{vendor}: 512 streams at once, {peak:.0f} MB at most, {cost:.2f} ms a call")
            else:
                compare(port, given.calls, given.rounds, given.peers, given.vendors)
        finally:
            process.kill()
            process.wait()


if __name__ == "__main__":
    main()
