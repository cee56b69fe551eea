"""One lot of each vendor: sent, found, read, cancelled; and what the vendors' own clients read of the same server."""

from __future__ import annotations

import hashlib

import pytest

from batch_vendors import BatchVendors
from weighbridge.errors import UsageError
from weighbridge.evidence import Finish
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request, Sampling
from weighbridge.models.remote.batch.gemini import GeminiBatches
from weighbridge.models.remote.batch.lots import Lots, Patience
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

SPECS = {
    "openai": "openai:gpt-4o-mini",
    "anthropic": "anthropic:claude-haiku-4-5",
    "google": "google:gemini-2.5-flash",
}
KEYS = {"openai": "OPENAI_API_KEY", "anthropic": "ANTHROPIC_API_KEY", "google": "GEMINI_API_KEY"}
SECRET = "sk-planted-0123456789"  # noqa: S105 - made up
SIX = [f"is item {number} odd?" for number in range(6)]


def base(vendor: str, server: BatchVendors) -> str:
    return f"{server.url}/{'v1beta' if vendor == 'google' else 'v1'}"


def request(text: str) -> Request:
    return Request((Message("system", "Answer yes or no."), Message("user", text)), Sampling(max_tokens=16))


def key(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def lines(lots: Lots, texts: list[str] = SIX) -> list[bytes]:
    return [lots.line(key(text), request(text)) for text in texts]


@pytest.fixture(params=list(SPECS))
def vendor(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    for name in KEYS.values():
        monkeypatch.setenv(name, SECRET)
    return request.param


@pytest.fixture
def server():
    with BatchVendors(looks=2) as running:
        yield running


@pytest.fixture
async def lots(vendor, server):
    model = open_model(SPECS[vendor], ModelOptions(mode="batch", base_url=base(vendor, server)))
    model.lots.patience = Patience(first=0.01, most=0.02, settle=0.05)
    yield model.lots
    await model.close()


async def test_a_lot_goes_out_and_comes_back_by_key(lots, server, vendor):
    assert await lots.newest() == ""
    state = await lots.format.submit("aabb", lines(lots))
    assert state.status == "working"
    assert await lots.newest() == state.id
    ended = await lots.ended(state)
    assert ended.total == 6
    found = {}
    async for result in lots.format.results(ended):
        found[result.id] = lots.completion(result, request("?"))
    assert {text: found[key(text)].text for text in SIX} == {
        text: "yes" if number % 2 else "no" for number, text in enumerate(SIX)
    }
    one = found[key(SIX[0])]
    assert one.finish is Finish.STOP
    assert (one.usage.input_tokens, one.usage.output_tokens) == (20, 2)
    assert one.usage.batched
    assert one.usage.duration is None
    assert one.usage.first_token is None
    sent = server.lots[0].requests[0][1]
    assert "stream" not in sent


async def test_what_the_request_says_is_what_a_live_call_says(lots, server, vendor):
    model = open_model(SPECS[vendor], ModelOptions(base_url=base(vendor, server)))
    await lots.format.submit("aabb", lines(lots))
    import json

    assert server.lots[0].requests[2][1] == json.loads(model.wire.call(request(SIX[2]), model.model, False).body)
    await model.close()


async def test_a_lot_is_found_again_however_many_others_there_are(lots, server, vendor):
    server.page = 2
    others = [
        server.make(vendor, [(f"other-{n}", {"messages": [{"content": "1"}]})] * 6, "theirs", False) for n in "ab"
    ]
    for other in others:
        if vendor == "google":
            other.requests = [(name, {"contents": [{"parts": [{"text": "1"}]}]}) for name, _ in other.requests]
    after = await lots.newest()
    keys = {key(text) for text in SIX}
    assert await lots.find("aabb", keys, after) is None
    sent = await lots.format.submit("aabb", lines(lots))
    for other in "cdefg":
        lot = server.make(vendor, list(others[0].requests), f"theirs {other}", False)
        lot.looks = 99
    found = await lots.find("aabb", keys, after)
    assert found is not None
    assert found.id == sent.id
    assert await lots.find("ccdd", {"another"}, after) is None


async def test_errors_of_single_requests_are_typed_as_live_ones_are(lots, server, vendor):
    refused = {
        "openai": {"message": "too long", "code": "context_length_exceeded", "type": "invalid_request_error"},
        "anthropic": {"type": "invalid_request_error", "message": "too long"},
        "google": {"code": 3, "message": "too long"},
    }[vendor]
    busy = {
        "openai": {"message": "slow down", "status": 429},
        "anthropic": {"type": "overloaded_error", "message": "slow down"},
        "google": {"code": 14, "message": "slow down"},
    }[vendor]
    said = {SIX[0]: refused, SIX[1]: busy, SIX[2]: None}
    server.answer = lambda vendor, text: said.get(text, "yes")
    ended = await lots.ended(await lots.format.submit("aabb", lines(lots)))
    kinds, vendors = {}, set()
    async for result in lots.format.results(ended):
        try:
            kinds[result.id] = lots.completion(result, request("?")).text
        except ModelError as error:
            kinds[result.id] = (error.kind, error.retryable)
            vendors.add(error.vendor)
    assert kinds[key(SIX[0])] == ("bad_request", False)
    assert kinds[key(SIX[1])][1] is True
    assert kinds[key(SIX[2])] == ("server", True)
    assert kinds[key(SIX[3])] == "yes"
    assert vendors == {vendor}


async def test_a_lot_is_cancelled_and_keeps_what_was_done(lots, server, vendor):
    server.looks = 10_000
    state = await lots.format.submit("aabb", lines(lots))
    await lots.format.cancel(state.id)
    ended = await lots.ended(state)
    results = [result async for result in lots.format.results(ended)]
    assert sum(result.lapsed is not None for result in results) == 3
    assert sum(result.lapsed is None and result.status == 200 for result in results) == 3


async def test_a_lot_that_is_over_is_cancelled_without_an_error(lots, server, vendor):
    state = await lots.format.submit("aabb", lines(lots))
    server.before = lambda method, path: (
        (400, {"error": {"message": "cannot cancel"}}, {}) if path.endswith("cancel") else None
    )
    await lots.format.cancel(state.id)


async def test_a_lot_that_is_not_there_says_so(lots, vendor):
    with pytest.raises(ModelError) as told:
        await lots.format.state("batches/none" if vendor == "google" else "none")
    assert told.value.status == 404


async def test_the_key_is_in_no_error_and_goes_to_no_other_host(lots, server, vendor):
    server.before = lambda method, path: (401, {"error": {"message": f"bad key {SECRET}"}}, {})
    with pytest.raises(ModelError) as told:
        await lots.newest()
    assert told.value.kind == "auth"
    assert SECRET not in f"{told.value} {told.value.what} {told.value.fix}"
    with pytest.raises(ModelError, match="another host"):
        await lots.carrier.call("POST", "http://127.0.0.1:9/elsewhere")


async def test_a_results_file_that_is_cut_off_gives_nothing(lots, server, vendor):
    server.looks = 0
    ended = await lots.ended(await lots.format.submit("aabb", lines(lots)))
    if vendor == "google":
        ended = await lots.format.state(ended.id)
        assert ended.inline
        return
    server.after = lambda method, path: "content" in path or path.endswith("results")
    with pytest.raises(ModelError) as told:
        await anext(lots.format.results(ended))
    assert told.value.retryable


async def test_a_large_lot_of_gemini_goes_as_a_file(server, monkeypatch):
    monkeypatch.setenv("GEMINI_API_KEY", SECRET)
    model = open_model(SPECS["google"], ModelOptions(mode="batch", base_url=base("google", server)))
    old = model.lots.format
    model.lots.format = GeminiBatches(model.lots.carrier, model.wire, model.model, old._root, old._path, inline=10)
    model.lots.patience = Patience(first=0.01)
    ended = await model.lots.ended(await model.lots.format.submit("aabb", lines(model.lots)))
    assert server.lots[0].filed
    found = {result.id: result async for result in model.lots.format.results(ended)}
    assert {model.lots.completion(found[key(text)], request("?")).text for text in SIX} == {"yes", "no"}
    await model.close()


@pytest.mark.parametrize("spec", ["mistral:mistral-small-latest", "http://127.0.0.1:1/v1#m", "simulated:accuracy=1"])
def test_other_kinds_refuse_the_mode_before_any_call(spec, monkeypatch):
    monkeypatch.setenv("MISTRAL_API_KEY", SECRET)
    with pytest.raises(UsageError) as told:
        open_model(spec, ModelOptions(mode="batch"))
    assert "mode: batch" in told.value.what
    assert "openai:" in (told.value.fix or "")


def test_a_first_round_needs_the_mode(monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", SECRET)
    with pytest.raises(UsageError, match="batch_first"):
        open_model(SPECS["openai"], ModelOptions(batch_first=8))
    with pytest.raises(UsageError, match="batch_first must be at least 1"):
        open_model(SPECS["openai"], ModelOptions(mode="batch", batch_first=0))
