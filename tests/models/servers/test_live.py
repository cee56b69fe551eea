"""The servers themselves, started here from registry packages; vLLM where one is running already."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest

from models.servers.exchange import ASKED, CONTINUATIONS, exchange
from open_models import needs_torch, smollm2, tiny
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request, Sampling
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

LLAMA = """
import sys, time, xllamacpp
p = xllamacpp.CommonParams()
p.model.path, p.port, p.hostnames, p.model_alias = sys.argv[1], int(sys.argv[2]), ["127.0.0.1"], {"smollm2"}
p.n_parallel, p.n_ctx, p.kv_unified, p.ui, p.warmup, p.verbosity = 2, 2048, True, False, False, 1
p.cpuparams.n_threads = p.cpuparams_batch.n_threads = 1
p.cpuparams.poll = p.cpuparams_batch.poll = 0
if sys.argv[3:]:
    p.embedding, p.pooling_type = True, xllamacpp.llama_pooling_type.LLAMA_POOLING_TYPE_MEAN
server = xllamacpp.Server(p)
sys.stdin.read()
"""


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


@contextlib.contextmanager
def started(command: list[str], port: int, page: str, seconds: float = 120) -> Iterator[str]:
    """The server, until `page` answers; ended with all its children."""
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        env={**os.environ, "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"},
    )
    url = f"http://127.0.0.1:{port}"
    try:
        until = time.monotonic() + seconds
        while True:
            assert process.poll() is None, f"the server ended ({process.returncode})"
            assert time.monotonic() < until, "the server did not come up"
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}{page}", timeout=5) as reply:  # noqa: S310
                if reply.status == 200:
                    break
            time.sleep(0.2)
        yield url
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        if process.stdin:
            process.stdin.close()


def llama_command(port: int, *more: str) -> list[str]:
    from weighbridge.errors import UsageError
    from weighbridge.models.local.weights import find_weights

    if importlib.util.find_spec("xllamacpp") is None:
        pytest.skip("llama.cpp is not installed: pip install 'weighbridge[gguf]'")
    try:
        weights = find_weights("smollm2", Path.cwd())
    except UsageError as error:
        pytest.skip(error.what)
    return [sys.executable, "-c", LLAMA, str(weights), str(port), *more]


@pytest.fixture(scope="module")
def llama_cpp() -> Iterator[str]:
    port = free_port()
    with started(llama_command(port), port, "/health") as url:
        yield url


@pytest.mark.gguf
async def test_llama_cpp_server(llama_cpp: str) -> None:
    seen = await exchange(llama_cpp, "smollm2")
    assert seen.engine.startswith("llama.cpp server b")
    assert "choices by grammar; scored by forced tokens" in seen.engine
    assert seen.reading.template == "chat"
    assert seen.rendered is not None
    assert seen.rendered.endswith("Is the sky blue or red? One word.<|im_end|>\n<|im_start|>assistant\n")
    assert seen.answer.logprobs
    assert seen.choice is not None
    assert seen.choice.text in ("blue", "red")
    assert seen.schema is not None
    assert json.loads(seen.schema.text)["colour"] in ("blue", "red")
    assert seen.scored is not None
    assert seen.scored.prompt == seen.rendered
    assert [one.text for one in seen.scored.scored or ()] == list(CONTINUATIONS)


@pytest.mark.gguf
async def test_llama_cpp_slots_are_the_first_guess_of_concurrency(llama_cpp: str) -> None:
    model = open_model(f"{llama_cpp}/v1#smollm2")
    assert model.concurrency == 8
    await model.prepare()
    assert model.concurrency == 2
    await model.close()


@pytest.mark.gguf
async def test_a_forced_token_has_the_log_probability_it_has_when_generated_freely(llama_cpp: str) -> None:
    """What is generated greedily is scored again as a given continuation: same tokens, same numbers."""
    model = open_model(f"{llama_cpp}/v1#smollm2", ModelOptions(template="plain"))
    await model.prepare()
    prompt = (Message("user", "Once upon a time there was a little"),)
    free = await model.complete(Request(prompt, Sampling(max_tokens=5), logprobs=True))
    assert free.logprobs
    scored = (await model.complete(Request(prompt, continuations=(free.text, " zebra crossing")))).scored
    await model.close()
    assert scored is not None
    assert scored[0].tokens == 5
    assert scored[0].greedy is True
    assert scored[0].logprob == pytest.approx(sum(value for _, value in free.logprobs), abs=0.02)
    assert scored[1].greedy is False
    assert scored[1].logprob < scored[0].logprob


@pytest.mark.gguf
@pytest.mark.slow
@needs_torch
async def test_llama_cpp_agrees_with_transformers_on_the_same_weights(llama_cpp: str) -> None:
    """Not to 1e-4: llama.cpp computes 4-bit weights with 8-bit activations and keeps 16-bit keys and values."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    torch.set_num_threads(1)
    model = open_model(f"{llama_cpp}/v1#smollm2")
    await model.prepare()
    answer = await model.complete(Request(ASKED, continuations=("Blue", "Red", "Blue.", "It is blue.", "Banana")))
    await model.close()
    tokenizer = AutoTokenizer.from_pretrained(smollm2())
    reference = AutoModelForCausalLM.from_pretrained(smollm2()).eval()
    assert answer.prompt is not None
    context = len(tokenizer(answer.prompt.rstrip(), add_special_tokens=False).input_ids)
    here = []
    for one in answer.scored or ():
        ids = tokenizer(answer.prompt + one.text, add_special_tokens=False).input_ids
        with torch.no_grad():
            rows = reference(torch.tensor([ids])).logits[0].log_softmax(-1)
        here.append(sum(float(rows[at - 1, ids[at]]) for at in range(context, len(ids))))
        assert one.tokens == len(ids) - context
        assert one.logprob == pytest.approx(here[-1], abs=0.08 * one.tokens + 0.05 * abs(here[-1]))
    there = [one.logprob for one in answer.scored or ()]
    assert sorted(range(5), key=there.__getitem__) == sorted(range(5), key=here.__getitem__)


@pytest.mark.gguf
async def test_embeddings_of_a_llama_cpp_server(llama_cpp: str) -> None:
    port = free_port()
    with started(llama_command(port, "embeddings"), port, "/health") as url:
        model = open_model(f"{url}/v1#smollm2", ModelOptions(embeddings=True))
        one, same, other = await model.embed(["a cat sat", "a cat sat", "the stock market fell"])
        await model.close()
    assert len(one) == len(other) == 576
    assert one == pytest.approx(same, abs=1e-3)
    assert one != pytest.approx(other, abs=1e-3)
    model = open_model(f"{llama_cpp}/v1#smollm2", ModelOptions(embeddings=True))
    with pytest.raises(ModelError, match="embeddings") as caught:
        await model.embed(["a"])
    assert caught.value.kind == "dead"
    await model.close()


@pytest.mark.gguf
async def test_a_context_too_small_is_said(llama_cpp: str) -> None:
    model = open_model(f"{llama_cpp}/v1#smollm2")
    await model.prepare()
    with pytest.raises(ModelError) as caught:
        await model.complete(Request((Message("user", "long " * 4000),), continuations=("a", "b")))
    await model.close()
    assert caught.value.kind == "bad_request"
    assert "context" in caught.value.what


@pytest.mark.slow
@needs_torch
async def test_transformers_serve() -> None:
    if importlib.util.find_spec("fastapi") is None or importlib.util.find_spec("uvicorn") is None:
        pytest.skip("transformers serve is not installed: pip install 'transformers[serving]'")
    folder, port = tiny("llama"), free_port()
    command = [sys.executable, "-m", "transformers.cli.transformers", "serve", str(folder)]
    command += ["--host", "127.0.0.1", "--port", str(port), "--device", "cpu", "--dtype", "float32"]
    with started(command, port, "/health") as url:
        seen = await exchange(url, str(folder))
        model = open_model(f"{url}/v1#{folder}", ModelOptions(first_byte_timeout=120))
        await model.prepare()
        varied = [
            await model.complete(Request(ASKED, Sampling(temperature=1.5, max_tokens=12, seed=seed)))
            for seed in range(3)
        ]
        with pytest.raises(ModelError, match="transformers serve is not known to score"):
            await model.complete(Request(ASKED, continuations=CONTINUATIONS))
        await model.close()
    assert seen.engine.startswith("transformers serve; chat completions; {")
    can = seen.capabilities
    assert not any((can.choices, can.json_schema, can.logprobs, can.scoring, can.embeddings, can.seed))
    assert seen.reading.template == "unknown"
    assert seen.rendered is None
    assert seen.answer.usage.output_tokens == 6
    # Left alone it answers greedily whatever the temperature, for this model's own configuration does not sample.
    assert len({answer.text for answer in varied}) > 1
    assert seen.unknown is not None
    assert seen.unknown.kind == "bad_request"


@pytest.mark.skipif("WEIGHBRIDGE_TEST_VLLM" not in os.environ, reason="WEIGHBRIDGE_TEST_VLLM=URL#MODEL names no vLLM")
async def test_vllm() -> None:
    url, _, name = os.environ["WEIGHBRIDGE_TEST_VLLM"].partition("#")
    seen = await exchange(url.removesuffix("/v1"), name)
    assert seen.engine.startswith("vLLM ")
    assert seen.scored is not None
    assert len(seen.scored.scored or ()) == len(CONTINUATIONS)
    assert seen.repeats[1].text == seen.repeats[2].text
