"""What a server is, is seen once and cheaply, written into the engine's name, and remembered when it is away."""

from __future__ import annotations

import asyncio
import socket
from collections import Counter
from typing import Any

import pytest
from aiohttp import web

from faults import FaultServer
from models.servers.exchange import served
from weighbridge.evidence import Price, Question
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Known, ModelError, Preparing, Rendering, Request, Sampling, Templated
from weighbridge.models.remote.http import HttpModel
from weighbridge.models.remote.servers.found import Found, parsed
from weighbridge.models.remote.servers.offers import engine_of
from weighbridge.models.specs import open_model
from weighbridge.store import open_store
from weighbridge.tasks.item import Message
from weighbridge.weighing.candidate import Candidate
from weighbridge.weighing.weigh import weigh
from weighing.parts import Plain, task_of

TAGS = {"models": [{"name": "m:latest", "digest": "f00d"}, {"name": "other:latest", "digest": "beef"}]}
PROPS = {
    "default_generation_settings": {"n_ctx": 512},
    "total_slots": 3,
    "build_info": "b9000-abc",
    "chat_template": "",
}
TGI = {"model_id": "m", "model_sha": "abc123", "version": "3.3.5", "max_concurrent_requests": 128}
SERVE = {"paths": {"/load_model": {}, "/v1/chat/completions": {}, "/v1/responses": {}, "/health": {}}}
PAGES: dict[str, dict[str, Any]] = {
    "vllm": {"/v1/models": {"data": [{"id": "m", "owned_by": "vllm"}]}, "/version": {"version": "0.11.2"}},
    "llama.cpp": {"/v1/models": {"data": [{"id": "m", "owned_by": "llamacpp"}]}, "/props": PROPS},
    "ollama": {
        "/v1/models": {"data": [{"id": "m:latest", "owned_by": "library"}]},
        "/api/version": {"version": "0.13.5"},
        "/api/tags": TAGS,
    },
    "tgi": {"/v1/models": {"data": [{"id": "m", "owned_by": "m"}]}, "/info": TGI},
    "transformers": {"/v1/models": {"data": []}, "/openapi.json": SERVE},
    "openai": {"/v1/models": {"data": [{"id": "m", "owned_by": "someone"}]}},
}
ENGINES = {
    "vllm": "vLLM 0.11.2; chat completions; choices by structured_outputs; scored by prompt_logprobs; {",
    "llama.cpp": "llama.cpp server b9000-abc; chat completions; choices by grammar; scored by forced tokens; {",
    "ollama": 'Ollama 0.13.5; chat completions; choices by json_schema; {"top_p":1.0}',
    "tgi": "TGI 3.3.5; chat completions; choices by regex",
    "transformers": "transformers serve; chat completions; {",
    "openai": "chat completions",
}
REVISIONS = {"ollama": "sha256:f00d", "tgi": "abc123"}
ASKED = (Message("user", "hello"),)


def pages(kind: str, asked: Counter[str]):
    async def answer(request: web.Request) -> web.Response:
        asked[request.path] += 1
        found = PAGES[kind].get(request.path)
        return web.json_response(found or {"detail": "Not Found"}, status=200 if found is not None else 404)

    return answer


@pytest.mark.parametrize("kind", list(PAGES))
async def test_each_server_is_told_by_what_it_shows(kind: str) -> None:
    asked: Counter[str] = Counter()
    async with served(pages(kind, asked)) as url:
        model = open_model(f"{url}/v1#m")
        assert isinstance(model, Preparing)
        assert not model.prepared
        assert model.engine == "chat completions"
        await model.prepare()
        assert model.prepared
        first = asked.total()
        await model.prepare()
        await model.close()
    assert model.engine.startswith(ENGINES[kind])
    assert model.revision == REVISIONS.get(kind, "")
    assert asked.total() == first, "it is looked at once"
    assert max(asked.values()) <= 2
    assert "/v1/chat/completions" not in asked
    found = parsed(model.engine)
    assert found is not None
    assert found.name == kind
    if kind == "llama.cpp":
        assert model.concurrency == 3
        assert "ChatML" in (await model.reading()).notes[0]


@pytest.mark.parametrize("kind", list(PAGES))
async def test_declared_means_the_same_as_found(kind: str) -> None:
    asked: Counter[str] = Counter()
    async with served(pages(kind, asked)) as url:
        found, told = open_model(f"{url}/v1#m"), open_model(f"{url}/v1#m", ModelOptions(server=kind))
        assert told.capabilities.choices == (kind not in ("openai", "transformers"))
        await found.prepare()
        await told.prepare()
        assert told.engine == found.engine
        assert told.revision == found.revision
        assert told.capabilities == found.capabilities
        await found.close()
        await told.close()


async def test_openai_is_not_looked_at() -> None:
    async with FaultServer() as server:
        model = open_model(f"{server.url}#m", ModelOptions(server="openai"))
        assert model.prepared
        await model.prepare()
        assert server.connections == 0
        await model.close()


async def test_a_vendor_is_asked_for_its_list_of_models_alone() -> None:
    asked: Counter[str] = Counter()
    async with served(pages("openai", asked)) as url:
        model = open_model(f"{url}/v1#m")
        model.home = False
        await model.prepare()
        await model.close()
    assert dict(asked) == {"/v1/models": 1}


async def test_a_server_that_hangs_holds_nothing_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("weighbridge.models.remote.servers.service.LOOK", 0.2)

    gone = asyncio.Event()

    async def never(request: web.Request) -> web.Response:
        await gone.wait()
        return web.Response(status=503)

    async with served(never) as url:
        model = open_model(f"{url}/v1#m")
        began = asyncio.get_running_loop().time()
        await model.prepare()
        assert asyncio.get_running_loop().time() - began < 2
        assert model.prepared
        assert model.engine == "chat completions"
        await model.close()
        gone.set()


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 3}', '{"data": 4}', '"x"', "null", "\xff"])
async def test_pages_that_hold_something_else_mean_a_plain_server(text: str) -> None:
    async def odd(request: web.Request) -> web.Response:
        return web.Response(body=text.encode("latin-1"), content_type="application/json")

    async with served(odd) as url:
        model = open_model(f"{url}/v1#m")
        await model.prepare()
        await model.close()
    assert model.engine == "chat completions"


async def test_a_server_that_is_away_is_taken_for_what_it_was() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        spec = f"http://127.0.0.1:{taken.getsockname()[1]}/v1#m"
    options = ModelOptions(extra={"seed": 1})
    was = Found("tgi", "3.3.5", "abc123")
    known = [
        Known("old", engine_of(options, Found("tgi", "2.0", "old"))),
        Known("abc123", engine_of(options, was)),
        Known("", engine_of(ModelOptions(), Found("vllm", "0.11"))),
        Known("", "python 3.11"),
    ]
    model = open_model(spec, options)
    await model.prepare(known)
    assert model.engine == engine_of(options, was)
    assert model.revision == "abc123"
    assert model.capabilities.choices
    await model.close()
    fresh = open_model(spec, options)
    await fresh.prepare([])
    assert fresh.engine == 'chat completions; {"seed":1}'
    await fresh.close()


async def test_answers_are_found_again_when_the_server_is_gone(tmp_path) -> None:
    asked: Counter[str] = Counter()

    async def vllm(request: web.Request) -> web.Response:
        asked[request.path] += 1
        if request.path != "/v1/chat/completions":
            found = PAGES["vllm"].get(request.path)
            return web.json_response(found or {}, status=200 if found else 404)
        sent = await request.json()
        text = "yes" if sent["model"] == "a" else "no"
        message = {"role": "assistant", "content": text}
        return web.json_response({"id": "1", "choices": [{"message": message, "finish_reason": "stop"}]})

    def candidates(url: str) -> list[Candidate]:
        return [
            Candidate(name, open_model(f"{url}/v1#{name}"), Plain(), Sampling(max_tokens=4), Price(per_request=0.01))
            for name in ("a", "b")
        ]

    question = Question()
    with open_store(tmp_path / "answers.db") as store:
        async with served(vllm) as url:
            ours = candidates(url)
            first = await weigh(task_of(60), ours, question, store=store)
            for one in ours:
                assert one.model.engine.startswith("vLLM 0.11.2")
                await one.model.close()
        assert first.calls_made > 0
        again = candidates(url)
        second = await weigh(task_of(60), again, question, store=store)
        for one in again:
            await one.model.close()
    assert second.calls_from_store == second.calls_made == first.calls_made
    assert second.outcome.winners == first.outcome.winners
    assert asked["/version"] == 2


def test_it_is_all_that_it_says() -> None:
    model = open_model("http://127.0.0.1:1/v1#m")
    assert isinstance(model, HttpModel)
    assert isinstance(model, Preparing)
    assert isinstance(model, Rendering)
    assert isinstance(model, Templated)


async def test_what_a_server_says_of_itself_cannot_pass_for_more_than_a_version() -> None:
    said = "1.0; chat completions\n\x1b[31mred" + "x" * 500

    async def loud(request: web.Request) -> web.Response:
        if request.path == "/version":
            return web.json_response({"version": said})
        return await pages("vllm", Counter())(request)

    async with served(loud) as url:
        model = open_model(f"{url}/v1#m")
        await model.prepare()
        await model.close()
    assert model.engine.isprintable()
    assert len(model.engine) < 400
    assert model.engine.startswith("vLLM 1.0 chat completions[31mredx")
    assert engine_of(ModelOptions(), parsed(model.engine)) == model.engine


async def test_plain_text_by_choice_goes_to_completions() -> None:
    async def texts(request: web.Request) -> web.Response:
        if request.path != "/v1/completions":
            return web.json_response({}, status=404)
        sent = await request.json()
        assert sent["prompt"] == "one\n\ntwo"
        assert sent["logprobs"] == 1
        choice = {
            "text": "three",
            "finish_reason": "stop",
            "logprobs": {"tokens": ["three"], "token_logprobs": [-0.5]},
        }
        return web.json_response({"id": "1", "choices": [choice]})

    async with served(texts) as url:
        model = open_model(f"{url}/v1#m", ModelOptions(template="plain", logprobs=True, stream=False))
        await model.prepare()
        request = Request((Message("system", "one"), Message("user", "two")), logprobs=True)
        answer = await model.complete(request)
        assert (answer.text, answer.logprobs) == ("three", [("three", -0.5)])
        assert "plain text" in model.engine
        assert (await model.reading()).template == "plain"
        assert await model.rendered(request) == "one\n\ntwo"
        await model.close()


async def test_a_template_that_drops_or_refuses_the_system_message_is_told() -> None:
    shown = {"drops": "<u>Zq7 user text</u><a>", "refuses": None}
    for odd, text in shown.items():

        async def vllm(request: web.Request, text: str | None = text) -> web.Response:
            if request.path == "/tokenize":
                roles = [message["role"] for message in (await request.json())["messages"]]
                if text is None and "system" in roles:
                    return web.json_response({"error": {"message": "System role not supported"}}, status=400)
                return web.json_response({"tokens": [1], "count": 1})
            if request.path == "/detokenize":
                return web.json_response({"prompt": text or "Zq7 user text"})
            return await pages("vllm", Counter())(request)

        async with served(vllm) as url:
            model = open_model(f"{url}/v1#m")
            reading = await model.reading()
            await model.close()
        assert reading.template == "chat"
        assert reading.notes == (f"the chat template {odd} system messages",)


async def test_redirects_of_pages_are_not_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WB_TEST_KEY", "k-1")
    seen: list[str] = []

    async def other(request: web.Request) -> web.Response:
        seen.append(request.path)
        return web.json_response(PAGES["vllm"].get(request.path, {}))

    async with served(other) as elsewhere:

        async def moved(request: web.Request) -> web.Response:
            return web.Response(status=307, headers={"Location": f"{elsewhere}{request.path}"})

        async with served(moved) as url:
            model = open_model(f"{url}/v1#m", ModelOptions(key_env="WB_TEST_KEY"))
            await model.prepare()
            with pytest.raises(ModelError, match="redirects"):
                await model.complete(Request(ASKED))
            await model.close()
    assert seen == []
    assert "k-1" not in repr(model)
