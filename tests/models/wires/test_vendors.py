"""Rows of vendors, and what holds for every one of them: refusals before the call, addresses, proxies, redirects."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace

import pytest

from faults import FaultServer, raw, status
from weighbridge.errors import UsageError
from weighbridge.evidence import Finish, ToolCall
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, RateLimits, Request, Sampling, Tool
from weighbridge.models.remote.closed import ClosedModel
from weighbridge.models.remote.proxies import proxy_for
from weighbridge.models.remote.wires.openai_limits import openai_limits
from weighbridge.models.remote.wires.vendors import FIRST, VENDORS
from weighbridge.models.remote.wires.vendors_compatible import COMPATIBLE
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Image, Message
from wire_feeding import ASKED

OURS = [vendor.name for vendor in (*FIRST, *COMPATIBLE) if vendor.wire.split(":")[0].endswith(("chat", "azure"))]
NOWHERE = "http://127.0.0.1:9/v1"
TOOL = Tool("f", "{}")


def opened(name: str, model: str | None = None, **options: object) -> ClosedModel:
    made = open_model(f"{name}:{model or VENDORS[name].example}", ModelOptions(**{"base_url": NOWHERE, **options}))
    assert isinstance(made, ClosedModel)
    return made


@pytest.mark.parametrize("name", OURS)
def test_rows_hold_together(name: str, keys: str) -> None:
    vendor = VENDORS[name]
    assert vendor.name == name
    assert vendor.base_url.startswith("https://")
    assert not vendor.base_url.endswith("/")
    assert re.fullmatch(r"[A-Z][A-Z0-9_]+", vendor.key_envs[0])
    assert vendor.title
    assert vendor.example
    assert vendor.docs.startswith("https://")
    for special in vendor.specials:
        re.compile(special.pattern)
    model = open_model(f"{name}:{vendor.example}", ModelOptions(resource="r"))
    assert model.side == "closed"
    assert keys not in repr(model)


REQUESTS = {
    "seed": Request(ASKED.messages, Sampling(seed=1)),
    "stop": Request(ASKED.messages, Sampling(stop=("x",))),
    "temperature": Request(ASKED.messages, Sampling(temperature=0.7)),
    "top_p": Request(ASKED.messages, Sampling(top_p=0.5)),
    "reasoning_effort": Request(ASKED.messages, Sampling(reasoning_effort="low")),
    "tools": Request(ASKED.messages, tools=(TOOL,)),
    "images": Request((Message("user", "x", images=(Image(data=b"x"),)),)),
    "logprobs": Request(ASKED.messages, logprobs=True),
    "json_schema": Request(ASKED.messages, json_schema="{}"),
    "choices": Request(ASKED.messages, choices=("a", "b")),
}


@pytest.mark.parametrize("name", OURS)
async def test_what_a_model_has_not_is_refused_before_the_call_by_name(name: str, keys: str) -> None:
    """Nothing listens at the address: a request that is not refused fails to connect."""
    model = opened(name)
    for ability, request in REQUESTS.items():
        with pytest.raises(ModelError) as caught:
            await model.complete(request)
        if getattr(model.capabilities, ability):
            assert caught.value.kind == "connection", ability
        else:
            assert caught.value.kind == "bad_request"
            assert ability in f"{caught.value}"
            assert VENDORS[name].title in f"{caught.value}"
            assert f"can: [{ability}]" in (caught.value.fix or "")
        assert caught.value.vendor == name
    await model.close()


@pytest.mark.parametrize("model", ["o3", "o4-mini", "gpt-5", "gpt-5-mini", "gpt-5.2"])
def test_reasoning_models_have_no_temperature(model: str, keys: str) -> None:
    can = opened("openai", model).capabilities
    assert (can.temperature, can.top_p, can.stop, can.logprobs) == (False, False, False, False)
    assert can.reasoning_effort
    assert opened("openai", model, can=("temperature",)).capabilities.temperature


@pytest.mark.parametrize("model", ["gpt-4o", "gpt-4.1-mini", "gpt-5-chat-latest"])
def test_others_have(model: str, keys: str) -> None:
    can = opened("openai", model).capabilities
    assert can.temperature
    assert can.images
    assert not can.reasoning_effort
    assert not opened("openai", model, cannot=("images",)).capabilities.images


@pytest.mark.parametrize(
    ("base_url", "said"),
    [
        ("http://api.example.com/v1", "https://"),
        ("api.example.com/v1", "address"),
        ("https://me:pw@api.example.com/v1", "address"),
        ("https://api.example.com/v1?key=1", "address"),
    ],
)
def test_addresses_that_would_lose_the_key_are_refused(base_url: str, said: str, keys: str) -> None:
    with pytest.raises(UsageError, match=said):
        open_model("openai:gpt-4o", ModelOptions(base_url=base_url))


def test_the_environment_has_no_say_in_the_address(keys: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_BASE_URL", "OPENAI_API_BASE", "MISTRAL_BASE_URL"):
        monkeypatch.setenv(name, "http://127.0.0.1:1/v1")
    assert open_model("openai:gpt-4o").endpoint == "https://api.openai.com#gpt-4o"
    assert open_model("mistral:x").endpoint == "https://api.mistral.ai#x"


async def test_redirects_are_not_followed_with_the_key(keys: str) -> None:
    other = FaultServer()
    moved = FaultServer(script=lambda call: status(307, location=f"{other.url}/chat/completions"))
    async with other, moved as server:
        model = opened("openai", base_url=server.url)
        with pytest.raises(ModelError, match="redirects"):
            await model.complete(ASKED)
        await model.close()
    assert other.calls == []


async def test_a_public_host_is_reached_through_the_proxy_of_the_environment(
    keys: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = b""

    async def proxy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal heard
        heard += await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(proxy, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, f"http://user:pa%40ss@127.0.0.1:{port}")
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
    model = open_model("openai:gpt-4o")
    with pytest.raises(ModelError) as caught:
        await model.complete(ASKED)
    await model.close()
    server.close()
    assert heard.startswith(b"CONNECT api.openai.com:443 ")
    assert b"Proxy-Authorization: Basic dXNlcjpwYUBzcw==" in heard
    assert keys.encode() not in heard, "the key is for the vendor, inside the tunnel"
    assert "pa@ss" not in f"{caught.value}"
    monkeypatch.setenv("no_proxy", ".openai.com")
    assert proxy_for("https://api.openai.com/v1") is None
    monkeypatch.delenv("no_proxy")
    assert proxy_for("http://api.openai.com/v1") is None
    assert proxy_for("https://x.example") == f"http://user:pa%40ss@127.0.0.1:{port}"


async def test_one_error_says_vendor_status_code_and_request(keys: str) -> None:
    refusal = status(429, message="Rate limit reached", retry_after="0.5", x_request_id="req-7")
    async with FaultServer(script=[refusal, status(402, message="Insufficient Balance"), status(401)]) as server:
        model = opened("deepseek", base_url=server.url)
        errors = []
        for _ in range(3):
            with pytest.raises(ModelError) as caught:
                await model.complete(ASKED)
            errors.append(caught.value)
        await model.close()
    first, poor, key = errors
    assert (first.vendor, first.status, first.request_id, first.retry_after) == ("deepseek", 429, "req-7", 0.5)
    assert (first.code, first.retryable) == ("fault", True)
    assert (poor.kind, poor.retryable) == ("quota", False)
    assert key.kind == "auth"
    assert "DEEPSEEK_API_KEY" in (key.fix or "")


async def test_tools_and_limits_over_the_wire(keys: str) -> None:
    stream = (
        b'data: {"id":"c","model":"m","choices":[{"index":0,"delta":{"tool_calls":[{"index":0,"id":"a","function":'
        b'{"name":"f","arguments":""}}]}}]}\n\n'
        b'data: {"id":"c","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'
    )
    reply = raw(stream)
    limits = (("X-RateLimit-Remaining-Requests", "7"), ("X-RateLimit-Reset-Requests", "6m0s"))
    async with FaultServer(script=[replace(reply, headers=(*reply.headers, *limits))]) as server:
        model = opened("openai", base_url=server.url)
        found = await model.complete(Request(ASKED.messages, tools=(TOOL,)))
        await model.close()
    assert found.tool_calls == [ToolCall("a", "f", "{}")]
    assert found.finish is Finish.TOOL
    assert model.limits == RateLimits(requests_left=7, requests_reset=360.0)
    assert found.usage.first_token is not None


@pytest.mark.parametrize(
    ("headers", "limits"),
    [
        (
            {
                "x-ratelimit-limit-requests": "10000", "x-ratelimit-remaining-requests": "9999",
                "x-ratelimit-reset-requests": "8.64s", "x-ratelimit-limit-tokens": "200000",
                "x-ratelimit-remaining-tokens": "199950", "x-ratelimit-reset-tokens": "15ms",
            },
            RateLimits(10000, 9999, 8.64, 200000, 199950, 0.015),
        ),
        (
            {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "1700000060000"},
            RateLimits(20, 0, 60.0),
        ),
        ({"x-ratelimit-remaining-tokens": "5"}, RateLimits(tokens_left=5)),
        ({"x-ratelimit-remaining-requests": "many", "x-ratelimit-limit-requests": "inf"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_rate_limits(headers: dict[str, str], limits: RateLimits | None) -> None:
    assert openai_limits(headers, now=1_700_000_000.0) == limits


async def test_a_slow_document_is_kept_alive_by_blank_lines(keys: str) -> None:
    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nConnection: close\r\n\r\n")
        for _ in range(8):
            writer.write(b"\n")
            await writer.drain()
            await asyncio.sleep(0.05)
        writer.write(b'{"id":"c","choices":[{"index":0,"message":{"content":"ok"},"finish_reason":"stop"}]}')
        writer.close()

    server = await asyncio.start_server(slow, "127.0.0.1", 0)
    url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    model = opened("deepseek", base_url=url, stream=False, first_byte_timeout=0.2)
    assert (await model.complete(ASKED)).text == "ok"
    await model.close()
    server.close()
