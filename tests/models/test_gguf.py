"""The real engine: SmolLM2-135M in llama.cpp, in a process of its own and over its own HTTP server."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from weighbridge.errors import UsageError
from weighbridge.evidence import Finish
from weighbridge.models.local import engine as engines
from weighbridge.models.local.weights import find_weights
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request, Sampling
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message


def missing() -> str | None:
    if importlib.util.find_spec("xllamacpp") is None:
        return "the llama.cpp engine is not installed: pip install 'weighbridge[gguf]'"
    try:
        find_weights("smollm2", Path.cwd())
    except UsageError as error:
        return f"{error.what}: {error.fix}"
    return None


pytestmark = [pytest.mark.gguf, pytest.mark.skipif(missing() is not None, reason=missing() or "")]
# One thread: the engine's threads wait for each other by spinning, which a busy machine makes very slow.
OPTIONS = ModelOptions(slots=2, context=1024, threads=1)
TEAMS = ("billing", 'the "tech" \\ team', "größe\nund 🦜")


@pytest.mark.slow
async def test_chat_choices_schema_logprobs_and_one_engine(ask) -> None:
    model = open_model("gguf:smollm2", OPTIONS)
    twin = open_model("gguf:smollm2-135m-instruct", OPTIONS)
    try:
        assert model.endpoint == twin.endpoint
        assert model.side == "open"
        assert model.concurrency == 2
        assert model.revision == "sha256:b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53"
        assert "xllamacpp 20" in model.engine

        paris = Request(
            (Message("system", "You are a helpful assistant."), Message("user", "What is the capital of France?"))
        )
        answer = await model.complete(Request(paris.messages, Sampling(max_tokens=6), logprobs=True))
        assert answer.finish is Finish.LENGTH
        assert answer.usage.output_tokens == 6
        assert answer.usage.input_tokens is not None
        assert answer.usage.first_token is not None
        assert answer.usage.duration is not None
        assert 0 < answer.usage.first_token < answer.usage.duration
        assert answer.logprobs is not None
        assert "".join(token for token, _ in answer.logprobs) == answer.text
        assert all(value <= 0 for _, value in answer.logprobs)

        questions = [ask(f"Which team? Ticket {number}: I was charged twice.", choices=TEAMS) for number in range(2)]
        found = await asyncio.gather(*(each.complete(question) for question in questions for each in (model, twin)))
        assert all(one.text in TEAMS for one in found)
        assert [one.text for one in found[::2]] == [one.text for one in found[1::2]]
        for team in TEAMS:
            assert (await model.complete(ask("Say it.", choices=(team,)))).text == team
        assert len([one for one in engines._engines.values() if one.users]) == 1

        schema = json.dumps(
            {"type": "object", "properties": {"n": {"type": "integer", "maximum": 9}}, "required": ["n"]}
        )
        structured = await model.complete(ask("Give a number.", json_schema=schema, max_tokens=40))
        if structured.finish is Finish.STOP:
            assert isinstance(json.loads(structured.text)["n"], int)

        pieces = [piece async for piece in model.stream(Request(paris.messages, Sampling(max_tokens=6)))]
        assert "".join(pieces) == answer.text
        assert len(pieces) > 1

        # A prefix that was read before is not read again.
        shots = "\n".join(f"Ticket {number}: the parcel is late. Team: delivery" for number in range(10))
        reads = [(await model.complete(ask(f"{shots}\nTicket {name}:", choices=TEAMS))).usage for name in "abc"]
        assert reads[2].cached_tokens is not None
        assert reads[2].input_tokens is not None
        assert reads[2].cached_tokens > 0.8 * reads[2].input_tokens

        with pytest.raises(ModelError) as caught:
            await model.complete(ask("x " * 9000))
        assert caught.value.kind == "bad_request"
        assert "raise context" in str(caught.value)

        # A caller's deadline frees the slot: two stories are given up, and the next answer still comes at once.
        for _ in range(2):
            with pytest.raises(TimeoutError):
                async with asyncio.timeout(0.3):
                    await model.complete(ask("Tell me a long story.", max_tokens=900))
        assert (await model.complete(ask("Which?", choices=TEAMS))).text in TEAMS
    finally:
        await model.close()
        await model.close()
        await twin.close()
    assert not engines._engines


async def test_its_own_http_server_by_the_http_spec(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine's process is llama.cpp's own server: the http spec must get on with it too."""
    model = open_model("gguf:smollm2", OPTIONS)
    try:
        local = await model.complete(ask("Name a colour.", max_tokens=5))
        (engine,) = model._engines.values()
        url = f"{engine.url}/v1#SmolLM2-135M-Instruct.Q4_1.gguf"
        monkeypatch.setenv("WB_TEST_KEY", engine.key)
        extra = {"top_k": 0, "top_p": 1.0, "min_p": 0.0}
        remote = open_model(url, ModelOptions(key_env="WB_TEST_KEY", constrained="grammar", extra=extra))
        assert (await remote.complete(ask("Name a colour.", max_tokens=5))).text == local.text
        assert (await remote.complete(ask("Which?", choices=TEAMS))).text in TEAMS
        await remote.close()
        stranger = open_model(url)
        with pytest.raises(ModelError) as caught:
            await stranger.complete(ask())
        assert caught.value.kind == "auth"
        await stranger.close()

        # An engine that dies takes down its candidate, and says so.
        story = asyncio.create_task(model.complete(ask("Tell me a long story.", max_tokens=900)))
        await asyncio.sleep(0.3)
        assert engine.process is not None
        os.kill(engine.process.pid, signal.SIGKILL)
        with pytest.raises(ModelError) as caught:
            await story
        assert caught.value.kind == "dead"
        assert "signal 9" in str(caught.value)
        with pytest.raises(ModelError) as caught:
            await model.complete(ask())
        assert caught.value.kind == "dead"
    finally:
        await model.close()


def test_a_file_cut_short(tmp_path: Path) -> None:
    whole = find_weights("smollm2", tmp_path)
    with whole.open("rb") as source:
        (tmp_path / "half.gguf").write_bytes(source.read(3_000_000))
    with pytest.raises(UsageError, match=r"half\.gguf is cut short: 3,000,000 bytes, of"):
        open_model("gguf:half.gguf", OPTIONS, tmp_path)


async def test_weights_that_the_engine_cannot_load(tmp_path: Path, ask) -> None:
    """The head is sound, and the architecture is none of llama.cpp's."""
    import numpy as np
    from gguf import GGUFWriter

    for name, architecture in (("odd", "perceptron"), ("t5", "t5")):
        writer = GGUFWriter(tmp_path / f"{name}.gguf", architecture)
        writer.add_tensor("w", np.zeros((32, 32), np.float32))
        writer.write_header_to_file()
        writer.write_kv_data_to_file()
        writer.write_tensors_to_file()
        writer.close()
    with pytest.raises(UsageError, match=r"encoder-decoder \(t5\)") as refused:
        open_model("gguf:t5.gguf", OPTIONS, tmp_path)
    assert "path:t5.gguf" in (refused.value.fix or "")
    model = open_model("gguf:odd.gguf", OPTIONS, tmp_path)
    for _ in range(2):
        with pytest.raises(ModelError) as caught:
            await model.complete(ask())
        assert caught.value.kind == "dead"
        assert "cannot load" in str(caught.value)
        assert "perceptron" in str(caught.value)
        assert "pip install -U xllamacpp" in str(caught.value)
    await model.close()


async def test_more_memory_than_there_is_is_said_before_loading(ask) -> None:
    model = open_model("gguf:smollm2", ModelOptions(slots=32, context=10_000_000))
    with pytest.raises(ModelError, match="not enough memory on this machine: about") as caught:
        await model.complete(ask())
    assert "key-value cache" in str(caught.value)
    assert "fewer slots (now 32)" in str(caught.value)
    assert not model._running
    await model.close()


SCRIPT = """
import asyncio, sys
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Request, Sampling
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

async def main():
    model = open_model("gguf:smollm2", ModelOptions(slots=1, context=1024, threads=1))
    request = Request((Message("user", "Tell me a long story."),), Sampling(max_tokens=900))
    call = asyncio.create_task(model.complete(request))
    while not model._running:
        await asyncio.sleep(0.05)
    await asyncio.sleep(0.3)
    (engine,) = model._engines.values()
    print(engine.process.pid, flush=True)
    await asyncio.sleep(float(sys.argv[1]))

asyncio.run(main())
"""


@pytest.mark.parametrize("killed", [True, False])
def test_no_engine_outlives_its_run(killed: bool) -> None:
    """Neither SIGKILL nor an end in the middle of an answer leaves an engine behind, or its words on the terminal."""
    run = subprocess.Popen(
        [sys.executable, "-c", SCRIPT, "60" if killed else "0"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert run.stdout is not None
    engine = int(run.stdout.readline())
    if killed:
        run.kill()
    _, noise = run.communicate(timeout=120)
    assert b"llama" not in noise
    assert b"srv" not in noise
    for _ in range(100):
        try:
            os.kill(engine, 0)
        except ProcessLookupError:
            return
        if Path(f"/proc/{engine}/stat").exists() and " Z " in Path(f"/proc/{engine}/stat").read_text():
            return
        time.sleep(0.1)
    pytest.fail("the engine is still there")
