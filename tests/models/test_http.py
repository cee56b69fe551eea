"""What goes over the wire: bodies, keys, constraints, usage, and hints for wrong names."""

from __future__ import annotations

import asyncio
import json

import pytest

from faults import FaultServer, plain, raw, status
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Sampling
from weighbridge.models.remote.wire import body
from weighbridge.models.specs import open_model

SECRET = "-".join(("sk", "never", "shown", "123"))


async def test_the_body_and_the_usage(ask) -> None:
    sampling = Sampling(temperature=0.7, max_tokens=9, top_p=0.9, seed=4, stop=("\n",))
    async with FaultServer(answer=lambda prompt: "two words") as server:
        model = open_model(f"{server.url}#org/model", ModelOptions(extra={"reasoning_effort": "low"}))
        answer = await model.complete(ask("three little words", sampling=sampling, repeat=2))
        await model.close()
    sent = server.calls[0].body
    assert sent == {
        "model": "org/model",
        "messages": [{"role": "user", "content": "three little words"}],
        "temperature": 0.7,
        "max_tokens": 9,
        "top_p": 0.9,
        "seed": 6,
        "stop": ["\n"],
        "stream": True,
        "stream_options": {"include_usage": True},
        "reasoning_effort": "low",
    }
    assert (answer.usage.input_tokens, answer.usage.output_tokens) == (3, 2)
    assert answer.model == "org/model"
    assert answer.request_id == "call-0"
    assert "authorization" not in server.calls[0].headers


@pytest.mark.parametrize(
    ("constrained", "field", "value"),
    [
        ("guided_choice", "guided_choice", ["a", "b"]),
        ("structured_outputs", "structured_outputs", {"choice": ["a", "b"]}),
        ("grammar", "grammar", 'root ::= "a" | "b"'),
    ],
)
def test_constraints(constrained, field: str, value, ask) -> None:
    options = ModelOptions(constrained=constrained)
    assert body(ask(choices=("a", "b")), "m", options)[field] == value
    assert field not in body(ask(), "m", options)
    assert field not in body(ask(choices=("a", "b")), "m", ModelOptions())


async def test_a_choice_by_schema_is_taken_out_of_it(ask) -> None:
    async with FaultServer(script=[plain('{"choice": "b"}'), plain("b"), plain('{"choice": "c"}')]) as server:
        model = open_model(f"{server.url}#m", ModelOptions(constrained="json_schema"))
        assert model.capabilities.choices
        texts = [(await model.complete(ask(choices=("a", "b")))).text for _ in range(3)]
        await model.close()
    assert texts == ["b", "b", '{"choice": "c"}']
    schema = server.calls[0].body["response_format"]["json_schema"]["schema"]
    assert schema["properties"]["choice"]["enum"] == ["a", "b"]


def test_fields_a_server_refuses_are_left_out(ask) -> None:
    options = ModelOptions(omit=("temperature", "stream_options"), max_tokens_field="max_completion_tokens")
    sent = body(ask(json_schema='{"type": "object"}'), "m", options)
    assert sent["max_completion_tokens"] == 32
    assert not {"temperature", "stream_options", "max_tokens", "response_format"} & set(sent)
    sent = body(ask(json_schema='{"type": "object"}'), "m", ModelOptions(json_schema=True))
    assert sent["response_format"]["json_schema"]["schema"] == {"type": "object"}


def test_the_engine_tells_settings_apart_that_change_answers() -> None:
    spec = "http://127.0.0.1:1/v1#m"
    variants = [
        ModelOptions(),
        ModelOptions(constrained="grammar"),
        ModelOptions(extra={"reasoning_effort": "low"}),
        ModelOptions(extra={"reasoning_effort": "high"}),
        ModelOptions(omit=("temperature",)),
    ]
    assert len({open_model(spec, options).engine for options in variants}) == len(variants)


async def test_the_key_is_sent_and_never_shown(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WB_TEST_KEY", f" {SECRET}\n")
    parrot = raw(f'data: {{"error": {{"message": "bad key {SECRET}"}}}}\n\n'.encode())
    async with FaultServer(script=[status(401, message=f"Incorrect key: {SECRET}"), parrot]) as server:
        model = open_model(f"{server.url}#m", ModelOptions(key_env="WB_TEST_KEY"))
        for _ in range(2):
            with pytest.raises(ModelError) as caught:
                await model.complete(ask())
            shown = f"{caught.value} {caught.value!r} {caught.value.args} {caught.value.__cause__}"
            assert SECRET not in shown
            assert "***" in shown
        assert SECRET not in repr(model) + model.spec + model.engine + model.endpoint
        await model.close()
    assert server.calls[0].headers["authorization"] == f"Bearer {SECRET}"


async def test_redirects_are_not_followed(ask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WB_TEST_KEY", SECRET)
    other = FaultServer()
    moved = FaultServer(script=lambda call: status(307, location=f"{other.url}/chat/completions"))
    async with other, moved as server:
        model = open_model(f"{server.url}#m", ModelOptions(key_env="WB_TEST_KEY"))
        with pytest.raises(ModelError, match="redirects"):
            await model.complete(ask())
        await model.close()
    assert other.calls == []


async def test_one_model_in_two_event_loops(ask) -> None:
    async with FaultServer() as server:
        model = open_model(f"{server.url}#m")
        assert (await model.complete(ask())).text == "ok"

        def elsewhere() -> str:
            async def once() -> str:
                answer = await model.complete(ask())
                await model.close()
                return answer.text

            return asyncio.run(once())

        assert await asyncio.to_thread(elsewhere) == "ok"


def test_recorded_bodies_satisfy_the_vendors_types(ask) -> None:
    """The same bytes, read by the `openai` package's own types."""
    types = pytest.importorskip("openai.types.chat")
    from weighbridge.models.remote.answer import Answer

    document = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-2026",
        "choices": [
            {
                "index": 0,
                "message": {"role": "assistant", "content": "Paris", "refusal": None},
                "logprobs": {
                    "content": [{"token": "Paris", "bytes": None, "logprob": -0.5, "top_logprobs": []}],
                    "refusal": None,
                },
                "finish_reason": "stop",
            }
        ],
        "usage": {
            "prompt_tokens": 7,
            "completion_tokens": 5,
            "total_tokens": 12,
            "prompt_tokens_details": {"cached_tokens": 3},
            "completion_tokens_details": {"reasoning_tokens": 4},
        },
    }
    theirs = types.ChatCompletion.model_validate(document)
    answer = Answer("test")
    answer.document(json.dumps(document).encode())
    ours = answer.completion(ask())
    assert ours.text == theirs.choices[0].message.content
    assert ours.model == theirs.model
    assert ours.logprobs == [("Paris", -0.5)]
    assert ours.usage.input_tokens == theirs.usage.prompt_tokens
    assert ours.usage.cached_tokens == theirs.usage.prompt_tokens_details.cached_tokens
    assert ours.usage.reasoning_tokens == theirs.usage.completion_tokens_details.reasoning_tokens

    chunks = [
        {"delta": {"role": "assistant", "content": ""}, "finish_reason": None},
        {"delta": {"content": "Pa"}, "finish_reason": None},
        {"delta": {"content": "ris"}, "finish_reason": None},
        {"delta": {}, "finish_reason": "length"},
    ]
    head = {"id": "chatcmpl-2", "object": "chat.completion.chunk", "created": 1, "model": "m"}
    bodies = [head | {"choices": [{"index": 0, **chunk}]} for chunk in chunks]
    bodies.append(head | {"choices": [], "usage": document["usage"]})
    answer, text = Answer("test"), ""
    for one in bodies:
        parsed = types.ChatCompletionChunk.model_validate(one)
        text += "".join(choice.delta.content or "" for choice in parsed.choices)
        answer.add(b"", json.dumps(one).encode())
    ours = answer.completion(ask())
    assert ours.text == text == "Paris"
    assert ours.finish == "length"
    assert ours.usage.output_tokens == 5


def test_requests_satisfy_the_vendors_types(ask) -> None:
    """Each field of a plain request is one that the `openai` package's method takes."""
    import inspect

    completions = pytest.importorskip("openai.resources.chat.completions")
    known = set(inspect.signature(completions.Completions.create).parameters)
    sampling = Sampling(temperature=0.7, max_tokens=9, top_p=0.9, seed=4, stop=("\n",))
    sent = body(
        ask(sampling=sampling, logprobs=True, json_schema='{"type": "object"}'),
        "m",
        ModelOptions(logprobs=True, json_schema=True),
    )
    assert set(sent) <= known
