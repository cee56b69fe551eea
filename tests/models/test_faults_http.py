"""Every way a server can fail, injected, and what the model says of it."""

from __future__ import annotations

import asyncio
import socket

import pytest

from faults import FaultServer, cut, drop, empty, error_event, hang, malformed, ok, plain, raw, status
from weighbridge.evidence import Finish
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError
from weighbridge.models.specs import open_model


async def fail(reply, ask, **options) -> ModelError:
    async with FaultServer(script=[reply]) as server:
        model = open_model(f"{server.url}#m", ModelOptions(**options))
        try:
            with pytest.raises(ModelError) as caught:
                await model.complete(ask())
            assert len(server.calls) == 1, "one call makes one attempt"
            # The next call on the same session must not suffer from what was left of this one.
            assert (await model.complete(ask())).text == "ok"
        finally:
            await model.close()
    return caught.value


QUOTA = b'{"error": {"message": "You exceeded your current quota", "code": "insufficient_quota"}}'
CASES = [
    (status(400, message="context length exceeded"), "bad_request", False),
    (status(400, message="API key not valid. Please pass a valid API key."), "auth", False),
    (status(401), "auth", False),
    (status(402), "quota", False),
    (status(403), "auth", False),
    (status(404), "dead", False),
    (status(408), "timeout", False),
    (status(422), "bad_request", False),
    (status(429, retry_after="1.5"), "rate_limit", False),
    (raw(QUOTA, code=429, content_type="application/json"), "quota", False),
    (status(500), "server", False),
    (status(503, retry_after="1.5"), "server", False),
    (status(529), "server", False),
    (status(302, location="https://elsewhere.example/v1"), "dead", False),
    (raw(b"<html>Bad gateway</html>", code=502, content_type="text/html"), "server", False),
    (cut(after=0), "cut", True),
    (cut(after=2), "cut", True),
    (drop(), "connection", True),
    (drop("half an answer", after=2), "cut", True),
    (malformed(), "malformed", True),
    (empty(), "empty", True),
    (ok(""), "empty", True),
    (ok("  \n "), "empty", True),
    (plain(""), "empty", True),
    (raw(b"", content_type="application/json"), "empty", True),
    (raw(b""), "empty", True),
    (raw(b"Hello there"), "malformed", True),
    (raw(b'{"choices": "none"}', content_type="application/json"), "malformed", True),
    (raw(b'{"choices": []}', content_type="application/json"), "empty", True),
    (raw(b'data: {"choices": [{"delta": {"content": "\xff\xfe"}}]}\n\n'), "malformed", True),
    (error_event("Overloaded", code=529), "server", True),
    (error_event("You exceeded your quota", code="insufficient_quota"), "quota", True),
    (error_event("slow down", code=429), "rate_limit", True),
    (raw(b'event: error\ndata: {"type": "error", "error": {"message": "Overloaded"}}\n\n'), "server", True),
    (raw(b'{"error": "model is loading"}', content_type="application/json"), "server", True),
    (ok("half", finish="error"), "cut", True),
]


@pytest.mark.parametrize(("reply", "kind", "billed"), CASES, ids=lambda value: str(value)[:60])
async def test_kinds(reply, kind: str, billed: bool, ask) -> None:
    error = await fail(reply, ask)
    assert error.kind == kind, error
    assert error.usage_may_be_billed is billed
    assert error.where is not None
    assert error.where.startswith("http://127.0.0.1")
    if ("Retry-After", "1.5") in reply.headers:
        assert error.retry_after == 1.5
    if reply.kind == "status":
        assert error.status == reply.status


@pytest.mark.parametrize("reply", [hang(), hang("half an answer", after=2)], ids=["before", "within"])
async def test_silence_ends(reply, ask) -> None:
    begin = asyncio.get_running_loop().time()
    error = await fail(reply, ask, first_byte_timeout=0.2, idle_timeout=0.2)
    assert error.kind == "timeout"
    assert error.usage_may_be_billed
    assert asyncio.get_running_loop().time() - begin < 2


async def test_slow_but_steady_is_no_silence(ask) -> None:
    async with FaultServer(script=[ok("one two three four five six", pace=0.05)]) as server:
        model = open_model(f"{server.url}#m", ModelOptions(first_byte_timeout=0.2, idle_timeout=0.2))
        answer = await model.complete(ask())
        await model.close()
    assert answer.text == "one two three four five six"
    assert answer.usage.first_token is not None
    assert answer.usage.duration is not None
    assert answer.usage.first_token < 0.15
    assert answer.usage.duration > 0.25


async def test_the_callers_deadline_ends_the_call(ask) -> None:
    async with FaultServer(script=[hang()]) as server:
        model = open_model(f"{server.url}#m")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await model.complete(ask())
        assert (await model.complete(ask())).text == "ok"
        await model.close()


async def test_nobody_listens(ask) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port = taken.getsockname()[1]
    model = open_model(f"http://127.0.0.1:{port}/v1#m")
    with pytest.raises(ModelError) as caught:
        await model.complete(ask())
    await model.close()
    assert caught.value.kind == "connection"
    assert not caught.value.usage_may_be_billed
    assert "start the server" in str(caught.value)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", Finish.STOP),
        ("length", Finish.LENGTH),
        ("content_filter", Finish.FILTER),
        ("tool_calls", Finish.STOP),
        (None, Finish.STOP),
    ],
)
@pytest.mark.parametrize("make", [ok, plain])
async def test_finish_reasons(make, reason: str | None, finish: Finish, ask) -> None:
    async with FaultServer(script=[make("an answer", finish=reason)]) as server:
        model = open_model(f"{server.url}#m")
        answer = await model.complete(ask())
        await model.close()
    assert (answer.text, answer.finish) == ("an answer", finish)


async def test_an_answer_the_limit_left_empty_is_an_outcome(ask) -> None:
    thinking = (
        b'data: {"id": "1", "choices": [{"delta": {"reasoning_content": "hm"}, "finish_reason": "length"}]}\n\n'
    )
    async with FaultServer(script=[raw(thinking + b"data: [DONE]\n\n")]) as server:
        model = open_model(f"{server.url}#m")
        answer = await model.complete(ask())
        await model.close()
    assert (answer.text, answer.finish) == ("", Finish.LENGTH)


async def test_refusals(ask) -> None:
    piece = b'data: {"choices": [{"delta": {"refusal": "I cannot "}}]}\n\n'
    last = b'data: {"choices": [{"delta": {"refusal": "do that."}, "finish_reason": "stop"}]}\n\ndata: [DONE]\n\n'
    async with FaultServer(script=[raw(piece + last)]) as server:
        model = open_model(f"{server.url}#m")
        answer = await model.complete(ask())
        await model.close()
    assert (answer.text, answer.finish) == ("I cannot do that.", Finish.REFUSAL)


async def test_the_stream_stops_where_the_consumer_stops(ask) -> None:
    async with FaultServer(script=[ok("one two three four", pace=0.02)]) as server:
        model = open_model(f"{server.url}#m", ModelOptions(idle_timeout=0.1))
        pieces = []
        async for piece in model.stream(ask()):
            pieces.append(piece)
            await asyncio.sleep(0.15)  # a slow consumer is not the server's silence
        assert "".join(pieces) == "one two three four"
        async for _ in model.stream(ask()):
            break
        await asyncio.sleep(0.05)
        await model.close()


async def test_a_stream_that_is_cut_says_so(ask) -> None:
    async with FaultServer(script=[cut("half an answer", after=2)]) as server:
        model = open_model(f"{server.url}#m")
        with pytest.raises(ModelError) as caught:
            async for _ in model.stream(ask()):
                pass
        await model.close()
    assert caught.value.kind == "cut"


async def test_many_at_once_out_of_order(ask) -> None:
    async with FaultServer(answer=lambda prompt: prompt[::-1], reverse=16) as server:
        model = open_model(f"{server.url}#m")
        prompts = [f"prompt {number}" for number in range(64)]
        answers = await asyncio.gather(*(model.complete(ask(prompt)) for prompt in prompts))
        await model.close()
    assert [answer.text for answer in answers] == [prompt[::-1] for prompt in prompts]
    assert server.peak >= 16
