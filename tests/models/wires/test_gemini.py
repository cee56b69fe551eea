"""Requests to Gemini and Vertex AI, and their refusals; the bodies are checked by the types of Google's SDK."""

from __future__ import annotations

import json
from typing import Any

import pytest
from google.genai import types

from streamed import body_of, options, request, vendor
from weighbridge.errors import UsageError
from weighbridge.evidence import ToolCall
from weighbridge.models.protocol import ModelError, Sampling, Tool
from weighbridge.models.remote.wires import gemini, vertex
from weighbridge.models.remote.wires.gemini import GeminiWire
from weighbridge.tasks.item import Image, Message

ROW = vendor("google", "https://generativelanguage.googleapis.com/v1beta", "Google Gemini")
FLASH, NEW = "gemini-2.5-flash", "gemini-3.5-flash"


CALLS = (ToolCall("f1", "look", '{"x": 1}'), ToolCall("call_1", "go", "{}"))
TOOLS = (Tool("look", '{"type": "object", "properties": {"x": {"type": "integer"}}}', "looks"), Tool("go", "{}"))


@pytest.fixture
def wire() -> GeminiWire:
    return gemini.make(ROW, options())


def checked(body: dict[str, Any]) -> types.GenerationConfig:
    """The body by the SDK's types, which refuse unknown fields."""
    for content in body["contents"]:
        types.Content.model_validate(content)
    if "systemInstruction" in body:
        types.Content.model_validate(body["systemInstruction"])
    for tool in body.get("tools", ()):
        types.Tool.model_validate(tool)
    if "toolConfig" in body:
        types.ToolConfig.model_validate(body["toolConfig"])
    assert set(body) <= {"contents", "systemInstruction", "tools", "toolConfig", "generationConfig"}
    return types.GenerationConfig.model_validate(body["generationConfig"])


def test_a_conversation_with_everything_is_what_the_sdk_types_ask(wire: GeminiWire) -> None:
    asked = request(
        Message("system", "be brief"),
        Message("user", "what?", images=(Image("image/jpeg", b"\xff\xd8"), Image(url="gs://b/o.png"))),
        Message(
            "assistant", "I look", tool_calls=(ToolCall("f1", "look", '{"x": 1}'), ToolCall("call_1", "go", "{}"))
        ),
        Message("tool", '{"seen": "cat"}', tool_call_id="f1"),
        Message("tool", "[1]", tool_call_id="call_1"),
        Message("user", "so?"),
        json_schema='{"type": "object", "properties": {"a": {"type": "string"}}}',
        tools=(
            Tool("look", '{"type": "object", "properties": {"x": {"type": "integer"}}}', "looks"),
            Tool("go", "{}"),
        ),
        tool_choice="look",
        logprobs=True,
        repeat=2,
        sampling=Sampling(0.5, 2000, 0.9, 7, ("END",), "low"),
    )
    call = wire.call(asked, NEW, stream=True)
    assert call.path == "/models/gemini-3.5-flash:streamGenerateContent?alt=sse"
    body = json.loads(call.body)
    settings = checked(body)
    assert [turn["role"] for turn in body["contents"]] == ["user", "model", "user"]
    assert body["contents"][0]["parts"][0] == {"inlineData": {"mimeType": "image/jpeg", "data": "/9g="}}
    assert body["contents"][1]["parts"][1:] == [
        {"functionCall": {"id": "f1", "name": "look", "args": {"x": 1}}},
        {"functionCall": {"name": "go", "args": {}}},
    ]
    assert body["contents"][2]["parts"] == [
        {"functionResponse": {"id": "f1", "name": "look", "response": {"seen": "cat"}}},
        {"functionResponse": {"name": "go", "response": {"result": "[1]"}}},
        {"text": "so?"},
    ]
    assert body["toolConfig"]["functionCallingConfig"] == {"mode": "ANY", "allowedFunctionNames": ["look"]}
    assert (settings.seed, settings.stop_sequences, settings.response_logprobs) == (9, ["END"], True)
    assert (settings.temperature, settings.top_p, settings.max_output_tokens) == (0.5, 0.9, 2000)
    assert settings.response_mime_type == "application/json"
    assert settings.thinking_config is not None
    assert settings.thinking_config.thinking_level is types.ThinkingLevel.LOW


@pytest.mark.parametrize(("choice", "mode"), [("auto", "AUTO"), ("none", "NONE"), ("required", "ANY")])
def test_tool_choices(wire: GeminiWire, choice: str, mode: str) -> None:
    body = body_of(wire, request(tools=(Tool("look", "{}"),), tool_choice=choice), FLASH)
    checked(body)
    assert body["toolConfig"]["functionCallingConfig"] == {"mode": mode}


def test_choices_are_an_enumeration(wire: GeminiWire) -> None:
    settings = checked(body_of(wire, request(choices=("yes", "no")), FLASH))
    assert settings.response_mime_type == "text/x.enum"
    assert settings.response_schema is not None
    assert settings.response_schema.enum == ["yes", "no"]


@pytest.mark.parametrize(
    ("effort", "model", "expected"),
    [
        ("none", FLASH, {"thinkingBudget": 0}),
        ("high", "gemini-2.5-pro", {"thinkingBudget": 24_576, "includeThoughts": True}),
        ("minimal", NEW, {"thinkingLevel": "MINIMAL", "includeThoughts": True}),
    ],
)
def test_efforts(wire: GeminiWire, effort: Any, model: str, expected: dict[str, Any]) -> None:
    body = body_of(wire, request(sampling=Sampling(reasoning_effort=effort)), model)
    checked(body)
    assert body["generationConfig"]["thinkingConfig"] == expected


@pytest.mark.parametrize("model", ["gemini-2.5-pro", "gemini-3-pro-preview"])
def test_a_model_that_always_thinks_says_so(wire: GeminiWire, model: str) -> None:
    with pytest.raises(ModelError, match="thinking") as caught:
        wire.call(request(sampling=Sampling(reasoning_effort="none")), model, stream=False)
    assert caught.value.kind == "bad_request"


def test_what_cannot_be_said_is_refused_before_the_call(wire: GeminiWire) -> None:
    for asked, word in (
        (request(sampling=Sampling(stop=tuple("abcdef"))), "stop"),
        (request(Message("system", "alone")), "system"),
        (request(Message("user", "?"), Message("tool", "x", tool_call_id="gone")), "gone"),
        (request(json_schema="["), "Schema"),
    ):
        with pytest.raises(ModelError, match=word) as caught:
            wire.call(asked, FLASH, stream=False)
        assert (caught.value.kind, caught.value.vendor) == ("bad_request", "google")


def test_signed_parts_go_back_as_they_came(wire: GeminiWire) -> None:
    parts = [{"functionCall": {"name": "look", "args": {}}, "thoughtSignature": "c2ln"}]
    turn = Message(
        "assistant", "", tool_calls=(ToolCall("call_0", "look", "{}"),), echo=json.dumps({"gemini": parts})
    )
    body = body_of(wire, request(Message("user", "?"), turn, Message("tool", "1", tool_call_id="call_0")), NEW)
    checked(body)
    assert body["contents"][1]["parts"] == parts


def test_capabilities(wire: GeminiWire) -> None:
    flash, embedder, gemma = (wire.capabilities(name) for name in (FLASH, "gemini-embedding-001", "gemma-3-27b-it"))
    assert all((flash.logprobs, flash.seed, flash.tools, flash.images, flash.reasoning_effort, flash.choices))
    assert embedder.embeddings
    assert not any((embedder.streaming, embedder.tools, flash.embeddings))
    old = wire.capabilities("gemini-2.0-flash")
    assert not any((gemma.tools, gemma.reasoning_effort, old.reasoning_effort))


def google_error(code: int, status: str, message: str, *details: dict[str, Any]) -> bytes:
    return json.dumps(
        {"error": {"code": code, "message": message, "status": status, "details": list(details)}}
    ).encode()


def exhausted(message: str, *details: dict[str, Any]) -> bytes:
    return google_error(429, "RESOURCE_EXHAUSTED", message, *details)


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "13.5s"}
QUOTA = "You exceeded your current quota, please check your plan and billing details."


def violated(name: str) -> dict[str, Any]:
    return {"@type": "type.googleapis.com/google.rpc.QuotaFailure", "violations": [{"quotaId": name}]}


@pytest.mark.parametrize(
    ("status", "body", "kind", "waits"),
    [
        (
            429,
            exhausted(QUOTA, violated("GenerateRequestsPerMinute"), RETRY),
            "rate_limit",
            13.5,
        ),
        (
            429,
            exhausted(QUOTA, violated("GenerateRequestsPerDayPerModel"), RETRY),
            "quota",
            None,
        ),
        (429, exhausted("Resource exhausted, try again later."), "rate_limit", None),
        (429, exhausted("Your prepayment credits are depleted."), "quota", None),
        (
            400,
            google_error(400, "INVALID_ARGUMENT", "API key not valid.", {"reason": "API_KEY_INVALID"}),
            "auth",
            None,
        ),
        (400, google_error(400, "INVALID_ARGUMENT", "bad field"), "bad_request", None),
        (400, google_error(400, "FAILED_PRECONDITION", "User location is not supported"), "dead", None),
        (401, google_error(401, "UNAUTHENTICATED", "expired"), "auth", None),
        (403, google_error(403, "PERMISSION_DENIED", "no"), "auth", None),
        (404, b"[" + google_error(404, "NOT_FOUND", "models/x is not found") + b"]", "dead", None),
        (500, google_error(500, "INTERNAL", "oops"), "server", None),
        (503, google_error(503, "UNAVAILABLE", "The model is overloaded."), "server", None),
        (504, google_error(504, "DEADLINE_EXCEEDED", "late"), "timeout", None),
        (502, b"<html>", "server", None),
    ],
)
def test_refusals(wire: GeminiWire, status: int, body: bytes, kind: str, waits: float | None) -> None:
    found = wire.failure(status, {}, body, "google:x")
    assert (found.kind, found.retry_after, found.status, found.vendor) == (kind, waits, status, "google")
    if b"RESOURCE_EXHAUSTED" in body:
        assert found.code == "RESOURCE_EXHAUSTED"
    if kind == "rate_limit":
        assert found.fix is None
    if kind == "auth":
        assert "GOOGLE_API_KEY" in str(found.fix)


def test_embeddings(wire: GeminiWire) -> None:
    call = wire.embeddings(["a", "b"], "gemini-embedding-001")
    assert call.path == "/models/gemini-embedding-001:batchEmbedContents"
    asked = json.loads(call.body)["requests"]
    assert [types.Content.model_validate(one["content"]).parts[0].text for one in asked] == ["a", "b"]
    assert {one["model"] for one in asked} == {"models/gemini-embedding-001"}
    reader = wire.vectors("google:x", 2)
    answer = types.EmbedContentResponse(
        embeddings=[types.ContentEmbedding(values=[0.5, 1]), types.ContentEmbedding(values=[0.25, 2])]
    )
    reader.document(answer.model_dump_json(by_alias=True, exclude_none=True).encode())
    assert reader.vectors() == [[0.5, 1], [0.25, 2]]
    short = wire.vectors("google:x", 3)
    short.document(reader.body)
    with pytest.raises(ModelError, match="2 embeddings for 3"):
        short.vectors()


def test_vertex_has_its_own_paths_and_a_bearer_token(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(vertex.TOKEN, "ya29.secret")
    wire = vertex.make(vendor("vertex", "https://{region}-aiplatform.googleapis.com/v1"), options())
    assert (
        wire.call(request(), FLASH, stream=False).path == "/publishers/google/models/gemini-2.5-flash:generateContent"
    )
    assert wire.auth("", "https://x", b"") == {"Authorization": "Bearer ya29.secret"}
    assert wire.auth("given", "https://x", b"") == {"Authorization": "Bearer given"}
    assert "ya29.secret" in wire.secrets("")
    assert json.loads(wire.embeddings(["a"], "text-embedding-005").body) == {"instances": [{"content": "a"}]}
    reader = wire.vectors("vertex:x", 1)
    reader.document(b'{"predictions": [{"embeddings": {"values": [1.5], "statistics": {"token_count": 1}}}]}')
    assert reader.vectors() == [[1.5]]
    found = wire.failure(401, {}, google_error(401, "UNAUTHENTICATED", "x"), "vertex:x")
    assert "gcloud" in str(found.fix)


def test_vertex_takes_the_application_default_credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    import google.auth

    class Credentials:
        valid = False
        token = ""

        def refresh(self, _: object) -> None:
            self.valid, self.token = True, "fresh"

    monkeypatch.delenv(vertex.TOKEN, raising=False)
    monkeypatch.setattr(google.auth, "default", lambda scopes: (Credentials(), "project"))
    wire = vertex.make(vendor("vertex", "https://x"), options())
    assert wire.auth("", "https://x", b"") == {"Authorization": "Bearer fresh"}

    def none_there(scopes: object) -> None:
        raise google.auth.exceptions.DefaultCredentialsError("nothing found")

    monkeypatch.setattr(google.auth, "default", none_there)
    with pytest.raises(ModelError, match="nothing found") as caught:
        vertex.make(vendor("vertex", "https://x"), options()).auth("", "https://x", b"")
    assert caught.value.kind == "auth"


def test_vertex_without_a_way_to_a_token_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(vertex.TOKEN, raising=False)
    monkeypatch.setattr(vertex, "_installed", lambda: False)
    with pytest.raises(UsageError) as caught:
        vertex.make(vendor("vertex", "https://x"), options())
    assert "weighbridge[vertex]" in str(caught.value)
