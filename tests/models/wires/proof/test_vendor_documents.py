"""Requests to Vertex AI through npm `@stoplight/prism-cli`, which holds each against Google's own document."""

from __future__ import annotations

import json
import socket
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from dialects.opening import SETTINGS, give_keys
from vendor_documents import prism, vertex
from weighbridge.evidence import ToolCall
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request, Sampling, Tool
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Image, Message
from wire_server import SSE, Asked, Reply, WireServer

ANSWER = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": "here"}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 3, "candidatesTokenCount": 1, "totalTokenCount": 4},
}
SCHEMA = '{"type": "object", "properties": {"team": {"type": "string"}}, "required": ["team"]}'
CITY = '{"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}'
WEATHER = Tool("look_up", CITY, "The weather.")
USER = Message("user", "Where is it?")
CALLED = Message("assistant", "", tool_calls=(ToolCall("call_a1", "look_up", '{"city": "Zürich"}'),))
RESULT = Message("tool", '{"sky": "grey"}', tool_call_id="call_a1")
CASES = {
    "text": Request((Message("system", "Be brief."), USER), Sampling(temperature=0.5, max_tokens=64, stop=("END",))),
    "turns": Request((USER, Message("assistant", "There."), Message("user", "Sure?"))),
    "sampling": Request((USER,), Sampling(temperature=1.0, top_p=0.9, seed=7, max_tokens=5), repeat=2),
    "tools": Request((USER, CALLED, RESULT), tools=(WEATHER,)),
    "must call": Request((USER,), tools=(WEATHER,), tool_choice="required"),
    "this call": Request((USER,), tools=(WEATHER,), tool_choice="look_up"),
    "no call": Request((USER,), tools=(WEATHER,), tool_choice="none"),
    "picture": Request((Message("user", "What is it?", images=(Image("image/png", b"\x89PNG"),)),)),
    "linked picture": Request((Message("user", "?", images=(Image("image/png", url="https://a.example/b.png"),)),)),
    "schema": Request((USER,), json_schema=SCHEMA),
    "choices": Request((USER,), choices=("sales", "support")),
    "log-probabilities": Request((USER,), logprobs=True),
    "thinking": Request((USER,), Sampling(reasoning_effort="low")),
    "no thinking": Request((USER,), Sampling(reasoning_effort="none")),
}


def answer(asked: Asked) -> Reply:
    if "predict" in asked.path:
        return Reply(b'{"predictions": [{"embeddings": {"values": [0.5, 0.25], "statistics": {"token_count": 2}}}]}')
    body = json.dumps(ANSWER).encode()
    return Reply(b"data: " + body + b"\r\n\r\n", SSE) if "stream" in asked.path else Reply(body)


@pytest.fixture(scope="module")
def upstream() -> Iterator[WireServer]:
    with WireServer(answer) as running:
        yield running


@pytest.fixture(scope="module")
def proxy(upstream: WireServer) -> Iterator[str]:
    """prism between us and a server of ours: what breaks the document gets 422 and never arrives."""
    command, document = prism(), vertex()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        ["node", str(command), "proxy", str(document), upstream.url, "--errors", "-h", "127.0.0.1", "-p", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        for _ in range(600):
            try:
                with socket.create_connection(("127.0.0.1", port), timeout=1):
                    break
            except OSError:
                time.sleep(0.1)
        else:
            pytest.fail("prism does not answer")
        yield f"http://127.0.0.1:{port}"
    finally:
        process.kill()
        process.wait()


@pytest.fixture
def base(proxy: str, monkeypatch: pytest.MonkeyPatch) -> str:
    give_keys(monkeypatch)
    return f"{proxy}/v1/projects/proj/locations/us-east-1"


@pytest.mark.parametrize("streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("case", CASES)
async def test_vertex_accepts_what_we_send(base: str, upstream: WireServer, case: str, streamed: bool) -> None:
    upstream.asked.clear()
    model = open_model("vertex:gemini-2.5-flash", ModelOptions(base_url=base, stream=streamed, **SETTINGS))
    completion = await model.complete(CASES[case])
    await model.close()
    assert completion.text == "here"
    assert len(upstream.asked) == 1, "it came through"
    assert ("streamGenerateContent" in upstream.asked[0].path) is streamed


async def test_vertex_accepts_later_grades_of_thinking(base: str) -> None:
    model = open_model("vertex:gemini-3.5-flash", ModelOptions(base_url=base, **SETTINGS))
    assert (await model.complete(CASES["thinking"])).text == "here"
    await model.close()


async def test_vertex_accepts_texts_to_embed(base: str) -> None:
    model = open_model("vertex:text-embedding-005", ModelOptions(base_url=base, **SETTINGS))
    assert await model.embed(["two words"]) == [[0.5, 0.25]]
    await model.close()


@pytest.mark.parametrize(
    "body",
    [
        {"contents": [{"role": "user", "parts": [{"txt": "?"}]}]},
        {"contents": [{"role": "user", "parts": [{"text": "?"}]}], "generationConfig": {"max_tokens": 5}},
        {"contents": [{"role": "user", "parts": [{"text": 5}]}]},
        {"contents": "?"},
    ],
)
def test_the_document_has_teeth(base: str, upstream: WireServer, body: object) -> None:
    upstream.asked.clear()
    url = f"{base}/publishers/google/models/gemini-2.5-flash:generateContent"
    asked = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})  # noqa: S310 - prism
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(asked)  # noqa: S310 - prism
    assert caught.value.code == 422
    assert upstream.asked == []
