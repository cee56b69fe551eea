"""Requests to Anthropic's Messages, its refusals and its limits; the bodies are checked by its SDK's own types."""

from __future__ import annotations

import json

import pydantic
import pytest
from anthropic.types.message_create_params import MessageCreateParamsNonStreaming

from streamed import body_of, options, request, vendor
from weighbridge.evidence import ToolCall
from weighbridge.models.protocol import ModelError, Sampling, Tool
from weighbridge.models.remote.wires import anthropic
from weighbridge.models.remote.wires.anthropic import AnthropicWire, anthropic_limits
from weighbridge.models.remote.wires.claude import generation
from weighbridge.tasks.item import Image, Message

ROW = vendor("anthropic", "https://api.anthropic.com/v1", "Anthropic")
TYPED = pydantic.TypeAdapter(MessageCreateParamsNonStreaming)
NEW, OLD = "claude-opus-4-8", "claude-sonnet-4-5-20250929"


@pytest.fixture
def wire() -> AnthropicWire:
    return anthropic.make(ROW, options())


def test_a_conversation_with_tools_pictures_and_a_schema_is_what_the_sdk_types_ask(wire: AnthropicWire) -> None:
    asked = request(
        Message("system", "be brief"),
        Message(
            "user", "what is this?", images=(Image("image/jpeg", b"\xff\xd8"), Image(url="https://a.test/b.png"))
        ),
        Message(
            "assistant", "let me look", tool_calls=(ToolCall("t1", "look", '{"x": 1}'), ToolCall("t2", "go", "{}"))
        ),
        Message("tool", "a cat", tool_call_id="t1"),
        Message("tool", "", tool_call_id="t2"),
        Message("user", "so?"),
        json_schema='{"type": "object", "properties": {"a": {"type": "string"}}}',
        tools=(
            Tool("look", '{"type": "object", "properties": {"x": {"type": "integer"}}}', "looks"),
            Tool("go", "{}"),
        ),
        tool_choice="auto",
        sampling=Sampling(max_tokens=2000, reasoning_effort="high", stop=("END",)),
    )
    call = wire.call(asked, NEW, stream=False)
    assert (call.path, call.headers) == ("/messages", {"anthropic-version": "2023-06-01"})
    body = json.loads(call.body)
    TYPED.validate_python(body, strict=False)
    assert body["system"] == "be brief"
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user"]
    assert [block["type"] for block in body["messages"][0]["content"]] == ["image", "image", "text"]
    assert body["messages"][0]["content"][0]["source"] == {
        "type": "base64",
        "media_type": "image/jpeg",
        "data": "/9g=",
    }
    assert body["messages"][1]["content"][1] == {"type": "tool_use", "id": "t1", "name": "look", "input": {"x": 1}}
    assert body["messages"][2]["content"] == [
        {"type": "tool_result", "tool_use_id": "t1", "content": "a cat"},
        {"type": "tool_result", "tool_use_id": "t2"},
        {"type": "text", "text": "so?"},
    ]
    assert body["thinking"] == {"type": "adaptive", "display": "summarized"}
    assert body["output_config"]["effort"] == "high"
    assert body["output_config"]["format"]["schema"]["additionalProperties"] is False
    assert "temperature" not in body
    assert "stream" not in body
    assert body["stop_sequences"] == ["END"]


def test_neighbours_of_one_role_become_one_turn_and_a_begun_answer_ends_without_blanks(wire: AnthropicWire) -> None:
    asked = request(
        Message("user", "a"), Message("user", "b"), Message("user", " "), Message("assistant", "it is \n")
    )
    assert body_of(wire, asked, OLD)["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
        {"role": "assistant", "content": [{"type": "text", "text": "it is"}]},
    ]
    with pytest.raises(ModelError) as caught:
        wire.call(request(Message("system", "alone")), OLD, stream=False)
    assert caught.value.kind == "bad_request"


@pytest.mark.parametrize(
    ("choice", "expected"),
    [
        ("auto", {"type": "auto"}),
        ("none", {"type": "none"}),
        ("required", {"type": "any"}),
        ("look", {"type": "tool", "name": "look"}),
    ],
)
def test_tool_choices(wire: AnthropicWire, choice: str, expected: dict[str, str]) -> None:
    body = body_of(wire, request(tools=(Tool("look", "{}"),), tool_choice=choice), OLD)
    TYPED.validate_python(body)
    assert body["tool_choice"] == expected


def test_signed_thinking_goes_back_as_it_came(wire: AnthropicWire) -> None:
    blocks = [
        {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
        {"type": "redacted_thinking", "data": "eHg="},
        {"type": "text", "text": "I look"},
        {"type": "tool_use", "id": "t1", "name": "look", "input": {"b": 1, "a": 2}},
    ]
    turn = Message(
        "assistant", "I look", tool_calls=(ToolCall("t1", "look", "{}"),), echo=json.dumps({"anthropic": blocks})
    )
    body = body_of(wire, request(Message("user", "?"), turn, Message("tool", "ok", tool_call_id="t1")), NEW)
    assert body["messages"][1]["content"] == blocks
    TYPED.validate_python(body)
    other = Message("assistant", "hi", echo='{"gemini": [1]}')
    body = body_of(wire, request(Message("user", "?"), other, Message("user", "!")), NEW)
    assert body["messages"][1]["content"] == [{"type": "text", "text": "hi"}]


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-3-5-sonnet-20241022", (3, 5)),
        ("claude-3-haiku-20240307", (3, 0)),
        ("claude-opus-4-20250514", (4, 0)),
        ("claude-opus-4-1-20250805", (4, 1)),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", (4, 5)),
        ("anthropic/claude-opus-4.8", (4, 8)),
        ("claude-sonnet-5", (5, 0)),
        ("claude-mythos-preview", (99, 0)),
    ],
)
def test_generations(model: str, expected: tuple[int, int]) -> None:
    assert generation(model) == expected


def test_what_a_model_has_not_is_declared(wire: AnthropicWire) -> None:
    new, old, ancient = (wire.capabilities(name) for name in (NEW, OLD, "claude-3-haiku-20240307"))
    assert not any((new.seed, new.logprobs, new.scoring, new.embeddings, new.temperature, new.top_p))
    assert old.temperature
    assert old.json_schema
    assert not ancient.json_schema
    assert not ancient.reasoning_effort
    assert ancient.images


@pytest.mark.parametrize(
    ("effort", "tokens", "expected"),
    [
        ("low", 10_000, 2000),
        ("medium", 10_000, 5000),
        ("high", 10_000, 8000),
        ("low", 1100, 1024),
        ("high", 1025, 1024),
    ],
)
def test_an_effort_is_a_budget_where_models_count_it(
    wire: AnthropicWire, effort: str, tokens: int, expected: int
) -> None:
    body = body_of(wire, request(sampling=Sampling(max_tokens=tokens, reasoning_effort=effort)), OLD)
    assert body["thinking"] == {"type": "enabled", "budget_tokens": expected}
    assert "temperature" not in body
    TYPED.validate_python(body)


@pytest.mark.parametrize(
    ("sampling", "model", "word"),
    [
        (Sampling(max_tokens=1024, reasoning_effort="low"), OLD, "max_tokens"),
        (Sampling(max_tokens=4000, reasoning_effort="minimal"), NEW, "minimal"),
        (Sampling(temperature=1.5), OLD, "temperature"),
        (Sampling(temperature=0.5, top_p=0.9), OLD, "both"),
        (Sampling(max_tokens=4000, top_p=0.5, reasoning_effort="low"), OLD, "top_p"),
    ],
)
def test_what_cannot_be_said_is_refused_before_the_call(
    wire: AnthropicWire, sampling: Sampling, model: str, word: str
) -> None:
    with pytest.raises(ModelError) as caught:
        wire.call(request(sampling=sampling), model, stream=False)
    assert caught.value.kind == "bad_request"
    assert caught.value.vendor == "anthropic"
    assert word in str(caught.value)


def test_temperature_and_top_p(wire: AnthropicWire) -> None:
    def sampled(model: str, **values: float) -> dict[str, float]:
        body = body_of(wire, request(sampling=Sampling(**values)), model)
        return {name: body[name] for name in ("temperature", "top_p") if name in body}

    assert sampled(OLD, temperature=0.7) == {"temperature": 0.7}
    assert sampled(OLD, temperature=1.0, top_p=0.9) == {"top_p": 0.9}
    assert sampled(OLD, temperature=0.0, top_p=0.9) == {"temperature": 0.0}
    assert sampled("claude-3-haiku-20240307", temperature=0.5, top_p=0.9) == {"temperature": 0.5, "top_p": 0.9}
    assert sampled(NEW, temperature=0.7, top_p=0.9) == {}


def test_the_version_stands_once_in_the_path() -> None:
    bare = anthropic.make(ROW, options(base_url="http://127.0.0.1:1/proxy/"))
    assert bare.call(request(), OLD, stream=True).path == "/v1/messages"
    assert json.loads(bare.call(request(), OLD, stream=True).body)["stream"] is True


def test_the_project_may_add_and_omit_fields() -> None:
    wire = anthropic.make(ROW, options(extra={"top_k": 5, "output_config": {"effort": "low"}}, omit=("temperature",)))
    body = body_of(wire, request(json_schema='{"type": "object"}'), OLD)
    assert body["top_k"] == 5
    assert "temperature" not in body
    assert body["output_config"]["effort"] == "low"
    assert body["output_config"]["format"]["type"] == "json_schema"


def error(kind: str, message: str = "no", **more: object) -> bytes:
    return json.dumps(
        {"type": "error", "error": {"type": kind, "message": message, **more}, "request_id": "r"}
    ).encode()


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, error("invalid_request_error"), "bad_request"),
        (400, error("invalid_request_error", "Your credit balance is too low to access the API"), "quota"),
        (401, error("authentication_error", "invalid x-api-key"), "auth"),
        (402, error("billing_error"), "quota"),
        (403, error("permission_error"), "auth"),
        (404, error("not_found_error", "model: claude-nope"), "dead"),
        (413, error("request_too_large"), "bad_request"),
        (429, error("rate_limit_error"), "rate_limit"),
        (429, error("rate_limit_error", error_code="enforced_spend_limit_reached"), "quota"),
        (500, error("api_error"), "server"),
        (504, error("timeout_error"), "timeout"),
        (529, error("overloaded_error", "Overloaded"), "server"),
        (502, b"<html>bad gateway</html>", "server"),
    ],
)
def test_refusals(wire: AnthropicWire, status: int, body: bytes, kind: str) -> None:
    found = wire.failure(status, {"request-id": "req_1", "retry-after": "7"}, body, "anthropic:x")
    assert (found.kind, found.status, found.vendor, found.request_id) == (kind, status, "anthropic", "req_1")
    assert found.retry_after == (7 if kind in ("rate_limit", "server", "timeout") else None)
    if kind == "auth":
        assert "ANTHROPIC_API_KEY" in str(found)
    if kind == "dead":
        assert "anthropic:" in str(found.fix)


def test_limits_are_seconds_from_now() -> None:
    headers = {
        "anthropic-ratelimit-requests-limit": "50",
        "anthropic-ratelimit-requests-remaining": "49",
        "anthropic-ratelimit-requests-reset": "2026-11-21T06:00:30Z",
        "anthropic-ratelimit-input-tokens-limit": "40000",
        "anthropic-ratelimit-input-tokens-remaining": "39000",
        "anthropic-ratelimit-input-tokens-reset": "not a time",
    }
    from datetime import UTC, datetime

    found = anthropic_limits(headers, datetime(2026, 11, 21, 6, tzinfo=UTC).timestamp())
    assert found is not None
    assert (found.requests, found.requests_left, found.requests_reset) == (50, 49, 30)
    assert (found.tokens, found.tokens_left, found.tokens_reset) == (40_000, 39_000, None)
    assert anthropic_limits({}) is None


def test_the_key_travels_in_its_own_header(wire: AnthropicWire) -> None:
    assert wire.auth("sk-1", "https://x", b"") == {"x-api-key": "sk-1"}
    assert list(wire.secrets("sk-1")) == ["sk-1"]
