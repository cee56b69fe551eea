"""`anyllm:` through the real package, against a server in this machine."""

from __future__ import annotations

import sys

import pytest

from faults import FaultServer, error_event, ok, status
from weighbridge.errors import UsageError
from weighbridge.evidence import Finish
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Sampling
from weighbridge.models.specs import open_model

KEY = "-".join(("wb", "planted", "anyllm", "0123"))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch):
    pytest.importorskip("any_llm")
    monkeypatch.setenv("OPENAI_API_KEY", KEY)
    monkeypatch.delenv("OPENAI_BASE_URL", raising=False)
    return lambda url, **more: open_model("anyllm:openai/m", ModelOptions(base_url=url, **more))


@pytest.mark.parametrize("stream", [True, False])
async def test_an_answer(opened, ask, stream: bool) -> None:
    async with FaultServer(answer=lambda prompt: "two words") as server:
        model = opened(server.url, stream=stream)
        found = await model.complete(ask("three little words"))
        await model.close()
    assert found.text == "two words"
    assert found.finish is Finish.STOP
    assert (found.usage.first_token is not None) == stream
    sent = server.calls[0].body
    assert (sent["model"], sent["temperature"]) == ("m", 0.0)
    assert server.calls[0].headers["authorization"] == f"Bearer {KEY}"


async def test_pieces_as_they_come(opened, ask) -> None:
    async with FaultServer(answer=lambda prompt: "one two three four") as server:
        model = opened(server.url)
        pieces = [piece async for piece in model.stream(ask())]
        await model.close()
    assert "".join(pieces) == "one two three four"
    assert len(pieces) > 1


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (status(429, message=f"slow down, {KEY}", retry_after="2"), "rate_limit"),
        (status(401, message=f"bad key {KEY}"), "auth"),
        (status(402, message="Insufficient Balance"), "quota"),
        (status(404, message="no such model"), "dead"),
        (status(400, message="bad field"), "bad_request"),
        (status(503, message="busy"), "server"),
        (error_event(), "server"),
    ],
)
async def test_errors_are_understood_asked_once_and_hide_the_key(opened, ask, reply, kind: str) -> None:
    async with FaultServer(script=[reply]) as server:
        model = opened(server.url)
        with pytest.raises(ModelError) as caught:
            await model.complete(ask())
        await model.close()
    assert caught.value.kind == kind
    assert caught.value.vendor == "openai"
    assert len(server.calls) == 1, "the SDK's own retries are off"
    assert KEY not in f"{caught.value} {caught.value.args} {caught.value.code}"
    if kind == "rate_limit":
        assert caught.value.retry_after == 2


async def test_nobody_there(opened, ask) -> None:
    model = opened("http://127.0.0.1:9/v1")
    with pytest.raises(ModelError) as caught:
        await model.complete(ask())
    await model.close()
    assert caught.value.kind == "connection"


async def test_what_is_not_declared_is_refused_before_the_call(opened, ask) -> None:
    async with FaultServer(script=[ok("x")]) as server:
        model = opened(server.url)
        with pytest.raises(ModelError, match="does not declare seed"):
            await model.complete(ask(sampling=Sampling(seed=1)))
        assert server.calls == []
        await model.close()
        able = opened(server.url, can=("seed",))
        await able.complete(ask(sampling=Sampling(seed=1)))
        await able.close()
    assert server.calls[0].body["seed"] == 1


def test_mistakes(opened, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no provider 'opanai'"):
        open_model("anyllm:opanai/m")
    with pytest.raises(UsageError, match="provider and model"):
        open_model("anyllm:openai")
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:1")
    with pytest.raises(UsageError, match="OPENAI_BASE_URL"):
        open_model("anyllm:openai/m")


def test_without_the_package_the_command_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "any_llm", None)
    with pytest.raises(UsageError, match="any-llm-sdk") as caught:
        open_model("anyllm:openai/m")
    assert "weighbridge[anyllm]" in (caught.value.fix or "")
