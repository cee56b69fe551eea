"""OpenAI's Responses API: input items out, events and whole responses in."""

from __future__ import annotations

import inspect
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from weighbridge.evidence import Completion, Finish, ToolCall
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import ModelError, Request, Sampling, Tool
from weighbridge.models.remote.wires.openai_responses import ResponsesWire
from weighbridge.models.remote.wires.vendors import VENDORS
from weighbridge.tasks.item import Image, Message
from wire_feeding import ASKED, cuts, fed, sse, whole

TOOL = Tool("look_up", '{"type": "object", "properties": {}}', "The weather there")
TEXT = "naïve café 🦜 日本"
USAGE = {
    "input_tokens": 20,
    "input_tokens_details": {"cached_tokens": 16, "cache_write_tokens": 2},
    "output_tokens": 9,
    "output_tokens_details": {"reasoning_tokens": 4},
    "total_tokens": 29,
}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA=="}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": TEXT, "annotations": [], "logprobs": []}],
}
CALL_A = {
    "type": "function_call", "id": "fc_1", "call_id": "call_a", "name": "look_up", "arguments": '{"city": "Zürich"}',
    "status": "completed",
}  # fmt: skip
CALL_B = {**CALL_A, "id": "fc_2", "call_id": "call_b", "arguments": '{"city": "Oslo"}'}
ITEMS = [REASONING, MESSAGE, CALL_A, CALL_B]


def response(status: str = "completed", output: list[Any] | None = None, **more: Any) -> dict[str, Any]:
    head = {"id": "resp_1", "object": "response", "model": "m-2026-01-01", "status": status}
    return {**head, "output": ITEMS if output is None else output, "usage": USAGE, **more}


def events(output_at_end: bool = True) -> list[dict[str, Any]]:
    """Two calls are written at once, as parallel calls may be."""
    started = {**response("in_progress", []), "usage": None}
    found: list[dict[str, Any]] = [
        {"type": "response.created", "response": started},
        {"type": "response.in_progress", "response": started},
        {"type": "response.output_item.added", "output_index": 0, "item": {**REASONING, "encrypted_content": ""}},
        {"type": "response.output_item.done", "output_index": 0, "item": REASONING},
        {"type": "response.output_text.delta", "output_index": 1, "delta": "naïve café 🦜"},
        {"type": "response.output_text.delta", "output_index": 1, "delta": " 日本"},
        {"type": "response.output_text.done", "output_index": 1, "text": TEXT},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '{"city": '},
        {"type": "response.function_call_arguments.delta", "output_index": 3, "delta": '{"city": "Oslo"}'},
        {"type": "response.output_item.done", "output_index": 3, "item": CALL_B},
        {"type": "response.function_call_arguments.delta", "output_index": 2, "delta": '"Zürich"}'},
        {"type": "response.output_item.done", "output_index": 2, "item": CALL_A},
        {"type": "response.output_item.done", "output_index": 1, "item": MESSAGE},
        {"type": "response.completed", "response": response(output=None if output_at_end else [])},
    ]
    return [{**event, "sequence_number": number} for number, event in enumerate(found)]


def wire(**options: Any) -> ResponsesWire:
    made = VENDORS["openai"].make(ModelOptions(api="responses", **options))
    assert isinstance(made, ResponsesWire)
    return made


def body(request: Request, model: str = "gpt-4o-mini", **options: Any) -> dict[str, Any]:
    call = wire(**options).call(request, model, stream=True)
    assert call.path == "/responses"
    found = json.loads(call.body)
    assert isinstance(found, dict)
    return found


def check(found: Completion) -> None:
    assert found.text == TEXT
    assert found.tool_calls == [
        ToolCall("call_a", "look_up", '{"city": "Zürich"}'),
        ToolCall("call_b", "look_up", '{"city": "Oslo"}'),
    ]
    assert (found.finish, found.stop_reason) == (Finish.TOOL, "completed")
    usage = found.usage
    assert (usage.input_tokens, usage.output_tokens, usage.cached_tokens, usage.reasoning_tokens) == (20, 9, 16, 4)
    assert (found.model, found.request_id) == ("m-2026-01-01", "resp_1")
    assert json.loads(found.echo or "") == {"output": ITEMS}


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"])
def test_a_stream_cut_at_every_byte_says_the_same(ending: bytes) -> None:
    stream = b": ping" + ending * 2 + sse(events(), ending=ending, named=True)
    for place in range(len(stream)):
        text, reader = fed(wire().reader("w", ASKED), cuts(stream, [place]))
        assert text == TEXT
        check(reader.completion())


@given(st.lists(st.integers(1, 4000), max_size=40), st.booleans(), st.booleans())
def test_any_segments_and_any_last_event_say_the_same(places: list[int], output_at_end: bool, named: bool) -> None:
    stream = sse(events(output_at_end), named=named)
    _, reader = fed(wire().reader("w", ASKED), cuts(stream, places))
    check(reader.completion())


def test_every_stream_that_stops_early_is_cut() -> None:
    stream = sse(events(), named=True)
    last = stream.rindex(b"event: response.completed")
    for place in range(0, len(stream) - 2, 3):
        _, reader = fed(wire().reader("w", ASKED), [stream[:place]])
        with pytest.raises(ModelError) as caught:
            reader.completion()
        assert caught.value.kind in ("cut", "empty")
        assert place > last or not reader.ended


def test_a_document_says_what_the_stream_says() -> None:
    check(whole(wire().reader("w", ASKED), response()))


def test_halves_of_a_character_meet() -> None:
    lines = [
        b'data: {"type": "response.output_text.delta", "delta": "a\\ud83e"}\n\n',
        b'data: {"type": "response.output_text.delta", "delta": "\\udd9c"}\n\n',
        sse([{"type": "response.completed", "response": response(output=[])}]),
    ]
    text, reader = fed(wire().reader("w", ASKED), lines)
    assert text == reader.completion().text == "a🦜"


@pytest.mark.parametrize(
    ("reason", "finish"), [("max_output_tokens", Finish.LENGTH), ("content_filter", Finish.FILTER)]
)
def test_what_is_incomplete_says_why(reason: str, finish: Finish) -> None:
    details = {"incomplete_details": {"reason": reason}}
    ended = {"type": "response.incomplete", "response": response("incomplete", [REASONING], **details)}
    _, reader = fed(wire().reader("w", ASKED), [sse([ended], named=True)])
    found = reader.completion()
    assert (found.finish, found.stop_reason, found.text) == (finish, reason, "")


def test_a_refusal_is_an_outcome() -> None:
    part = {"type": "refusal", "refusal": "I cannot"}
    found = whole(wire().reader("w", ASKED), response(output=[{**MESSAGE, "content": [part]}]))
    assert (found.finish, found.text) == (Finish.REFUSAL, "I cannot")


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({"type": "error", "code": "rate_limit_exceeded", "message": "Slow down", "param": None}, "rate_limit"),
        ({"type": "error", "error": {"code": "server_error", "message": "Oops"}}, "server"),
        (
            {
                "type": "response.failed",
                "response": response("failed", [], error={"code": "server_error", "message": "Oops"}),
            },
            "server",
        ),
        ({"type": "error", "code": "insufficient_quota", "message": "You exceeded your quota"}, "quota"),
    ],
)
def test_errors_inside_the_stream(event: dict[str, Any], kind: str) -> None:
    reader = wire().reader("w", ASKED)

    def read() -> None:
        fed(reader, [sse([*events()[:5], event], named=True)])
        reader.completion()

    with pytest.raises(ModelError) as caught:
        read()
    assert caught.value.kind == kind
    assert caught.value.usage_may_be_billed


def test_only_reasoning_is_no_answer() -> None:
    with pytest.raises(ModelError, match="only reasoning") as caught:
        whole(wire().reader("w", ASKED), response(output=[REASONING]))
    assert caught.value.kind == "empty"


@pytest.mark.parametrize("document", [{}, {"choices": []}, {"id": "x"}])
def test_other_documents_are_malformed(document: dict[str, Any]) -> None:
    with pytest.raises(ModelError) as caught:
        whole(wire().reader("w", ASKED), document)
    assert caught.value.kind == "malformed"


def test_the_body_holds_every_kind_of_turn() -> None:
    found = whole(wire().reader("w", ASKED), response())
    echoed = Message("assistant", found.text, tool_calls=tuple(found.tool_calls or ()), echo=found.echo)
    plain = Message("assistant", "yes", tool_calls=(ToolCall("call_z", "look_up", "{}"),))
    messages = (
        Message("system", "Be brief."),
        Message("user", "What is this?", images=(Image("image/png", b"\x89PNG"),)),
        echoed,
        Message("tool", "rain", tool_call_id="call_a"),
        plain,
        Message("tool", "sun", tool_call_id="call_z"),
    )
    request = Request(messages, Sampling(temperature=0.5, top_p=0.9), tools=(TOOL,), tool_choice="look_up")
    sent = body(request)
    assert sent["instructions"] == "Be brief."
    assert sent["input"] == [
        {
            "role": "user",
            "content": [
                {"type": "input_image", "image_url": "data:image/png;base64,iVBORw==", "detail": "auto"},
                {"type": "input_text", "text": "What is this?"},
            ],
        },
        *ITEMS,
        {"type": "function_call_output", "call_id": "call_a", "output": "rain"},
        {"role": "assistant", "content": "yes"},
        {"type": "function_call", "call_id": "call_z", "name": "look_up", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_z", "output": "sun"},
    ]
    assert sent["tools"][0] == {
        "type": "function",
        "name": "look_up",
        "parameters": {"type": "object", "properties": {}},
        "strict": False,
        "description": "The weather there",
    }
    assert sent["tool_choice"] == {"type": "function", "name": "look_up"}
    assert (sent["store"], sent["stream"], sent["max_output_tokens"]) == (False, True, 256)
    responses = pytest.importorskip("openai.resources.responses")
    assert set(sent) <= set(inspect.signature(responses.Responses.create).parameters)


def test_reasoning_models_think_as_long_as_told_and_say_it_encrypted() -> None:
    sent = body(
        Request(ASKED.messages, Sampling(reasoning_effort="low")), "o4-mini", extra={"reasoning": {"summary": "auto"}}
    )
    assert sent["reasoning"] == {"effort": "low", "summary": "auto"}
    assert sent["include"] == ["reasoning.encrypted_content"]
    assert "temperature" not in sent


def test_a_schema_goes_into_the_format_of_the_text() -> None:
    sent = body(Request(ASKED.messages, json_schema='{"type": "object"}'))
    assert sent["text"]["format"] == {
        "type": "json_schema", "name": "answer", "schema": {"type": "object"}, "strict": False,
    }  # fmt: skip
    request = Request(ASKED.messages, choices=("yes", "no"))
    assert body(request)["text"]["format"]["strict"] is True
    part = {"type": "output_text", "text": '{"choice": "no"}'}
    assert whole(wire().reader("w", request), response(output=[{**MESSAGE, "content": [part]}])).text == "no"


def test_a_limit_below_the_least_is_refused_before_the_call() -> None:
    with pytest.raises(ModelError, match="below 16") as caught:
        body(Request(ASKED.messages, Sampling(max_tokens=8)))
    assert caught.value.kind == "bad_request"


def test_log_probabilities() -> None:
    logprobs = [{"token": "a", "logprob": -0.5, "bytes": [], "top_logprobs": []}]
    request = Request(ASKED.messages, logprobs=True)
    assert body(request)["include"] == ["message.output_text.logprobs"]
    part = {"type": "output_text", "text": "a", "logprobs": logprobs}
    found = whole(wire().reader("w", request), response(output=[{**MESSAGE, "content": [part]}]))
    assert found.logprobs == [("a", -0.5)]


def test_the_vendors_own_types_read_what_we_read() -> None:
    types = pytest.importorskip("openai.types.responses")
    theirs = types.Response.model_validate(
        {**response(), "created_at": 1, "parallel_tool_calls": True, "tool_choice": "auto", "tools": []}
    )
    ours = whole(wire().reader("w", ASKED), json.loads(theirs.model_dump_json()))
    assert ours.text == theirs.output_text
    assert ours.usage.reasoning_tokens == theirs.usage.output_tokens_details.reasoning_tokens
    assert [call.id for call in ours.tool_calls or ()] == ["call_a", "call_b"]
