"""No secret reaches the file, wherever it turns up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from weighbridge.evidence import Completion
from weighbridge.store import Answer, Source, open_store
from weighbridge.store.secrets import Secrets

PLANTED = "sk-planted-0123456789abcdef"


def written(path: Path) -> bytes:
    """Every byte of every file of the store."""
    return b"".join(file.read_bytes() for file in path.parent.glob(f"{path.name}*"))


def test_a_planted_key_is_nowhere_in_the_file(
    path: Path, answer: Callable[..., Answer], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_VENDOR_API_KEY", PLANTED)
    echo = Completion(
        f"You sent Authorization: Bearer {PLANTED} \ud800",
        model=f"m-{PLANTED}",
        error=f"401 {PLANTED}",
        request_id=PLANTED,
        logprobs=[(PLANTED[:9], -0.1), (PLANTED[9:], -0.2)],
    )
    source = Source(f"c {PLANTED}", f"http://h/v1?key={PLANTED}#m", PLANTED, PLANTED, PLANTED)
    with open_store(path) as store:
        asyncio.run(store.put(answer(0)))
        held = asyncio.run(
            store.put(msgspec.structs.replace(answer(1), completion=echo, source=source, item=f"i {PLANTED}"))
        )
        assert held.completion.text == "You sent Authorization: Bearer [secret SOME_VENDOR_API_KEY] \ud800"
        assert store.get_many([held.key]) == {held.key: held}, "what is scored now is what a rerun reads"
        while_open = written(path)
    for raw in (while_open, written(path)):
        assert b"SOME_VENDOR_API_KEY" in raw
        assert PLANTED.encode() not in raw
        assert PLANTED[9:].encode() not in raw


def test_a_secret_handed_over_is_known_too(path: Path, answer: Callable[..., Answer]) -> None:
    with open_store(path, secrets=["from a keyring"]) as store:
        held = asyncio.run(store.put(answer(1, text="it is from a keyring, yes")))
    assert held.completion.text == "it is [secret given], yes"
    assert b"from a keyring" not in written(path)


def test_what_counts_as_a_secret() -> None:
    long = "0123456789ab"
    names = ["OPENAI_API_KEY", "openai_apikey", "HF_TOKEN", "DB_PASSWORD", "CLIENT_SECRET", "TOKEN"]
    for name in names:
        assert Secrets(environment={name: long}).without(f"a {long} b") == f"a [secret {name}] b"
    for name in ["HOME", "TOKENIZERS_PARALLELISM", "KEYBOARD", "MONKEY"]:
        assert Secrets(environment={name: long}).without(long) == long
    assert Secrets(environment={"A_KEY": "short"}).without("short") == "short"
    assert Secrets(environment={"SORT_KEY": "created_at_desc"}).without("created_at_desc") == "created_at_desc"
    assert Secrets(environment={"VENDOR_KEY": "abc_def_ghi_9"}).without("abc_def_ghi_9") == "[secret VENDOR_KEY]"
    nested = Secrets(environment={"A_KEY": long, "B_KEY": f"{long}-more"})
    assert nested.without(f"{long}-more {long}") == "[secret B_KEY] [secret A_KEY]"
    plain = Completion("nothing here", logprobs=[("a", -1.0)])
    assert not nested.within(msgspec.msgpack.encode(plain))
