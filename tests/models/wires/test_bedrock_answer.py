"""Answers of Bedrock's Converse, whole and streamed, beside what botocore reads out of the same bytes."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStream
from botocore.parsers import create_parser
from botocore.session import get_session
from hypothesis import given, settings
from hypothesis import strategies as st

from streamed import assert_never_half, options, read, request, split, timeless, vendor, whole
from weighbridge.evidence import Finish
from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.wires import bedrock

WIRE = bedrock.make(vendor("bedrock", "https://x"), options(region="us-east-1", key_env="ANY"))
ASKED = request()
SERVICE = get_session().get_service_model("bedrock-runtime")


def framed(headers: dict[str, str], payload: bytes) -> bytes:
    parts = [
        bytes([len(name)]) + name.encode() + b"\x07" + struct.pack(">H", len(value)) + value.encode()
        for name, value in headers.items()
    ]
    head = b"".join(parts)
    prelude = struct.pack(">II", 16 + len(head) + len(payload), len(head))
    body = prelude + struct.pack(">I", crc32(prelude)) + head + payload
    return body + struct.pack(">I", crc32(body))


def event(kind: str, **payload: Any) -> bytes:
    headers = {":event-type": kind, ":content-type": "application/json", ":message-type": "event"}
    return framed(headers, json.dumps(payload, ensure_ascii=False).encode())


def thrown(kind: str, message: str) -> bytes:
    headers = {":exception-type": kind, ":content-type": "application/json", ":message-type": "exception"}
    return framed(headers, json.dumps({"message": message}).encode())


def delta(index: int, **what: Any) -> bytes:
    return event("contentBlockDelta", contentBlockIndex=index, delta=what)


def begun(index: int, identity: str, name: str) -> bytes:
    start = {"toolUse": {"toolUseId": identity, "name": name}}
    return event("contentBlockStart", contentBlockIndex=index, start=start)


USAGE = {
    "inputTokens": 10,
    "outputTokens": 42,
    "totalTokens": 172,
    "cacheReadInputTokens": 100,
    "cacheWriteInputTokens": 20,
}
START = event("messageStart", role="assistant")
META = event("metadata", usage=USAGE, metrics={"latencyMs": 5})


def ended(reason: str) -> bytes:
    return event("messageStop", stopReason=reason)


EVENTS = [
    START,
    delta(0, reasoningContent={"text": "first "}),
    delta(0, reasoningContent={"text": "this"}),
    delta(0, reasoningContent={"signature": "c2ln"}),
    event("contentBlockStop", contentBlockIndex=0),
    delta(1, reasoningContent={"redactedContent": "eHg="}),
    delta(2, text="Grüße "),
    delta(2, text="🦊"),
    begun(3, "t1", "look"),
    begun(4, "t2", "go"),
    delta(3, toolUse={"input": '{"a": '}),
    delta(4, toolUse={"input": ""}),
    delta(3, toolUse={"input": "1}"}),
    ended("tool_use"),
    META,
]
STREAM = b"".join(EVENTS)


def by_botocore(stream: bytes) -> list[dict[str, Any]]:
    class Raw:
        def stream(self) -> Iterator[bytes]:
            yield stream

    shape = SERVICE.operation_model("ConverseStream").get_event_stream_output()
    return list(EventStream(Raw(), shape, create_parser("rest-json")._event_stream_parser, "ConverseStream"))


def test_a_stream_says_what_botocore_says_of_it() -> None:
    found, theirs = read(WIRE, ASKED, [STREAM]), by_botocore(STREAM)
    deltas = [one["contentBlockDelta"] for one in theirs if "contentBlockDelta" in one]
    assert found.text == "".join(one["delta"].get("text", "") for one in deltas) == "Grüße 🦊"
    starts = [one["contentBlockStart"]["start"]["toolUse"] for one in theirs if "contentBlockStart" in one]
    calls = found.tool_calls or []
    assert [(call.id, call.name) for call in calls] == [(one["toolUseId"], one["name"]) for one in starts]
    assert [call.arguments for call in calls] == ['{"a": 1}', "{}"]
    (stop,) = [one["messageStop"]["stopReason"] for one in theirs if "messageStop" in one]
    assert (found.finish, found.stop_reason) == (Finish.TOOL, stop)
    usage = theirs[-1]["metadata"]["usage"]
    assert found.usage.output_tokens == usage["outputTokens"]
    assert found.usage.input_tokens == 130
    assert (found.usage.cached_tokens, found.usage.cache_write_tokens) == (100, 20)
    assert found.reasoning == "first this"
    assert found.usage.first_token is not None


CONTENT = [
    {"reasoningContent": {"reasoningText": {"text": "first this", "signature": "c2ln"}}},
    {"reasoningContent": {"redactedContent": "eHg="}},
    {"text": "Grüße 🦊"},
    {"toolUse": {"toolUseId": "t1", "name": "look", "input": {"a": 1}}},
    {"toolUse": {"toolUseId": "t2", "name": "go", "input": {}}},
]


def document(reason: str, content: list[dict[str, Any]]) -> dict[str, Any]:
    message = {"role": "assistant", "content": content}
    return {"output": {"message": message}, "stopReason": reason, "usage": USAGE, "metrics": {"latencyMs": 5}}


def test_a_document_says_the_same_as_its_stream_and_as_botocore() -> None:
    body = document("tool_use", CONTENT)
    found, streamed = whole(WIRE, ASKED, body), read(WIRE, ASKED, [STREAM])
    shape = SERVICE.operation_model("Converse").output_shape
    response = {"status_code": 200, "headers": {}, "body": json.dumps(body).encode()}
    theirs = create_parser("rest-json").parse(response, shape)
    assert found.stop_reason == theirs["stopReason"]
    assert found.text == theirs["output"]["message"]["content"][2]["text"]
    assert [json.loads(call.arguments) for call in found.tool_calls or []] == [{"a": 1}, {}]
    for name in ("text", "finish", "reasoning", "stop_reason"):
        assert getattr(found, name) == getattr(streamed, name)
    assert timeless(found).usage == timeless(streamed).usage
    assert json.loads(found.echo or "") == json.loads(streamed.echo or "") == {"bedrock": CONTENT}


@given(st.lists(st.integers(0, 10_000), max_size=30))
@settings(max_examples=60, deadline=None)
def test_segments_change_nothing(places: list[int]) -> None:
    assert timeless(read(WIRE, ASKED, split(STREAM, places))) == timeless(read(WIRE, ASKED, [STREAM]))


def test_a_stream_cut_anywhere_is_no_answer() -> None:
    assert_never_half(WIRE, ASKED, STREAM, lambda cut: len(cut) >= len(STREAM) - len(META))


@pytest.mark.parametrize(
    ("reason", "finish"),
    [
        ("end_turn", Finish.STOP),
        ("stop_sequence", Finish.STOP),
        ("max_tokens", Finish.LENGTH),
        ("model_context_window_exceeded", Finish.LENGTH),
        ("guardrail_intervened", Finish.FILTER),
        ("content_filtered", Finish.FILTER),
    ],
)
def test_every_stop_reason_keeps_its_word(reason: str, finish: Finish) -> None:
    found = read(WIRE, ASKED, [START + delta(0, text="a") + ended(reason) + META])
    assert (found.text, found.finish, found.stop_reason, found.echo) == ("a", finish, reason, None)
    assert whole(WIRE, ASKED, document(reason, [{"text": "a"}])).finish is finish


def test_every_word_of_the_service_model_is_known() -> None:
    shape = SERVICE.operation_model("Converse").output_shape.members["stopReason"]
    known = {*bedrock.BedrockReader.finishes, *bedrock.BedrockReader.broken}
    assert set(shape.enum) <= known


def test_malformed_output_and_empty_answers_are_errors() -> None:
    for reason, kind in (
        ("malformed_tool_use", "malformed"),
        ("malformed_model_output", "malformed"),
        ("end_turn", "empty"),
    ):
        with pytest.raises(ModelError) as caught:
            read(WIRE, ASKED, [START + ended(reason) + META])
        assert caught.value.kind == kind
    assert read(WIRE, ASKED, [START + ended("guardrail_intervened") + META]).finish is Finish.FILTER


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("throttlingException", "rate_limit"),
        ("modelStreamErrorException", "server"),
        ("internalServerException", "server"),
        ("serviceUnavailableException", "server"),
        ("validationException", "bad_request"),
        ("unheardOfException", "server"),
    ],
)
def test_an_exception_in_the_stream_is_an_error(word: str, kind: str) -> None:
    with pytest.raises(ModelError, match="too busy") as caught:
        read(WIRE, ASKED, [START + delta(0, text="a") + thrown(word, "too busy")])
    error = caught.value
    assert (error.kind, error.vendor, error.code) == (kind, "bedrock", word[:1].upper() + word[1:])
    assert error.usage_may_be_billed


@pytest.mark.parametrize("body", [b"{", b"[]", b"{}", b'{"output": {"message": {"content": 1}}}'])
def test_what_is_no_answer_is_malformed(body: bytes) -> None:
    reader = WIRE.reader("bedrock:x", ASKED)
    with pytest.raises(ModelError) as caught:
        reader.document(body)
    assert caught.value.kind == "malformed"


def test_a_choice_comes_out_of_its_object() -> None:
    asked = request(choices=("yes", "no"))
    assert whole(WIRE, asked, document("end_turn", [{"text": '{"choice": "no"}'}])).text == "no"
