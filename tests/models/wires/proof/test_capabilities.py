"""What each row declares: what it can goes out in the request, what it cannot is refused before any call."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dialects import dialect
from dialects.opening import give_keys, open_at
from dialects.said import Said
from weighbridge.models.protocol import ModelError, Request, Sampling, Tool
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.tasks.item import Image, Message
from wire_server import Reply, WireServer

ASK = (Message("user", "hello"),)
PLAIN = Request(ASK, Sampling(max_tokens=4096))
NEEDS: dict[str, Request] = {
    "seed": Request(ASK, Sampling(max_tokens=4096, seed=7)),
    "stop": Request(ASK, Sampling(max_tokens=4096, stop=("END",))),
    "temperature": Request(ASK, Sampling(max_tokens=4096, temperature=0.5)),
    "top_p": Request(ASK, Sampling(max_tokens=4096, temperature=1, top_p=0.5)),
    "reasoning_effort": Request(ASK, Sampling(max_tokens=4096, reasoning_effort="low")),
    "tools": Request(
        ASK, Sampling(max_tokens=4096), tools=(Tool("look_up", '{"type": "object", "properties": {}}'),)
    ),
    "logprobs": Request(ASK, Sampling(max_tokens=4096), logprobs=True),
    "json_schema": Request(ASK, Sampling(max_tokens=4096), json_schema='{"type": "object", "properties": {}}'),
    "choices": Request(ASK, Sampling(max_tokens=4096), choices=("yes", "no")),
    "images": Request((Message("user", "hello", images=(Image(data=b"\x89PNG"),)),), Sampling(max_tokens=4096)),
}


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


@pytest.mark.parametrize("name", VENDORS)
async def test_declared_is_sent_and_the_rest_is_refused(
    server: WireServer, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    give_keys(monkeypatch)
    model = open_at(server.url, name)
    module = dialect(model.wire.name)
    server.reply = Reply(module.stream(Said("yes")), module.STREAM)
    await model.complete(PLAIN)
    plain = server.asked[-1].body
    for ability, request in NEEDS.items():
        before = len(server.asked)
        if getattr(model.capabilities, ability):
            await model.complete(request)
            assert server.asked[-1].body != plain, ability
        else:
            with pytest.raises(ModelError) as caught:
                await model.complete(request)
            assert caught.value.kind == "bad_request", ability
            assert caught.value.vendor == name
            assert len(server.asked) == before, ability
    await model.close()
