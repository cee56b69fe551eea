"""Answers of ``generateContent``, whole and streamed, beside what Google's SDK reads out of the same bytes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google import genai
from google.genai import types
from hypothesis import given, settings
from hypothesis import strategies as st

from streamed import assert_never_half, options, read, request, served, split, sse, timeless, vendor, whole
from weighbridge.evidence import Finish
from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.wires import gemini

WIRE = gemini.make(vendor("google", "https://x/v1beta"), options())
ASKED = request()


def chunk(*parts: dict[str, Any], **more: Any) -> dict[str, Any]:
    candidate = {"index": 0, "content": {"role": "model", "parts": list(parts)}, **more}
    return {"candidates": [candidate], "modelVersion": "gemini-3.5-flash-001", "responseId": "r1"}


USAGE = {
    "promptTokenCount": 10,
    "candidatesTokenCount": 5,
    "thoughtsTokenCount": 7,
    "cachedContentTokenCount": 4,
    "totalTokenCount": 22,
}
PARTS = [
    {"text": "hm, ", "thought": True},
    {"text": "so", "thought": True},
    {"text": "Grüße "},
    {"text": "🦊"},
    {"text": "!", "thoughtSignature": "c2ln"},
    {"functionCall": {"id": "f1", "name": "look", "args": {"a": 1.0}}, "thoughtSignature": "c2lnMg=="},
    {"functionCall": {"name": "go"}},
]
CHUNKS = [
    {**chunk(PARTS[0]), "usageMetadata": {"promptTokenCount": 10, "totalTokenCount": 10}},
    *(chunk(part) for part in PARTS[1:-1]),
    {**chunk(PARTS[-1], finishReason="STOP"), "usageMetadata": USAGE},
]
STREAM = sse(CHUNKS, named=False)


def test_a_stream_says_what_the_sdk_says_of_it() -> None:
    found = read(WIRE, ASKED, [STREAM])
    with served(STREAM, "text/event-stream") as address:
        client = genai.Client(api_key="k", http_options=types.HttpOptions(base_url=address))
        theirs = list(client.models.generate_content_stream(model="m", contents="?"))
    parts = [part for one in theirs for part in one.candidates[0].content.parts]
    assert found.text == "".join(part.text for part in parts if part.text and not part.thought) == "Grüße 🦊!"
    assert found.reasoning == "".join(part.text for part in parts if part.thought) == "hm, so"
    calls = [part.function_call for part in parts if part.function_call]
    mine = found.tool_calls or []
    assert [(call.name, json.loads(call.arguments)) for call in mine] == [
        (call.name, call.args or {}) for call in calls
    ]
    assert [call.id for call in mine] == ["f1", "call_1"]
    assert mine[0].arguments == '{"a":1.0}'
    assert (found.finish, found.stop_reason) == (Finish.TOOL, theirs[-1].candidates[0].finish_reason.value)
    assert (found.model, found.request_id) == (theirs[0].model_version, theirs[0].response_id)
    usage, said = found.usage, theirs[-1].usage_metadata
    assert usage.input_tokens == said.prompt_token_count
    assert usage.output_tokens == said.candidates_token_count + said.thoughts_token_count == 12
    assert (usage.reasoning_tokens, usage.cached_tokens) == (7, 4)
    assert usage.first_token is not None
    assert json.loads(found.echo or "") == {
        "gemini": [
            {"text": "hm, so", "thought": True},
            {"text": "Grüße 🦊"},
            {"text": "!", "thoughtSignature": "c2ln"},
            {"functionCall": {"id": "f1", "name": "look", "args": {"a": 1.0}}, "thoughtSignature": "c2lnMg=="},
            {"functionCall": {"name": "go"}},
        ]
    }


def test_a_document_and_an_array_say_the_same_as_the_stream() -> None:
    streamed = timeless(read(WIRE, ASKED, [STREAM]))
    body = {**chunk(*PARTS, finishReason="STOP"), "usageMetadata": USAGE}
    types.GenerateContentResponse.model_validate(body)
    assert timeless(whole(WIRE, ASKED, body)) == streamed
    assert timeless(whole(WIRE, ASKED, CHUNKS)) == streamed
    assert whole(WIRE, ASKED, body).usage.first_token is None


@given(st.lists(st.integers(0, 10_000), max_size=30), st.sampled_from(["\n", "\r\n", "\r"]), st.booleans())
@settings(max_examples=60, deadline=None)
def test_segments_line_ends_and_comments_change_nothing(places: list[int], line: str, noisy: bool) -> None:
    stream = sse(CHUNKS, named=False, line=line, noise=": ping" if noisy else "")
    assert timeless(read(WIRE, ASKED, split(stream, places))) == timeless(read(WIRE, ASKED, [STREAM]))


def test_one_byte_at_a_time_is_the_same() -> None:
    one = read(WIRE, ASKED, [STREAM[at : at + 1] for at in range(len(STREAM))])
    assert timeless(one) == timeless(read(WIRE, ASKED, [STREAM]))


def test_a_stream_cut_anywhere_is_no_answer() -> None:
    assert_never_half(WIRE, ASKED, STREAM, lambda cut: len(cut) >= len(STREAM) - 2)


FILTERS = [
    *("SAFETY", "RECITATION", "LANGUAGE", "OTHER", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY"),
    "MODEL_ARMOR",
]


@pytest.mark.parametrize(
    ("reason", "finish"),
    [("STOP", Finish.STOP), ("MAX_TOKENS", Finish.LENGTH), *((word, Finish.FILTER) for word in FILTERS)],
)
def test_every_finish_reason_keeps_its_word(reason: str, finish: Finish) -> None:
    found = read(WIRE, ASKED, [sse([chunk({"text": "a"}), chunk(finishReason=reason)], named=False)])
    assert (found.text, found.finish, found.stop_reason, found.echo) == ("a", finish, reason, None)


def test_every_word_of_the_sdk_is_known() -> None:
    known = {*gemini.GeminiReader.finishes, *gemini.GeminiReader.broken}
    words = {one.value for one in (*types.FinishReason, *types.BlockedReason)}
    assert words - known <= {"FINISH_REASON_UNSPECIFIED"}


@pytest.mark.parametrize("reason", ["MALFORMED_FUNCTION_CALL", "UNEXPECTED_TOOL_CALL", "MALFORMED_RESPONSE"])
def test_an_answer_the_vendor_could_not_read_itself_is_asked_again(reason: str) -> None:
    with pytest.raises(ModelError, match="why") as caught:
        read(WIRE, ASKED, [sse([chunk(finishReason=reason, finishMessage="why")], named=False)])
    assert (caught.value.kind, caught.value.code, caught.value.retryable) == ("malformed", reason, True)


@pytest.mark.parametrize("streamed", [True, False])
def test_a_blocked_prompt_is_an_outcome(streamed: bool) -> None:
    body = {
        "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
        "usageMetadata": {"promptTokenCount": 9},
        "modelVersion": "gemini-2.5-flash",
    }
    types.GenerateContentResponse.model_validate(body)
    found = read(WIRE, ASKED, [sse([body], named=False)]) if streamed else whole(WIRE, ASKED, body)
    assert (found.text, found.finish, found.stop_reason) == ("", Finish.FILTER, "PROHIBITED_CONTENT")
    assert (found.usage.input_tokens, found.usage.output_tokens) == (9, None)


def test_log_probabilities() -> None:
    result = {"chosenCandidates": [{"token": "a", "tokenId": 1, "logProbability": -0.25}]}
    types.LogprobsResult.model_validate(result)
    more = {"chosenCandidates": [{"token": "b", "logProbability": -1}]}
    chunks = [
        chunk({"text": "a"}, logprobsResult=result),
        chunk({"text": "b"}, logprobsResult=more, finishReason="STOP"),
    ]
    assert read(WIRE, ASKED, [sse(chunks, named=False)]).logprobs == [("a", -0.25), ("b", -1.0)]


def test_an_empty_answer_and_an_empty_list_of_candidates_are_errors() -> None:
    for body, kind in (
        (chunk(finishReason="STOP"), "empty"),
        ({"candidates": [], "usageMetadata": {"promptTokenCount": 3}}, "empty"),
        ({}, "empty"),
    ):
        with pytest.raises(ModelError) as caught:
            whole(WIRE, ASKED, body)
        assert caught.value.kind == kind


def test_an_error_in_the_stream_is_an_error() -> None:
    event = {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}
    with pytest.raises(ModelError, match="overloaded") as caught:
        read(WIRE, ASKED, [sse([CHUNKS[0], event], named=False)])
    assert (caught.value.kind, caught.value.code, caught.value.vendor) == ("server", "UNAVAILABLE", "google")
    assert caught.value.usage_may_be_billed


@pytest.mark.parametrize("body", [b"{", b"null", b'{"candidates": 1}', b"\xff"])
def test_what_is_no_answer_is_malformed(body: bytes) -> None:
    reader = WIRE.reader("google:x", ASKED)
    with pytest.raises(ModelError) as caught:
        reader.document(body)
    assert caught.value.kind == "malformed"


def test_choices_come_as_they_are() -> None:
    found = whole(WIRE, request(choices=("yes", "no")), chunk({"text": "no"}, finishReason="STOP"))
    assert found.text == "no"
