"""What goes wrong at each vendor, injected in its own words: the kind, what may be retried, and what is told."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from dialects import dialect
from dialects.opening import AWS_SECRET, KEY, give_keys, open_at
from dialects.refusals import REQUEST_ID, WORDS, Words
from dialects.said import Said
from weighbridge.evidence import Completion, Finish
from weighbridge.models.protocol import FATAL, ModelError, Request, Sampling
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.tasks.item import Message
from wire_server import JSON, Reply, WireServer

WAYS = [
    ("openai", None),
    ("openai", "responses"),
    ("azure", None),
    *((name, None) for name in VENDORS if name not in ("openai", "azure")),
]
ASK = Request((Message("user", "hello"),), Sampling(max_tokens=64))


@pytest.fixture(scope="module")
def server() -> Iterator[WireServer]:
    with WireServer() as running:
        yield running


@pytest.fixture(autouse=True)
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    give_keys(monkeypatch)


@pytest.fixture(params=WAYS, ids=lambda way: f"{way[0]}-{way[1] or 'chat'}")
def way(request: pytest.FixtureRequest) -> tuple[str, str | None]:
    return request.param


def words_of(name: str, api: str | None) -> Words:
    model = open_at("http://127.0.0.1:9", name, api)
    return WORDS[model.wire.name]


async def outcome(
    server: WireServer, way: tuple[str, str | None], reply: Reply, **options
) -> Completion | ModelError:
    """What one call brings, and that the next call on the same session is none the worse for it."""
    server.reply = reply
    before = len(server.asked)
    model = open_at(server.url, *way, **options)
    module = dialect(model.wire.name)
    try:
        try:
            found: Completion | ModelError = await model.complete(ASK)
        except ModelError as error:
            found = error
        assert len(server.asked) <= before + 1, "one call makes one attempt"
        server.reply = Reply(module.stream(Said("ok")), module.STREAM)
        after = open_at(server.url, *way) if options else model
        assert (await after.complete(ASK)).text == "ok"
        await after.close()
    finally:
        await model.close()
    return found


async def failure(server: WireServer, way: tuple[str, str | None], reply: Reply, **options) -> ModelError:
    found = await outcome(server, way, reply, **options)
    assert isinstance(found, ModelError), found
    assert found.vendor == way[0]
    assert found.where
    assert found.where.startswith(f"{way[0]}:")
    told = f"{found} {found.code} {found.request_id} {found.args}"
    assert KEY not in told
    assert AWS_SECRET not in told
    return found


STATUSES = {400: "bad_request", 404: "dead", 500: "server", 502: "server", 503: "server", 529: "server"}


@pytest.mark.parametrize("status", STATUSES)
async def test_statuses(server: WireServer, way, status: int) -> None:
    error = await failure(server, way, words_of(*way).reply(status))
    assert error.kind == STATUSES[status], error
    assert error.status == status
    assert error.request_id == REQUEST_ID
    assert "something is wrong" in str(error)
    assert error.retryable is (status >= 500)


@pytest.mark.parametrize("waits", [None, "1.5", "Sat, 21 Nov 2099 00:00:00 GMT"])
async def test_rate_limits(server: WireServer, way, waits: str | None) -> None:
    error = await failure(server, way, words_of(*way).reply(429, "slow down please", retry_after=waits))
    assert error.kind == "rate_limit", error
    assert error.retryable
    assert error.request_id == REQUEST_ID
    if waits is None:
        assert error.retry_after is None
    elif waits == "1.5":
        assert error.retry_after == 1.5
    else:
        assert error.retry_after is not None
        assert error.retry_after > 1e8


async def test_a_wait_told_in_the_body(server: WireServer, way) -> None:
    wait = words_of(*way).wait
    if wait is None:
        pytest.skip("the vendor tells it in a header")
    error = await failure(server, way, Reply(wait, JSON, 429))
    assert (error.kind, error.retry_after) == ("rate_limit", 7.0)


async def test_an_expired_key(server: WireServer, way) -> None:
    """The vendor's message repeats the key; ours must not, and names the variable to set."""
    sent = AWS_SECRET if way[0] == "bedrock" else KEY if VENDORS[way[0]].key_envs else "none"
    error = await failure(server, way, words_of(*way).reply(401, f"Incorrect API key provided: {sent}"))
    assert error.kind == "auth"
    assert error.kind in FATAL
    if VENDORS[way[0]].key_envs:
        assert VENDORS[way[0]].key_envs[0] in (error.fix or ""), error


async def test_an_account_without_credit(server: WireServer, way) -> None:
    quota = words_of(*way).quota
    if quota is None:
        pytest.skip("the vendor has no such refusal")
    error = await failure(server, way, Reply(quota[1], JSON, quota[0], (("Retry-After", "1"),)))
    assert error.kind == "quota"
    assert not error.retryable


async def test_a_filter_that_stops_the_prompt(server: WireServer, way) -> None:
    filtered = words_of(*way).filtered
    if filtered is None:
        pytest.skip("the vendor has no such refusal")
    found = await outcome(server, way, Reply(filtered[1], JSON, filtered[0]))
    assert isinstance(found, Completion), found
    assert (found.text, found.finish) == ("", Finish.FILTER)


async def test_a_filter_that_stops_the_answer(server: WireServer, way) -> None:
    module = dialect(open_at(server.url, *way).wire.name)
    if "filter" not in getattr(module, "WORDS", {"filter": ""}):
        pytest.skip("the vendor has no filter")
    found = await outcome(server, way, Reply(module.stream(Said("", finish="filter")), module.STREAM))
    assert isinstance(found, Completion), found
    assert found.finish in (Finish.FILTER, Finish.REFUSAL)


async def test_an_error_in_the_middle_of_the_stream(server: WireServer, way) -> None:
    module, words = dialect(open_at(server.url, *way).wire.name), words_of(*way)
    if not words.event:
        pytest.skip("the vendor documents none")
    whole = module.stream(Said("a text of many words", pieces=10))
    body = whole[: boundary(whole, module)] + words.event
    error = await failure(server, way, Reply(body, module.STREAM))
    assert error.kind == "server", error
    assert error.retryable
    assert error.usage_may_be_billed


def boundary(whole: bytes, module) -> int:
    """The end of a whole event about the middle of a stream."""
    if module.__name__.endswith("bedrock"):
        place = 0
        while place < len(whole) // 2:
            place += int.from_bytes(whole[place : place + 4], "big")
        return place
    end = {"gemini": b"\r\n\r\n", "ollama_chat": b"\n"}.get(module.__name__.rpartition(".")[2], b"\n\n")
    return whole.index(end, len(whole) // 3) + len(end)


@pytest.mark.parametrize("stream", [True, False], ids=["stream", "whole"])
async def test_malformed_json(server: WireServer, way, stream: bool) -> None:
    module = dialect(open_at(server.url, *way).wire.name)
    if not stream:
        error = await failure(server, way, Reply(b'{"id": "x", "choices": [{'), stream=False)
    elif module.__name__.endswith("bedrock"):
        bad = bytearray(module.stream(Said("hello")))
        bad[60] ^= 0x55
        error = await failure(server, way, Reply(bytes(bad), module.STREAM))
    else:
        whole = module.stream(Said("a text of many words", pieces=10))
        at = boundary(whole, module)
        start = b"" if module.__name__.endswith("ollama_chat") else b"data: "
        body = whole[:at] + start + b'{"broken": [}\n\n' + whole[at:]
        error = await failure(server, way, Reply(body, module.STREAM))
    assert error.kind == "malformed", error
    assert error.retryable
    assert error.usage_may_be_billed


async def test_html_in_place_of_an_answer(server: WireServer, way) -> None:
    error = await failure(server, way, Reply(b"<html><body>Bad gateway</body></html>", "text/html", 502))
    assert error.kind == "server"
    assert "<html>" not in str(error)


async def test_an_empty_list_of_choices(server: WireServer, way) -> None:
    empty = words_of(*way).empty
    if not empty:
        pytest.skip("the format has no such list")
    error = await failure(server, way, Reply(empty), stream=False)
    assert error.kind == "empty", error
    assert error.retryable


async def test_slow_headers(server: WireServer, way) -> None:
    error = await failure(server, way, Reply(b"{}", delay=0.5), first_byte_timeout=0.2)
    assert error.kind == "timeout"
    assert error.retryable
    assert error.usage_may_be_billed


async def test_a_dropped_connection(server: WireServer, way) -> None:
    before = await failure(server, way, Reply(b"", broken=True))
    assert before.kind == "connection", before
    module = dialect(open_at(server.url, *way).wire.name)
    whole = module.stream(Said("a text of many words", pieces=10))
    within = await failure(server, way, Reply(whole[: boundary(whole, module)], module.STREAM, broken=True))
    assert within.kind in ("cut", "connection"), within
    assert within.usage_may_be_billed


async def test_nobody_listens(way) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        model = open_at(f"http://127.0.0.1:{taken.getsockname()[1]}", *way)
        with pytest.raises(ModelError) as caught:
            await model.complete(ASK)
        await model.close()
    assert caught.value.kind == "connection"
    assert caught.value.vendor == way[0]
    assert not caught.value.usage_may_be_billed
