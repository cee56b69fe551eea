"""Answers of Anthropic's Messages, whole and streamed, beside what its SDK reads out of the same bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from anthropic import Anthropic
from anthropic.types import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from streamed import assert_never_half, options, read, request, served, split, sse, timeless, vendor, whole
from weighbridge.evidence import Finish
from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.wires import anthropic

WIRE = anthropic.make(vendor("anthropic", "https://api.anthropic.com/v1"), options())
ASKED = request()


def start(index: int, **block: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": index, "content_block": block}


def delta(index: int, kind: str, **values: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": index, "delta": {"type": kind, **values}}


def stop(index: int) -> dict[str, Any]:
    return {"type": "content_block_stop", "index": index}


HEAD = {
    "type": "message_start",
    "message": {
        "id": "msg_1",
        "type": "message",
        "role": "assistant",
        "model": "claude-opus-4-8",
        "content": [],
        "stop_reason": None,
        "stop_sequence": None,
        "usage": {
            "input_tokens": 10,
            "output_tokens": 1,
            "cache_read_input_tokens": 100,
            "cache_creation_input_tokens": 20,
        },
    },
}


def tail(reason: str, **more: Any) -> list[dict[str, Any]]:
    usage = {"output_tokens": 42, "output_tokens_details": {"thinking_tokens": 30}}
    return [
        {"type": "message_delta", "delta": {"stop_reason": reason, "stop_sequence": None, **more}, "usage": usage},
        {"type": "message_stop"},
    ]


EVENTS = [
    HEAD,
    start(0, type="thinking", thinking="", signature=""),
    {"type": "ping"},
    delta(0, "thinking_delta", thinking="first "),
    delta(0, "thinking_delta", thinking="this"),
    delta(0, "signature_delta", signature="c2lnbmF0dXJl"),
    stop(0),
    start(1, type="redacted_thinking", data="eHh4"),
    stop(1),
    start(2, type="text", text=""),
    delta(2, "text_delta", text="Grüße "),
    delta(2, "text_delta", text="🦊!"),
    stop(2),
    start(3, type="tool_use", id="toolu_1", name="look", input={}),
    start(4, type="tool_use", id="toolu_2", name="go", input={}),
    delta(3, "input_json_delta", partial_json=""),
    delta(3, "input_json_delta", partial_json='{"a": '),
    delta(4, "input_json_delta", partial_json=""),
    delta(3, "input_json_delta", partial_json="1}"),
    stop(4),
    stop(3),
    *tail("tool_use"),
]


def by_the_sdk(stream: bytes) -> Message:
    """What the vendor's own client makes of the same bytes."""
    with (
        served(stream, "text/event-stream") as address,
        Anthropic(api_key="k", base_url=address) as client,
        client.messages.stream(model="m", max_tokens=9, messages=[{"role": "user", "content": "?"}]) as events,
    ):
        return events.get_final_message()


def test_a_stream_says_what_the_sdk_says_of_it() -> None:
    found = read(WIRE, ASKED, [sse(EVENTS)])
    snapshot = by_the_sdk(sse(EVENTS))
    blocks = snapshot.content
    assert found.text == "".join(block.text for block in blocks if block.type == "text") == "Grüße 🦊!"
    calls = found.tool_calls or []
    assert [(call.id, call.name, json.loads(call.arguments)) for call in calls] == [
        (block.id, block.name, block.input) for block in blocks if block.type == "tool_use"
    ]
    assert [call.arguments for call in calls] == ['{"a": 1}', "{}"]
    assert (found.finish, found.stop_reason) == (Finish.TOOL, snapshot.stop_reason)
    assert found.reasoning == "first this"
    assert found.request_id == snapshot.id
    assert found.model == snapshot.model
    usage = found.usage
    assert (usage.input_tokens, usage.cached_tokens, usage.cache_write_tokens) == (130, 100, 20)
    assert (usage.output_tokens, usage.reasoning_tokens) == (snapshot.usage.output_tokens, 30)
    assert usage.first_token is not None
    echo = json.loads(found.echo or "")["anthropic"]
    assert [block["type"] for block in echo] == ["thinking", "redacted_thinking", "text", "tool_use", "tool_use"]
    assert echo[0]["signature"] == "c2lnbmF0dXJl"
    assert echo[1] == {"type": "redacted_thinking", "data": "eHh4"}
    assert echo[3]["input"] == {"a": 1}


def test_a_document_says_the_same_as_its_stream() -> None:
    body: dict[str, Any] = {
        **HEAD["message"],
        "content": [
            {"type": "thinking", "thinking": "first this", "signature": "c2lnbmF0dXJl"},
            {"type": "redacted_thinking", "data": "eHh4"},
            {"type": "text", "text": "Grüße 🦊!"},
            {"type": "tool_use", "id": "toolu_1", "name": "look", "input": {"a": 1}},
            {"type": "tool_use", "id": "toolu_2", "name": "go", "input": {}},
        ],
        "stop_reason": "tool_use",
        "usage": {**HEAD["message"]["usage"], "output_tokens": 42, "output_tokens_details": {"thinking_tokens": 30}},
    }
    Message.model_validate(body)
    found, streamed = whole(WIRE, ASKED, body), read(WIRE, ASKED, [sse(EVENTS)])
    assert found.usage.first_token is None
    assert [json.loads(call.arguments) for call in found.tool_calls or []] == [{"a": 1}, {}]
    for name in ("text", "finish", "reasoning", "stop_reason", "request_id", "model"):
        assert getattr(found, name) == getattr(streamed, name)
    assert json.loads(found.echo or "") == json.loads(streamed.echo or "")
    assert timeless(found).usage == timeless(streamed).usage


@given(st.lists(st.integers(0, 10_000), max_size=30), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_segments_line_ends_and_comments_change_nothing(places: list[int], line: str, noisy: bool) -> None:
    stream = sse(EVENTS, line=line, noise=": ping" if noisy else "")
    assert timeless(read(WIRE, ASKED, split(stream, places))) == timeless(read(WIRE, ASKED, [sse(EVENTS)]))


def test_one_byte_at_a_time_is_the_same() -> None:
    stream = sse(EVENTS)
    one = read(WIRE, ASKED, [stream[at : at + 1] for at in range(len(stream))])
    assert timeless(one) == timeless(read(WIRE, ASKED, [stream]))


def test_a_stream_cut_anywhere_is_no_answer() -> None:
    stream = sse(EVENTS)
    reason = stream.index(b'"stop_reason": "tool_use"')
    there = stream.index(b"\n\n", reason) + 2
    assert_never_half(WIRE, ASKED, stream, lambda cut: len(cut) >= there)


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("pause_turn", Finish.LENGTH),
        ("refusal", Finish.REFUSAL),
        ("a_new_word", Finish.STOP),
    ],
)
def test_every_stop_reason_keeps_its_word(reason: str, finish: Finish) -> None:
    events = [HEAD, start(0, type="text", text="a"), delta(0, "text_delta", text="b"), *tail(reason)]
    found = read(WIRE, ASKED, [sse(events)])
    assert (found.text, found.finish, found.stop_reason, found.echo) == ("ab", finish, reason, None)


def test_a_refusal_without_text_is_an_outcome_with_the_vendors_words() -> None:
    details = {"type": "refusal", "category": "cyber", "explanation": "not this"}
    found = read(WIRE, ASKED, [sse([HEAD, *tail("refusal", stop_details=details)])])
    assert (found.finish, found.text) == (Finish.REFUSAL, "not this")


def test_an_answer_that_the_limit_left_empty_is_an_outcome_and_an_empty_one_is_not() -> None:
    assert read(WIRE, ASKED, [sse([HEAD, *tail("max_tokens")])]).finish is Finish.LENGTH
    with pytest.raises(ModelError) as caught:
        read(WIRE, ASKED, [sse([HEAD, *tail("end_turn")])])
    assert caught.value.kind == "empty"


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        ("overloaded_error", "server"),
        ("rate_limit_error", "rate_limit"),
        ("authentication_error", "auth"),
        ("x", "server"),
    ],
)
def test_an_error_in_the_stream_is_an_error(kind: str, expected: str) -> None:
    event = {"type": "error", "error": {"type": kind, "message": "busy"}, "request_id": "req_9"}
    with pytest.raises(ModelError) as caught:
        read(WIRE, ASKED, [sse([*EVENTS[:12], event])])
    error = caught.value
    assert (error.kind, error.vendor, error.code, error.request_id) == (expected, "anthropic", kind, "req_9")
    assert error.usage_may_be_billed
    assert "busy" in str(error)


@pytest.mark.parametrize(
    "body", [b"{", b"[]", b'{"type": "completion"}', b"null", b'{"type": "message", "content": 1}']
)
def test_what_is_no_message_is_malformed(body: bytes) -> None:
    reader = WIRE.reader("anthropic:x", ASKED)
    with pytest.raises(ModelError) as caught:
        reader.document(body)
    assert caught.value.kind == "malformed"


def test_a_piece_of_a_block_that_never_began_is_malformed() -> None:
    for events in ([HEAD, delta(3, "text_delta", text="x")], [delta(0, "text_delta", text="x")]):
        with pytest.raises(ModelError) as caught:
            read(WIRE, ASKED, [sse(events)])
        assert caught.value.kind == "malformed"


def test_a_choice_comes_out_of_its_object() -> None:
    asked = request(choices=("yes", "no"))
    events = [
        HEAD,
        start(0, type="text", text=""),
        delta(0, "text_delta", text='{"choice": "no"}'),
        *tail("end_turn"),
    ]
    assert read(WIRE, asked, [sse(events)]).text == "no"
