"""Bodies made through the types of the vendors' SDKs: our reader and the SDK's own client must read them alike."""

from __future__ import annotations

import json
from dataclasses import replace
from types import ModuleType

import pytest

from dialects import compatible, dialect
from dialects.opening import address, give_keys, open_at
from dialects.said import Read, Said
from weighbridge.evidence import Completion, Finish
from weighbridge.models.protocol import ModelError, Request, Sampling, Tool
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.tasks.item import Message
from wire_server import Reply, WireServer

TOOL = Tool("look_up", '{"type": "object", "properties": {}}')
FINISHES = {"stop": Finish.STOP, "length": Finish.LENGTH, "filter": Finish.FILTER, "tool": Finish.TOOL}
SAID = {
    "text": Said("The answer is 42."),
    "unicode": Said("Zürich 🦜 日本語 \u2028 \\ \" \n end", pieces=17),
    "limit": Said("cut sho", finish="length", input=1000, output=256),
    "cached": Said("hello", input=1000, output=3, cached=900),
    "tool": Said("", (("call_a1", "look_up", '{"city": "Zürich", "days": [1, 2]}'),), "tool"),
    "tools": Said(
        "Let me look.",
        (("call_a1", "look_up", '{"q": "x"}'), ("call_b2", "look_up", '{"q": {"deep": [null, 1.5]}}')),
        "tool",
    ),
    "filter": Said("Half of", finish="filter"),
}  # fmt: skip
WAYS = [
    ("openai", None, None),
    ("openai", "responses", None),
    ("azure", None, None),
    ("azure", "responses", None),
    ("mistral", None, compatible.read_mistral),
    ("ai21", None, compatible.read_ai21),
    *(
        (name, None, None)
        for name in ("anthropic", "google", "vertex", "cohere", "bedrock", "ollama")
        if name in VENDORS
    ),
]


@pytest.fixture(scope="module")
def server():
    with WireServer() as running:
        yield running


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    give_keys(monkeypatch)


def sayable(name: str, said: Said, module: ModuleType) -> bool:
    """Whether the format, and the SDK that reads it, have words for this."""
    words = getattr(module, "WORDS", {"stop": "", "length": "", "filter": "", "tool": ""})
    return said.finish in words and not (name in ("mistral", "ai21") and said.finish == "filter")


CASES = [
    pytest.param(name, api, sdk, case, id=f"{name}-{api or 'chat'}-{case}")
    for name, api, sdk in WAYS
    for case in SAID
]


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "stream"])
@pytest.mark.parametrize(("name", "api", "sdk", "case"), CASES)
async def test_read_alike(server: WireServer, name: str, api: str | None, sdk, case: str, stream: bool) -> None:
    model, url = open_at(server.url, name, api, stream=stream), address(server.url, name)
    module = dialect(model.wire.name)
    said = SAID[case]
    if not sayable(name, said, module):
        pytest.skip("the vendor has no word for this")
    if name == "mistral":
        said = replace(said, whole_calls=True)
    elif name in ("ai21", "ollama"):  # their clients cut lines at U+2028, which JSON may hold
        said = replace(said, text=said.text.replace("\u2028", " "))
    server.reply = Reply(module.stream(said), module.STREAM, segment=61) if stream else Reply(module.document(said))
    try:
        ours = await model.complete(
            Request((Message("user", "hello"),), Sampling(max_tokens=64), tools=(TOOL,) if said.tools else ())
        )
    finally:
        await model.close()
    assert ours.text == said.text
    if not (name == "ai21" and stream and said.tools):  # AI21's client reads no tools of a stream
        theirs = (sdk or module.read)(url, stream)
        assert seen(ours, theirs) == theirs
    assert ours.finish is finish_of(said, model.wire.name)
    assert (ours.usage.input_tokens, ours.usage.output_tokens) == (said.input, said.output)
    assert [(call.name, json.loads(call.arguments)) for call in ours.tool_calls or ()] == [
        (call, json.loads(arguments)) for _, call, arguments in said.tools
    ]
    if model.wire.name != "ollama":
        assert [call.id for call in ours.tool_calls or ()] == [one for one, _, _ in said.tools]


def finish_of(said: Said, wire: str) -> Finish:
    if said.finish == "filter" and wire == "anthropic":
        return Finish.REFUSAL
    return FINISHES[said.finish]


def seen(ours: Completion, theirs: Read) -> Read:
    """Ours in the same words, silent where the SDK is."""
    tools = [(call.name, json.loads(call.arguments)) for call in ours.tool_calls or ()]
    cached = None if theirs.cached is None else (ours.usage.cached_tokens or 0)
    return Read(ours.text, tools, ours.stop_reason, ours.usage.input_tokens, ours.usage.output_tokens, cached)


@pytest.mark.parametrize("part", [0.3, 0.6, 0.85])
@pytest.mark.parametrize(("name", "api"), [way[:2] for way in WAYS])
async def test_a_stream_that_stops_is_no_answer(server: WireServer, name: str, api: str | None, part: float) -> None:
    """However it stops: by the end of the response in good order, or by a torn connection."""
    model = open_at(server.url, name, api)
    module = dialect(model.wire.name)
    said = Said("A text long enough to be cut somewhere in its middle.", pieces=20)
    whole = module.stream(said)
    end = int(len(whole) * part) if name != "openai" or api else int(len(whole) * part * 0.8)
    try:
        for broken in (False, True):
            server.reply = Reply(whole[:end], module.STREAM, broken=broken)
            with pytest.raises(ModelError) as caught:
                await model.complete(Request((Message("user", "hello"),), Sampling(max_tokens=64)))
            assert caught.value.kind in ("cut", "connection", "malformed"), caught.value
            assert caught.value.usage_may_be_billed
    finally:
        await model.close()
