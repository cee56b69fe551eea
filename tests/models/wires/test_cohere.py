"""Cohere's chat, version 2: bodies by its SDK's types, answers beside what its client reads out of the same bytes."""

from __future__ import annotations

import json
from typing import Any

import cohere
import pydantic
import pytest
from cohere.types import ChatMessageV2, ToolV2
from hypothesis import given, settings
from hypothesis import strategies as st

from streamed import assert_never_half, body_of, options, read, request, served, split, sse, timeless, vendor, whole
from weighbridge.evidence import Completion, Finish, ToolCall
from weighbridge.models.protocol import ModelError, Sampling, Tool
from weighbridge.models.remote.wires import cohere as format_
from weighbridge.tasks.item import Image, Message

WIRE = format_.make(vendor("cohere", "https://api.cohere.com/v2", "Cohere"), options())
ASKED = request()
USAGE = {
    "billed_units": {"input_tokens": 10.0, "output_tokens": 20.0},
    "tokens": {"input_tokens": 500.0, "output_tokens": 25.0},
    "cached_tokens": 4.0,
}


def event(kind: str, index: int | None = None, **message: Any) -> dict[str, Any]:
    return {"type": kind, **({} if index is None else {"index": index}), "delta": {"message": message}}


def end(reason: str = "TOOL_CALL", **more: Any) -> dict[str, Any]:
    return {"type": "message-end", "id": "c1", "delta": {"finish_reason": reason, "usage": USAGE, **more}}


def function(name: str, arguments: str, **more: str) -> dict[str, Any]:
    return {"type": "function", "function": {"name": name, "arguments": arguments}, **more}


EVENTS = [
    {"id": "c1", **event("message-start", role="assistant", content=[], tool_plan="", tool_calls=[], citations=[])},
    event("content-start", 0, content={"type": "thinking", "thinking": ""}),
    event("content-delta", 0, content={"thinking": "hm"}),
    {"type": "content-end", "index": 0},
    event("tool-plan-delta", tool_plan="I will "),
    event("tool-plan-delta", tool_plan="look"),
    event("content-start", 1, content={"type": "text", "text": ""}),
    {
        **event("content-delta", 1, content={"text": "Grüße "}),
        "logprobs": {"text": "Grüße ", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]},
    },
    event("content-delta", 1, content={"text": "🦊"}),
    {"type": "content-end", "index": 1},
    event("tool-call-start", 0, tool_calls=function("look", "", id="t1")),
    event("tool-call-delta", 0, tool_calls={"function": {"arguments": '{"a": '}}),
    event("tool-call-start", 1, tool_calls=function("go", "", id="t2")),
    event("tool-call-delta", 0, tool_calls={"function": {"arguments": "1}"}}),
    {"type": "tool-call-end", "index": 0},
    {"type": "tool-call-end", "index": 1},
    event("citation-start", 0, citations={"start": 0, "end": 3, "text": "Grü", "sources": []}),
    {"type": "citation-end", "index": 0},
    end(),
]
STREAM = sse(EVENTS)


def test_a_stream_says_what_the_sdk_says_of_it() -> None:
    found = read(WIRE, ASKED, [STREAM])
    with served(STREAM, "text/event-stream") as address:
        client = cohere.ClientV2(api_key="k", base_url=address)
        messages = [{"role": "user", "content": "?"}]
        theirs = list(client.chat_stream(model="m", messages=messages))
    pieces = [one.delta.message.content for one in theirs if one.type == "content-delta"]
    assert found.text == "".join(piece.text for piece in pieces if piece.text) == "Grüße 🦊"
    assert found.reasoning == "".join(piece.thinking for piece in pieces if piece.thinking) == "hm"
    starts = [one.delta.message.tool_calls for one in theirs if one.type == "tool-call-start"]
    calls = found.tool_calls or []
    assert [(call.id, call.name) for call in calls] == [(one.id, one.function.name) for one in starts]
    assert [call.arguments for call in calls] == ['{"a": 1}', "{}"]
    last = theirs[-1].delta
    assert (found.finish, found.stop_reason) == (Finish.TOOL, last.finish_reason)
    assert found.request_id == theirs[0].id
    assert found.usage.input_tokens == last.usage.billed_units.input_tokens
    assert found.usage.output_tokens == last.usage.billed_units.output_tokens
    assert found.usage.cached_tokens == last.usage.cached_tokens
    assert found.logprobs == [("Grüße ", -0.5), ("", -0.25)]
    assert json.loads(found.echo or "") == {
        "cohere": {
            "tool_plan": "I will look",
            "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Grüße 🦊"}],
        }
    }


def test_a_document_says_the_same_as_its_stream() -> None:
    message = {
        "role": "assistant",
        "tool_plan": "I will look",
        "content": [{"type": "thinking", "thinking": "hm"}, {"type": "text", "text": "Grüße 🦊"}],
        "tool_calls": [function("look", '{"a": 1}', id="t1"), function("go", "", id="t2")],
    }
    logprobs = [{"text": "Grüße ", "token_ids": [1, 2], "logprobs": [-0.5, -0.25]}]
    body = {"id": "c1", "finish_reason": "TOOL_CALL", "message": message, "usage": USAGE, "logprobs": logprobs}
    cohere.V2ChatResponse.model_validate(body)
    assert timeless(whole(WIRE, ASKED, body)) == timeless(read(WIRE, ASKED, [STREAM]))


@given(st.lists(st.integers(0, 10_000), max_size=30), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_segments_line_ends_and_comments_change_nothing(places: list[int], line: str, noisy: bool) -> None:
    stream = sse(EVENTS, line=line, noise=": ping" if noisy else "")
    assert timeless(read(WIRE, ASKED, split(stream, places))) == timeless(read(WIRE, ASKED, [STREAM]))


def test_a_stream_cut_anywhere_is_no_answer() -> None:
    assert_never_half(WIRE, ASKED, STREAM, lambda cut: len(cut) >= len(STREAM) - 2)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("COMPLETE", Finish.STOP),
        ("STOP_SEQUENCE", Finish.STOP),
        ("MAX_TOKENS", Finish.LENGTH),
        ("ERROR_TOXIC", Finish.FILTER),
    ],
)
def test_every_finish_reason_keeps_its_word(reason: str, finish: Finish) -> None:
    events = [EVENTS[0], event("content-delta", 0, content={"text": "a"}), end(reason)]
    found = read(WIRE, ASKED, [sse(events)])
    assert (found.text, found.finish, found.stop_reason, found.echo) == ("a", finish, reason, None)


@pytest.mark.parametrize(("reason", "kind"), [("ERROR", "server"), ("TIMEOUT", "timeout")])
def test_an_answer_that_failed_is_an_error(reason: str, kind: str) -> None:
    with pytest.raises(ModelError, match="overloaded") as caught:
        read(WIRE, ASKED, [sse([*EVENTS[:9], end(reason, error="overloaded")])])
    assert (caught.value.kind, caught.value.code, caught.value.vendor) == (kind, reason, "cohere")


def test_empty_and_foreign_answers_are_errors() -> None:
    for body, kind in (
        ({"id": "c", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": []}}, "empty"),
        ({"message": "internal error"}, "server"),
        ({"id": "c"}, "malformed"),
        ([], "malformed"),
    ):
        with pytest.raises(ModelError) as caught:
            whole(WIRE, ASKED, body)
        assert caught.value.kind == kind


def test_a_conversation_with_everything_is_what_the_sdk_types_ask() -> None:
    echo = json.dumps({"cohere": {"tool_plan": "I will look"}})
    asked = request(
        Message("system", "brief"),
        Message("user", "what?", images=(Image("image/png", b"\xff\xd8"),)),
        Message("assistant", "", tool_calls=(ToolCall("t1", "look", '{"x": 1}'),), echo=echo),
        Message("tool", "a cat", tool_call_id="t1"),
        tools=(Tool("look", '{"type": "object", "properties": {}}', "looks"),),
        tool_choice="required",
        logprobs=True,
        repeat=1,
        sampling=Sampling(0.5, 200, 0.9, 7, ("END",), "low"),
    )
    call = WIRE.call(asked, "command-a-reasoning-08-2025", stream=True)
    assert call.path == "/chat"
    body = json.loads(call.body)
    typed = pydantic.TypeAdapter(list[ChatMessageV2]).validate_python(body["messages"])
    assert [one.role for one in typed] == ["system", "user", "assistant", "tool"]
    pydantic.TypeAdapter(list[ToolV2]).validate_python(body["tools"])
    assert body["messages"][1]["content"][0] == {
        "type": "image_url",
        "image_url": {"url": "data:image/png;base64,/9g="},
    }
    assert body["messages"][2] == {
        "role": "assistant",
        "tool_calls": [function("look", '{"x": 1}', id="t1")],
        "tool_plan": "I will look",
    }
    assert body["messages"][3] == {"role": "tool", "content": "a cat", "tool_call_id": "t1"}
    assert (body["p"], body["seed"], body["stop_sequences"], body["tool_choice"]) == (0.9, 8, ["END"], "REQUIRED")
    assert body["thinking"] == {"type": "enabled", "token_budget": 40}


def test_a_schema_and_choices() -> None:
    body = body_of(WIRE, request(json_schema='{"type": "object", "required": ["a"]}'), "command-a-03-2025")
    assert body["response_format"] == {"type": "json_object", "json_schema": {"type": "object", "required": ["a"]}}
    asked = request(choices=("yes", "no"))
    events = [EVENTS[0], event("content-delta", 0, content={"text": '{"choice": "no"}'}), end("COMPLETE")]
    assert read(WIRE, asked, [sse(events)]).text == "no"


def test_what_cannot_be_said_is_refused_before_the_call() -> None:
    tools = (Tool("look", "{}"),)
    for asked, word in (
        (request(tools=tools, tool_choice="look"), "look"),
        (request(tools=tools, json_schema="{}"), "schema"),
        (request(sampling=Sampling(temperature=1.5)), "temperature"),
        (request(sampling=Sampling(top_p=1.0)), "top_p"),
        (request(sampling=Sampling(stop=tuple("abcdef"))), "stop"),
    ):
        with pytest.raises(ModelError, match=word) as caught:
            WIRE.call(asked, "command-a-03-2025", stream=False)
        assert (caught.value.kind, caught.value.vendor) == ("bad_request", "cohere")


def test_capabilities() -> None:
    plain, sees, thinks, embeds = (
        WIRE.capabilities(name)
        for name in ("command-a-03-2025", "command-a-vision-07-2025", "command-a-reasoning-08-2025", "embed-v4.0")
    )
    assert all((plain.seed, plain.logprobs, plain.tools, plain.json_schema, sees.images, embeds.embeddings))
    assert thinks.reasoning_effort
    assert not any((plain.images, plain.reasoning_effort, sees.tools, embeds.streaming))


@pytest.mark.parametrize(
    ("status", "message", "kind"),
    [
        (400, "invalid request", "bad_request"),
        (401, "invalid api token", "auth"),
        (402, "billing limit", "quota"),
        (404, "model 'x' not found", "dead"),
        (422, "bad field", "bad_request"),
        (429, "You are using a Trial key, which is limited to 20 API calls / minute.", "rate_limit"),
        (429, "You are using a Trial key, which is limited to 1000 API calls / month.", "quota"),
        (498, "invalid api token", "auth"),
        (499, "request cancelled", "server"),
        (500, "oops", "server"),
        (503, "busy", "server"),
    ],
)
def test_refusals(status: int, message: str, kind: str) -> None:
    body = json.dumps({"id": "e1", "message": message}).encode()
    found = WIRE.failure(status, {"retry-after": "3"}, body, "cohere:x")
    assert isinstance(found, ModelError)
    assert (found.kind, found.vendor, found.status) == (kind, "cohere", status)
    assert message in str(found)


def test_a_text_on_the_deny_list_is_an_outcome() -> None:
    found = WIRE.failure(498, {}, b'{"message": "blocked output"}', "cohere:x")
    assert isinstance(found, Completion)
    assert found.finish is Finish.FILTER


def test_embeddings() -> None:
    call = WIRE.embeddings(["a", "b"], "embed-v4.0")
    assert call.path == "/embed"
    assert json.loads(call.body) == {
        "model": "embed-v4.0",
        "texts": ["a", "b"],
        "input_type": "search_document",
        "embedding_types": ["float"],
    }
    reader = WIRE.vectors("cohere:x", 2)
    reader.document(b'{"id": "e", "embeddings": {"float": [[0.5, 1], [2, 3]]}, "texts": ["a", "b"]}')
    assert reader.vectors() == [[0.5, 1], [2, 3]]
    with pytest.raises(ModelError, match="96"):
        WIRE.embeddings(["a"] * 97, "embed-v4.0")


def test_limits_of_trial_keys() -> None:
    found = WIRE.limits({"x-trial-endpoint-call-limit": "20", "x-trial-endpoint-call-remaining": "17"})
    assert found is not None
    assert (found.requests, found.requests_left) == (20, 17)
    assert WIRE.limits({}) is None
