"""Every vendor's row against npm `@copilotkit/aimock`, which speaks all their formats on one port."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from aimock import serving
from weighbridge.evidence import Finish
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Model, ModelError, Request, Sampling, Tool
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

TEXT = "café 🦜 日本語 " * 20
CALLS = [
    {"id": "call_a", "name": "look_up", "arguments": '{"city": "Zürich", "days": [1, 2]}'},
    {"id": "call_b", "name": "look_up", "arguments": '{"city": "Oslo", "days": []}'},
]
FIXTURES = [
    {
        "match": {"userMessage": "unicode"},
        "response": {
            "content": TEXT,
            "usage": {
                "prompt_tokens": 12,
                "completion_tokens": 34,
                "total_tokens": 46,
                "input_tokens": 12,
                "output_tokens": 34,
                "promptTokenCount": 12,
                "candidatesTokenCount": 34,
                "totalTokenCount": 46,
            },
        },
    },
    {"match": {"userMessage": "too long"}, "response": {"content": "it goes on", "finishReason": "length"}},
    {"match": {"userMessage": "weather"}, "response": {"toolCalls": CALLS}},
    {"match": {"userMessage": "cut me off"}, "response": {"content": "x" * 400}, "truncateAfterChunks": 3},
]
TOOL = Tool("look_up", '{"type": "object", "properties": {"city": {"type": "string"}}}', "The weather.")
WAYS = [(name, None) for name in VENDORS] + [(name, "responses") for name in ("openai", "azure")]
OWN_FORMATS = ("openai", "anthropic", "google", "cohere", "bedrock", "ollama")
SETTINGS = {"resource": "res", "region": "us-east-1", "project": "proj"}


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with serving(tmp_path_factory.mktemp("aimock"), FIXTURES) as port:
        yield port


@pytest.fixture
def at(port: int, monkeypatch: pytest.MonkeyPatch):
    """Opens a vendor's row with its own path, at aimock's address."""
    for name, value in (("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "secret-example")):
        monkeypatch.setenv(name, value)

    def build(name: str, api: str | None = None, **more) -> Model:
        vendor = VENDORS[name]
        monkeypatch.setenv("VERTEX_ACCESS_TOKEN", "token-of-a-test")
        for variable in vendor.key_envs[:1]:
            monkeypatch.setenv(variable, "key-of-a-test")
        path = urlsplit(vendor.base_url.format(**SETTINGS)).path
        if path.startswith("/v1/") and path.endswith("/openai"):
            path = "/v1"  # aimock knows this format under any path but one that begins with /v1/
        options = ModelOptions(base_url=f"http://127.0.0.1:{port}{path}", api=api, **SETTINGS, **more)
        return open_model(f"{name}:{vendor.example}", options)

    return build


def ask(text: str, **more) -> Request:
    return Request((Message("system", "Be brief."), Message("user", text)), Sampling(max_tokens=64), **more)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(("name", "api"), WAYS)
async def test_text_usage_and_finish(at, name: str, api: str | None, stream: bool) -> None:
    model = at(name, api, stream=stream)
    answer = await model.complete(ask("unicode please"))
    limited = await model.complete(ask("too long"))
    await model.close()
    assert answer.text == TEXT
    assert answer.finish is Finish.STOP
    # Who takes no `stream_options` sends the usage of a stream unasked; aimock sends it only when asked.
    unasked = stream and "stream_options" in VENDORS[name].quirks.omit
    told = (None, None) if unasked else (0, 0) if name == "ollama" else (12, 34)  # to Ollama it tells no usage
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == told
    assert (answer.usage.first_token is not None) is stream
    # aimock's Ollama answers always say `done_reason: stop`.
    assert limited.finish is (Finish.STOP if name == "ollama" else Finish.LENGTH)
    assert limited.text == "it goes on"


@pytest.mark.parametrize(("name", "api"), WAYS)
async def test_the_pieces_make_the_text(at, name: str, api: str | None) -> None:
    model = at(name, api)
    pieces = [piece async for piece in model.stream(ask("unicode please"))]
    await model.close()
    assert "".join(pieces) == TEXT
    assert len(pieces) > 5


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
@pytest.mark.parametrize(("name", "api"), [way for way in WAYS if VENDORS[way[0]].of(VENDORS[way[0]].example).tools])
async def test_parallel_tools(at, name: str, api: str | None, stream: bool) -> None:
    model = at(name, api, stream=stream)
    answer = await model.complete(ask("weather please", tools=(TOOL,)))
    await model.close()
    assert answer.finish is Finish.TOOL
    assert [(call.name, json.loads(call.arguments)) for call in answer.tool_calls or ()] == [
        (call["name"], json.loads(call["arguments"])) for call in CALLS
    ]
    ids = [call.id for call in answer.tool_calls or ()]
    assert len(set(ids)) == 2
    assert all(ids)


CHAOS = {
    "malformed": {"malformed"},
    "disconnect": {"connection", "cut"},
    "drop": {"server"},
    "ratelimit": {"rate_limit"},
}


@pytest.mark.parametrize("chaos", CHAOS)
@pytest.mark.parametrize(("name", "api"), WAYS)
async def test_its_chaos(at, name: str, api: str | None, chaos: str) -> None:
    model = at(name, api, headers={f"x-aimock-chaos-{chaos}": "1"})
    with pytest.raises(ModelError) as caught:
        await model.complete(ask("unicode"))
    await model.close()
    assert caught.value.kind in CHAOS[chaos], caught.value
    assert caught.value.retryable
    assert caught.value.vendor == name
    if chaos == "ratelimit":
        assert caught.value.retry_after is not None


@pytest.mark.parametrize(("name", "api"), WAYS)
async def test_a_cut_stream_is_no_answer(at, name: str, api: str | None) -> None:
    model = at(name, api)
    with pytest.raises(ModelError) as caught:
        await model.complete(ask("cut me off"))
    await model.close()
    assert caught.value.kind in ("cut", "connection"), caught.value


@pytest.mark.parametrize(("name", "api"), [way for way in WAYS if way[0] in OWN_FORMATS])
async def test_a_slow_first_token_is_waited_for_up_to_its_limit(at, name: str, api: str | None) -> None:
    patient = at(name, api, headers={"x-aimock-chaos-latency": "200"}, first_byte_timeout=5)
    answer = await patient.complete(ask("unicode"))
    await patient.close()
    assert answer.usage.first_token is not None
    assert answer.usage.first_token >= 0.2
    hasty = at(name, api, headers={"x-aimock-chaos-latency": "2000"}, first_byte_timeout=0.2)
    with pytest.raises(ModelError) as caught:
        await hasty.complete(ask("unicode"))
    await hasty.close()
    assert caught.value.kind == "timeout"
