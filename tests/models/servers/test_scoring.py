"""Given continuations through HTTP are those of the same model in this process, and faults say what to do."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest
from aiohttp import web
from hypothesis import given, settings
from hypothesis import strategies as st

from models.servers.standin import StandIn
from open_models import needs_torch, tiny
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request
from weighbridge.models.remote.servers.scored import border, moved
from weighbridge.models.remote.wire import escaped
from weighbridge.models.specs import open_model
from weighbridge.tasks.item import Message

pytestmark = needs_torch

TEXTS = (" Paris", " the capital of France", " x", " Paris, of course")
ASKED = (Message("system", "Be short."), Message("user", "Question: what is the capital of France? Answer:"))


@cache
def standin(kind: str, name: str = "llama", template: bool = True) -> StandIn:
    return StandIn(kind, tiny(name), template)


@pytest.fixture(autouse=True)
def _whole():
    yield
    for kind in ("vllm", "tgi", "echo"):
        one = standin(kind)
        one.fault, one.prefill = None, True
        one.pages.clear()


def here(server: StandIn, prompt: str, text: str, special: bool) -> tuple[float, int, bool]:
    """Log-likelihood, tokens and greediness by lm-evaluation-harness' rule, without HTTP."""
    bare = prompt.rstrip()
    ids = server.tokenizer(prompt + text, add_special_tokens=special).input_ids
    first = len(server.tokenizer(bare, add_special_tokens=special).input_ids)
    rows = server.rows(ids)[first - 1 :]
    return sum(value for value, _ in rows), len(rows), all(rank == 1 for _, rank in rows)


@pytest.mark.parametrize("kind", ["vllm", "tgi", "echo"])
@pytest.mark.parametrize("messages", [ASKED, ASKED[1:], (Message("user", "日本の首都は「"),)])
async def test_the_same_log_likelihoods_as_in_this_process(kind: str, messages) -> None:
    async with standin(kind).running() as server:
        model = open_model(f"{server.url}#m", ModelOptions(scoring=True))
        await model.prepare()
        request = Request(messages, continuations=TEXTS)
        answer = await model.complete(request)
        shown = await model.rendered(request)
        await model.close()
    assert answer.scored is not None
    if kind == "echo":
        assert shown is None
        assert answer.prompt == "\n\n".join(message.content for message in messages)
    else:
        assert shown == answer.prompt
        assert answer.prompt.startswith("<|im_start|>")
    for text, one in zip(TEXTS, answer.scored, strict=True):
        value, tokens, greedy = here(server, answer.prompt, text, special=kind == "echo")
        assert one.text == text
        assert one.logprob == pytest.approx(value, abs=1e-4)
        assert one.tokens == tokens
        assert one.greedy in (greedy, None)
    best = max(answer.scored, key=lambda one: one.logprob)
    assert answer.text == best.text
    assert answer.usage.input_tokens
    assert answer.usage.duration


@pytest.mark.parametrize("kind", ["vllm", "tgi"])
async def test_a_first_token_that_template_and_tokenizer_both_write_comes_once(kind: str) -> None:
    async with StandIn(kind, tiny("llama"), begins=True).running() as server:
        model = open_model(f"{server.url}#m", ModelOptions(scoring=True))
        await model.prepare()
        answer = await model.complete(Request(ASKED, continuations=TEXTS))
        alone = await model.complete(Request(ASKED, continuations=TEXTS, normalise="unconditional"))
        await model.close()
    assert answer.prompt is not None
    assert answer.prompt.startswith("<s><|im_start|>")
    for text, one in zip(TEXTS, answer.scored or (), strict=True):
        assert one.logprob == pytest.approx(here(server, answer.prompt, text, special=False)[0], abs=1e-4)
    gains = []
    for text, one in zip(TEXTS, answer.scored or (), strict=True):
        rows = server.rows([1, *server.tokenizer(text, add_special_tokens=False).input_ids])
        gains.append(one.logprob - sum(value for value, _ in rows))
    assert alone.text == TEXTS[gains.index(max(gains))]


async def test_a_model_without_a_template_reads_plain_text() -> None:
    async with standin("vllm", "gpt2", False).running() as server:
        model = open_model(f"{server.url}#m")
        await model.prepare()
        reading = await model.reading()
        answer = await model.complete(Request(ASKED, continuations=TEXTS))
        generated = await model.rendered(Request(ASKED))
        await model.close()
    assert reading.template == "plain"
    assert "no chat template" in reading.notes[0]
    assert "completions of plain text" in model.engine
    assert generated == answer.prompt == "Be short.\n\n" + ASKED[1].content
    for text, one in zip(TEXTS, answer.scored or (), strict=True):
        assert one.logprob == pytest.approx(here(server, answer.prompt, text, special=True)[0], abs=1e-4)


@pytest.mark.parametrize("normalise", ["none", "characters", "bytes", "tokens"])
async def test_the_likeliest_under_each_normalisation(normalise: str) -> None:
    async with standin("vllm").running() as server:
        model = open_model(f"{server.url}#m")
        await model.prepare()
        answer = await model.complete(Request(ASKED, continuations=TEXTS, normalise=normalise))
        await model.close()
    scored = answer.scored or []
    by = {
        "none": lambda one: 1,
        "characters": lambda one: len(one.text.strip()),
        "bytes": lambda one: len(one.text.strip().encode()),
        "tokens": lambda one: one.tokens,
    }[normalise]
    assert answer.text == max(scored, key=lambda one: one.logprob / by(one)).text


async def test_without_a_first_token_unconditional_is_refused() -> None:
    async with standin("vllm").running() as server:
        model = open_model(f"{server.url}#m")
        await model.prepare()
        with pytest.raises(ModelError, match="no token before a text") as caught:
            await model.complete(Request(ASKED, continuations=TEXTS, normalise="unconditional"))
        await model.close()
    assert caught.value.kind == "dead"


@pytest.mark.parametrize(
    ("kind", "fix"),
    [("vllm", "gateway"), ("tgi", "--enable-prefill-logprobs"), ("echo", "server: vllm")],
)
async def test_a_server_that_leaves_them_out_is_named_with_the_setting(kind: str, fix: str) -> None:
    async with standin(kind).running() as server:
        server.prefill = False
        model = open_model(f"{server.url}#m", ModelOptions(scoring=True))
        await model.prepare()
        with pytest.raises(ModelError) as caught:
            await model.complete(Request(ASKED, continuations=TEXTS))
        await model.close()
    assert caught.value.kind == "dead"
    assert "although it was asked" in caught.value.what
    assert fix in (caught.value.fix or "")
    assert caught.value.where == model.spec


PAGE = {"vllm": "/v1/completions", "tgi": "/generate", "echo": "/v1/completions"}
FAULTS = {
    "rate_limit": lambda: web.json_response({"error": "slow down"}, status=429, headers={"Retry-After": "1.5"}),
    "server": lambda: web.json_response({"error": "oops"}, status=503),
    "auth": lambda: web.json_response({"error": "no"}, status=401),
    "bad_request": lambda: web.json_response({"error": {"message": "maximum context length"}}, status=400),
    "malformed": lambda: web.Response(text='{"choices": [', content_type="application/json"),
    "empty": lambda: web.Response(text="", content_type="application/json"),
}


@pytest.mark.parametrize("kind", list(PAGE))
@pytest.mark.parametrize("fault", list(FAULTS))
async def test_faults(kind: str, fault: str) -> None:
    async with standin(kind).running() as server:
        server.fault = lambda path, body: FAULTS[fault]() if path == PAGE[kind] else None
        model = open_model(f"{server.url}#m", ModelOptions(scoring=True))
        await model.prepare()
        with pytest.raises(ModelError) as caught:
            await model.complete(Request(ASKED, continuations=TEXTS))
        assert caught.value.kind == fault
        assert caught.value.retry_after == (1.5 if fault == "rate_limit" else None)
        server.fault = None
        assert (await model.complete(Request(ASKED, continuations=TEXTS))).scored
        await model.close()


@pytest.mark.parametrize("kind", list(PAGE))
async def test_a_cut_body_is_no_answer(kind: str) -> None:
    class Cut(web.Response):
        async def write_eof(self, data: bytes = b"") -> None:
            await super().write_eof(data)
            self._req.transport.abort()

    def fault(path: str, body) -> web.Response | None:
        if path != PAGE[kind]:
            return None
        whole = json.dumps({"choices": [{"index": 0}], "details": {}, "pad": "x" * 64}).encode()
        return Cut(body=whole[:40], content_type="application/json", headers={"Content-Length": str(len(whole))})

    async with standin(kind).running() as server:
        server.fault = fault
        model = open_model(f"{server.url}#m", ModelOptions(scoring=True))
        await model.prepare()
        with pytest.raises(ModelError) as caught:
            await model.complete(Request(ASKED, continuations=TEXTS))
        await model.close()
    assert caught.value.retryable
    assert caught.value.usage_may_be_billed


@settings(max_examples=200)
@given(st.lists(st.integers(0, 5), max_size=6), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_the_border_leaves_something_to_score(context: list[int], whole: list[int]) -> None:
    at = border(context, whole)
    assert 0 <= at < len(whole)
    if len(whole) > len(context):
        assert at == len(context)
    else:
        assert whole[:at] == context[:at]


@given(st.text(), st.text())
def test_moving_white_space_keeps_the_whole(context: str, continuation: str) -> None:
    before, after = moved(context, continuation)
    assert before + after == context + continuation
    assert before == before.rstrip()


@given(st.text(min_size=1))
def test_an_escaped_choice_matches_itself_alone(text: str) -> None:
    assert re.fullmatch(escaped(text), text)
    assert not re.fullmatch(escaped(text), text + "x")
    assert not re.fullmatch(escaped(text), "x" + text)


async def test_log_probabilities_that_are_missing_in_part_are_an_error() -> None:
    async with standin("vllm").running() as server:
        whole = server._completions

        def fault(path: str, body) -> web.Response | None:
            if path != "/v1/completions":
                return None
            found = whole(body)
            found["choices"][1]["prompt_logprobs"][-1] = None
            return web.json_response(found)

        server.fault = fault
        model = open_model(f"{server.url}#m")
        await model.prepare()
        with pytest.raises(ModelError, match="left out") as caught:
            await model.complete(Request(ASKED, continuations=TEXTS))
        await model.close()
    assert caught.value.kind == "malformed"


async def test_tokens_of_a_template_that_text_does_not_lead_back_to() -> None:
    """As sentencepiece tokenizers do: then the template's tokens stand, and the continuation is tokenised alone."""
    async with standin("vllm").running() as server:

        def fault(path: str, body) -> web.Response | None:
            if path == "/tokenize" and "messages" in body:
                return web.json_response({"tokens": [*server.tokenizer("ab cd").input_ids, 9], "count": 0})
            return None

        model = open_model(f"{server.url}#m")
        await model.prepare()
        server.fault = fault
        answer = await model.complete(Request(ASKED, continuations=TEXTS))
        await model.close()
    context = [*server.tokenizer("ab cd").input_ids, 9]
    for text, one in zip(TEXTS, answer.scored or (), strict=True):
        own = server.tokenizer(text).input_ids
        rows = server.rows(context + own)[len(context) - 1 :]
        assert one.logprob == pytest.approx(sum(value for value, _ in rows), abs=1e-4)
        assert one.tokens == len(own)


async def test_nothing_to_score() -> None:
    async with standin("vllm").running() as server:
        model = open_model(f"{server.url}#m")
        await model.prepare()
        for texts in ((), ("a", "")):
            with pytest.raises(ModelError) as caught:
                await model.complete(Request(ASKED, continuations=texts))
            assert caught.value.kind == "bad_request"
        await model.close()


async def test_a_plain_server_is_not_asked_to_score_unless_the_project_says_so() -> None:
    async with standin("echo").running() as server:
        model = open_model(f"{server.url}#m")
        await model.prepare()
        assert not model.capabilities.scoring
        server.pages.clear()
        with pytest.raises(ModelError, match="not known to score"):
            await model.complete(Request(ASKED, continuations=TEXTS))
        assert not server.pages
        await model.close()


async def test_embeddings() -> None:
    async with standin("vllm").running() as server:
        model = open_model(f"{server.url}#m", ModelOptions(embeddings=True))
        with pytest.raises(ModelError, match="404") as caught:
            await model.embed(["a"])
        assert caught.value.kind == "dead"
        assert "--runner pooling" in (caught.value.fix or "")
        await model.close()
    server.embeds = True
    async with server.running():
        model = open_model(f"{server.url}#m", ModelOptions(embeddings=True))
        assert model.capabilities.embeddings
        assert await model.embed(["abc", "de", ""]) == [[3.0, 1.0], [2.0, 1.0], [0.0, 1.0]]
        assert await model.embed([]) == []
        await model.close()
    server.embeds = False
