"""OpenAI's chat completions: bodies by vendor, answers from streams cut anywhere, and finish reasons without loss."""

from __future__ import annotations

import inspect
import json
import random
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.evidence import Completion, Finish, ToolCall
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request, Sampling, Tool
from weighbridge.models.remote.wires.openai_chat import ChatWire, closed
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.tasks.item import Image, Message
from wire_feeding import ASKED, cuts, fed, sse, whole

TOOL = Tool("look_up", '{"type": "object", "properties": {"city": {"type": "string"}}}', "The weather there")
TEXT = "naïve café 🦜 日本"


def wire(vendor: str = "openai", **options: Any) -> ChatWire:
    made = VENDORS[vendor].make(ModelOptions(**options))
    assert isinstance(made, ChatWire)
    return made


def body(request: Request, vendor: str = "openai", model: str = "gpt-4o-mini", **options: Any) -> dict[str, Any]:
    call = wire(vendor, **options).call(request, model, stream=True)
    found = json.loads(call.body)
    assert isinstance(found, dict)
    return found


def chunk(delta: dict[str, Any] | None = None, finish: str | None = None, **more: Any) -> dict[str, Any]:
    choices = [{"index": 0, "delta": delta or {}, "finish_reason": finish}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-2026-01-01"}
    return {**head, "choices": choices, **more}


def tool(index: int, **parts: Any) -> dict[str, Any]:
    function = {name: parts[name] for name in ("name", "arguments") if name in parts}
    head = {"id": parts["id"], "type": "function"} if "id" in parts else {}
    return {"tool_calls": [{"index": index, **head, "function": function}]}


USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 9,
    "total_tokens": 29,
    "prompt_tokens_details": {"cached_tokens": 16},
    "completion_tokens_details": {"reasoning_tokens": 4},
}
STREAM: list[dict[str, Any]] = [
    chunk({"role": "assistant", "content": ""}, system_fingerprint="fp_1"),
    chunk({"content": "naïve café 🦜"}),
    chunk(tool(0, id="call_a", name="look_up", arguments="")),
    chunk(tool(1, id="call_b", name="look_up", arguments='{"ci')),
    chunk(tool(0, arguments='{"city": "Zü')),
    chunk({"content": " 日本"}),
    chunk(tool(1, arguments='ty": "Oslo"}')),
    chunk(tool(0, arguments='rich"}')),
    chunk(tool(2, id="call_c", name="now", arguments="")),
    chunk({}, "tool_calls"),
    {**chunk(), "choices": [], "usage": USAGE},
]
CALLS = [
    ToolCall("call_a", "look_up", '{"city": "Zürich"}'),
    ToolCall("call_b", "look_up", '{"city": "Oslo"}'),
    ToolCall("call_c", "now", "{}"),
]


def check(found: Completion) -> None:
    assert found.text == TEXT
    assert found.tool_calls == CALLS
    assert (found.finish, found.stop_reason, found.fingerprint) == (Finish.TOOL, "tool_calls", "fp_1")
    usage = found.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens) == (20, 9, 16, 4)
    assert (found.model, found.request_id) == ("m-2026-01-01", "chatcmpl-1")


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b"\r"])
def test_a_stream_cut_at_every_byte_says_the_same(ending: bytes) -> None:
    stream = b": keep-alive" + ending * 2 + sse(STREAM, ending=ending, done=True)
    for place in range(len(stream)):
        text, reader = fed(wire().reader("w", ASKED), cuts(stream, [place]))
        assert text == TEXT
        check(reader.completion())


@given(st.lists(st.integers(1, 2500), max_size=40))
def test_a_stream_in_any_segments_says_the_same(places: list[int]) -> None:
    _, reader = fed(wire().reader("w", ASKED), cuts(sse(STREAM, done=True), places))
    check(reader.completion())


def test_every_stream_that_stops_early_is_cut_and_never_an_answer() -> None:
    stream = sse(STREAM[:2])
    for place in range(len(stream)):
        _, reader = fed(wire().reader("w", ASKED), [stream[:place]])
        with pytest.raises(ModelError) as caught:
            reader.completion()
        assert caught.value.kind in ("cut", "empty")
        assert caught.value.usage_may_be_billed


@given(st.integers(1, 5), st.randoms(use_true_random=False), st.booleans())
def test_parallel_calls_may_be_written_in_any_order(count: int, order: random.Random, numbered: bool) -> None:
    """Each call's pieces keep their order; between calls any order may come, as long as each says its index."""
    texts = [json.dumps({"n": number, "text": "é" * number}) for number in range(count)]
    queues = [
        [tool(at, id=f"c{at}", name=f"f{at}"), *(tool(at, arguments=letter) for letter in text)]
        for at, text in enumerate(texts)
    ]
    if not numbered:
        for queue in queues:
            for delta in queue:
                del delta["tool_calls"][0]["index"]
    begun = [queue.pop(0) for queue in queues] if numbered else []
    rest = []
    while any(queues):
        at = (
            order.choice([at for at, queue in enumerate(queues) if queue])
            if numbered
            else next(at for at, queue in enumerate(queues) if queue)
        )
        rest.append(queues[at].pop(0))
    events = [chunk(delta) for delta in (*begun, *rest)]
    _, reader = fed(wire().reader("w", ASKED), [sse([*events, chunk({}, "tool_calls")], done=True)])
    found = reader.completion().tool_calls
    assert found == [ToolCall(f"c{at}", f"f{at}", text) for at, text in enumerate(texts)]


def test_calls_that_share_one_index_are_told_apart_by_their_ids() -> None:
    events = [
        chunk(tool(0, id="a", name="f", arguments='{"x":1}')),
        chunk(tool(0, id="b", name="g", arguments='{"y":')),
        chunk(tool(0, arguments="2}")),
        chunk({}, "stop"),
    ]
    _, reader = fed(wire("groq").reader("w", ASKED), [sse(events, done=True)])
    found = reader.completion()
    assert found.tool_calls == [ToolCall("a", "f", '{"x":1}'), ToolCall("b", "g", '{"y":2}')]
    assert found.finish is Finish.TOOL, "whatever word the server chose"


def document(message: dict[str, Any], finish: str = "stop", **more: Any) -> dict[str, Any]:
    choices = [{"index": 0, "message": {"role": "assistant", **message}, "finish_reason": finish}]
    return {"id": "chatcmpl-1", "model": "m-2026-01-01", "choices": choices, "usage": USAGE, **more}


def test_a_document_says_what_the_stream_says() -> None:
    calls = [
        {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
        for call in CALLS
    ]
    message = {"content": TEXT, "tool_calls": calls}
    check(whole(wire().reader("w", ASKED), document(message, "tool_calls", system_fingerprint="fp_1")))


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("stop", Finish.STOP),
        ("length", Finish.LENGTH),
        ("model_length", Finish.LENGTH),
        ("content_filter", Finish.FILTER),
        ("sensitive", Finish.FILTER),
        ("end_turn", Finish.STOP),
    ],
)
def test_finish_reasons_keep_the_vendors_word(reason: str, finish: Finish) -> None:
    found = whole(wire().reader("w", ASKED), document({"content": "an answer"}, reason))
    assert (found.finish, found.stop_reason) == (finish, reason)


@pytest.mark.parametrize("reason", ["error", "insufficient_system_resource"])
def test_what_the_server_gave_up_is_no_answer(reason: str) -> None:
    with pytest.raises(ModelError, match="gave up") as caught:
        whole(wire("deepseek").reader("w", ASKED), document({"content": "half an"}, reason))
    assert caught.value.kind == "cut"


def test_a_refusal_is_an_outcome() -> None:
    events = [chunk({"refusal": "I can"}), chunk({"refusal": "not"}), chunk({}, "stop")]
    _, reader = fed(wire().reader("w", ASKED), [sse(events, done=True)])
    found = reader.completion()
    assert (found.finish, found.text) == (Finish.REFUSAL, "I cannot")


def test_reasoning_stands_apart_and_goes_back_with_its_tool_calls() -> None:
    events = [
        chunk({"reasoning_content": "hm, "}),
        chunk({"reasoning_content": "yes"}),
        chunk(tool(0, id="a", name="f", arguments="{}")),
        chunk({}, "tool_calls"),
    ]
    _, reader = fed(wire("deepseek").reader("w", ASKED), [sse(events, done=True)])
    found = reader.completion()
    assert (found.text, found.reasoning) == ("", "hm, yes")
    assert found.tool_calls is not None
    turn = Message("assistant", "", tool_calls=tuple(found.tool_calls), echo=found.echo)
    sent = body(
        Request((*ASKED.messages, turn, Message("tool", "42", tool_call_id="a"))), "deepseek", "deepseek-chat"
    )
    assert sent["messages"][1]["reasoning_content"] == "hm, yes"
    assert sent["messages"][1]["content"] is None
    assert sent["messages"][2] == {"role": "tool", "content": "42", "tool_call_id": "a"}


def test_openrouters_reasoning_blocks_are_put_together_again() -> None:
    block = {"type": "reasoning.text", "index": 0, "format": "x"}
    events = [
        chunk({"reasoning": "a", "reasoning_details": [{**block, "text": "a"}]}),
        chunk({"reasoning": "b", "reasoning_details": [{**block, "text": "b", "signature": "s=="}]}),
        chunk(tool(0, id="a", name="f", arguments="{}")),
        chunk({}, "tool_calls"),
    ]
    _, reader = fed(wire("openrouter").reader("w", ASKED), [sse(events, done=True)])
    found = reader.completion()
    assert msgspec.json.decode(found.echo or "") == {
        "reasoning_details": [{**block, "text": "ab", "signature": "s=="}]
    }
    assert found.reasoning == "ab"


def test_magistrals_parts_are_told_apart() -> None:
    parts = [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}, {"type": "text", "text": "4"}]
    found = whole(wire("mistral").reader("w", ASKED), document({"content": parts}))
    assert (found.text, found.reasoning) == ("4", "hm")


@pytest.mark.parametrize(
    ("usage", "output", "cached"),
    [
        ({"prompt_tokens": 5, "completion_tokens": 2, "prompt_cache_hit_tokens": 3}, 2, 3),
        ({"prompt_tokens": 5, "completion_tokens": 2, "cached_tokens": 4}, 2, 4),
        (
            {
                "prompt_tokens": 5, "completion_tokens": 2, "total_tokens": 107,
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
            102, None,
        ),
        (
            {
                "prompt_tokens": 5, "completion_tokens": 102, "total_tokens": 107,
                "completion_tokens_details": {"reasoning_tokens": 100},
            },
            102, None,
        ),
        ({"prompt_tokens": 5, "completion_tokens": 2}, 2, None),
    ],
)  # fmt: skip
def test_usage_in_each_vendors_place(usage: dict[str, Any], output: int, cached: int | None) -> None:
    found = whole(wire("xai").reader("w", ASKED), {**document({"content": "a"}), "usage": usage})
    assert (found.usage.output_tokens, found.usage.cached_tokens) == (output, cached)


def test_groqs_usage_of_a_stream() -> None:
    events = [chunk({"content": "a"}), chunk({}, "stop", x_groq={"id": "r", "usage": USAGE})]
    _, reader = fed(wire("groq").reader("w", ASKED), [sse(events, done=True)])
    assert reader.completion().usage.input_tokens == 20


@pytest.mark.parametrize("choices", [[], None])
def test_an_empty_choice_list_is_no_answer(choices: list[Any] | None) -> None:
    with pytest.raises(ModelError) as caught:
        whole(wire().reader("w", ASKED), {**document({"content": "a"}), "choices": choices})
    assert caught.value.kind == "empty"


def test_the_body_holds_every_kind_of_turn() -> None:
    image = Image("image/png", b"\x89PNG")
    call = ToolCall("call_a", "look_up", '{"city": "Oslo"}')
    messages = (
        Message("system", "Be brief."),
        Message("user", "What is this?", images=(image, Image(url="https://example.com/a.png"))),
        Message("assistant", "", tool_calls=(call,)),
        Message("tool", "rain", tool_call_id="call_a"),
    )
    sampling = Sampling(temperature=0.5, max_tokens=64, top_p=0.9, seed=3, stop=("\n",))
    sent = body(Request(messages, sampling, tools=(TOOL,), tool_choice="look_up", logprobs=True))
    assert sent["messages"] == [
        {"role": "system", "content": "Be brief."},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw=="}},
                {"type": "image_url", "image_url": {"url": "https://example.com/a.png"}},
                {"type": "text", "text": "What is this?"},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "call_a", "type": "function", "function": {"name": "look_up", "arguments": call.arguments}}
            ],
        },
        {"role": "tool", "content": "rain", "tool_call_id": "call_a"},
    ]
    assert sent["tool_choice"] == {"type": "function", "function": {"name": "look_up"}}
    assert sent["tools"][0]["function"]["parameters"] == json.loads(TOOL.parameters)
    assert (sent["max_completion_tokens"], sent["seed"], sent["stop"], sent["logprobs"]) == (64, 3, ["\n"], True)
    assert sent["stream_options"] == {"include_usage": True}
    completions = pytest.importorskip("openai.resources.chat.completions")
    assert set(sent) <= set(inspect.signature(completions.Completions.create).parameters)


def test_reasoning_models_get_a_developer_and_no_temperature() -> None:
    request = Request((Message("system", "s"), Message("user", "u")), Sampling(reasoning_effort="low"))
    sent = body(request, model="o4-mini")
    assert [turn["role"] for turn in sent["messages"]] == ["developer", "user"]
    assert sent["reasoning_effort"] == "low"
    assert not {"temperature", "top_p", "max_tokens"} & set(sent)
    assert "temperature" in body(request, model="gpt-5.2", can=("temperature",))


def test_vendors_differ_as_their_rows_say() -> None:
    request = Request(ASKED.messages, Sampling(seed=1), tools=(TOOL,), tool_choice="required")
    sent = body(request, "mistral", "mistral-small-latest")
    assert (sent["random_seed"], sent["tool_choice"]) == (1, "any")
    assert not {"seed", "stream_options"} & set(sent)
    sent = body(Request(ASKED.messages, logprobs=True), "together", "x")
    assert sent["logprobs"] == 1
    assert "top_logprobs" not in sent
    assert body(ASKED, "minimax", "x")["reasoning_split"] is True


CLOSED = {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"], "additionalProperties": False}


@pytest.mark.parametrize(
    ("schema", "strict"),
    [
        (CLOSED, True),
        ({**CLOSED, "required": []}, False),
        ({"type": "object"}, False),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": CLOSED}}}, True),
        ({**CLOSED, "properties": {"a": {"type": "array", "items": {"type": "object"}}}}, False),
        ({"$defs": {"b": {"type": "object", "properties": {}}}, **CLOSED}, False),
        ({**CLOSED, "properties": {"a": {"anyOf": [CLOSED, {"type": "null"}]}}}, True),
        ({**CLOSED, "properties": {"properties": {"type": "string"}}, "required": ["properties"]}, True),
    ],
)
def test_strictness_is_asked_for_where_it_can_be_had(schema: dict[str, Any], strict: bool) -> None:
    assert closed(schema) is strict
    sent = body(Request(ASKED.messages, json_schema=json.dumps(schema)))
    assert sent["response_format"]["json_schema"]["strict"] is strict
    assert sent["response_format"]["json_schema"]["schema"] == schema


def test_a_choice_is_taken_out_of_its_object() -> None:
    request = Request(ASKED.messages, choices=("yes", "no"))
    schema = body(request)["response_format"]["json_schema"]
    assert schema["strict"] is True
    assert schema["schema"]["properties"]["choice"]["enum"] == ["yes", "no"]
    assert whole(wire().reader("w", request), document({"content": '{"choice": "no"}'})).text == "no"


def test_embeddings_in_order_and_in_number() -> None:
    call = wire().embeddings(["a", "b"], "text-embedding-3-small")
    assert json.loads(call.body)["input"] == ["a", "b"]
    reader = wire().vectors("w", 2)
    reader.document(b'{"data": [{"index": 1, "embedding": [2]}, {"index": 0, "embedding": [1.5]}]}')
    assert reader.vectors() == [[1.5], [2.0]]
    short = wire().vectors("w", 2)
    short.document(b'{"data": [{"index": 0, "embedding": [1.5]}]}')
    with pytest.raises(ModelError, match="1 embeddings for 2"):
        short.vectors()
