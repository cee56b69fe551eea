"""Bedrock's Converse: bodies by botocore's service model, signatures as a service would check them, refusals."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.serialize import create_serializer
from botocore.session import get_session
from botocore.validate import ParamValidator

from streamed import body_of, options, request, vendor
from weighbridge.errors import UsageError
from weighbridge.evidence import ToolCall
from weighbridge.models.protocol import ModelError, Sampling, Tool
from weighbridge.models.remote.wires import bedrock, sigv4
from weighbridge.models.remote.wires.bedrock import BedrockWire
from weighbridge.tasks.item import Image, Message

ROW = vendor("bedrock", "https://bedrock-runtime.{region}.amazonaws.com", "Amazon Bedrock")
CLAUDE = "us.anthropic.claude-sonnet-4-5-20250929-v1:0"
NOVA = "amazon.nova-pro-v1:0"
SERVICE = get_session().get_service_model("bedrock-runtime")


@pytest.fixture
def wire() -> BedrockWire:
    return bedrock.make(ROW, options(region="eu-west-1"))


def checked(body: dict[str, Any], model: str = NOVA) -> None:
    """The body by the service model: its parameters are valid, and botocore would send the same bytes."""
    operation = SERVICE.operation_model("Converse")
    params = _decoded({"modelId": model, **json.loads(json.dumps(body))})
    report = ParamValidator().validate(params, operation.input_shape)
    assert not report.has_errors(), report.generate_report()
    sent = create_serializer("rest-json").serialize_to_request(params, operation)
    assert json.loads(sent["body"]) == body


def _decoded(value: Any) -> Any:
    if isinstance(value, list):
        return [_decoded(one) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        name: base64.b64decode(one) if name in ("bytes", "redactedContent") else _decoded(one)
        for name, one in value.items()
    }


def test_a_conversation_with_everything_is_what_the_service_model_asks(wire: BedrockWire) -> None:
    reasoned = {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}}
    redacted = {"reasoningContent": {"redactedContent": "eHg="}}
    used = {"toolUse": {"toolUseId": "t3", "name": "go", "input": {}}}
    asked = request(
        Message("system", "brief"),
        Message("system", "polite"),
        Message("user", "what?", images=(Image("image/jpeg", b"\xff\xd8"),)),
        Message("assistant", "I look", tool_calls=(ToolCall("t1", "look", '{"x": 1}'), ToolCall("t2", "go", "{}"))),
        Message("tool", "a cat", tool_call_id="t1"),
        Message("tool", "", tool_call_id="t2"),
        Message("assistant", "", echo=json.dumps({"bedrock": [reasoned, redacted, used]})),
        Message("tool", "ok", tool_call_id="t3"),
        json_schema='{"type": "object"}',
        tools=(Tool("look", '{"type": "object"}', "looks"), Tool("go", "{}")),
        tool_choice="auto",
        sampling=Sampling(0.5, 4000, None, None, ("END",), "low"),
    )
    call = wire.call(asked, CLAUDE, stream=True)
    assert call.path == f"/model/{CLAUDE}/converse-stream"
    assert call.headers == {"Accept": "application/vnd.amazon.eventstream"}
    body = json.loads(call.body)
    checked(body, CLAUDE)
    assert [one["text"] for one in body["system"]] == ["brief", "polite"]
    assert [turn["role"] for turn in body["messages"]] == ["user", "assistant", "user", "assistant", "user"]
    assert body["messages"][0]["content"][0] == {"image": {"format": "jpeg", "source": {"bytes": "/9g="}}}
    assert [block["toolResult"]["toolUseId"] for block in body["messages"][2]["content"]] == ["t1", "t2"]
    assert body["messages"][3]["content"] == [reasoned, redacted, used]
    assert body["inferenceConfig"] == {"maxTokens": 4000, "stopSequences": ["END"]}
    assert body["additionalModelRequestFields"] == {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    schema = body["outputConfig"]["textFormat"]["structure"]["jsonSchema"]["schema"]
    assert json.loads(schema) == {"type": "object"}


@pytest.mark.parametrize(
    ("choice", "expected"),
    [("auto", {"auto": {}}), ("required", {"any": {}}), ("look", {"tool": {"name": "look"}})],
)
def test_tool_choices(wire: BedrockWire, choice: str, expected: dict[str, Any]) -> None:
    body = body_of(wire, request(tools=(Tool("look", "{}"),), tool_choice=choice), NOVA)
    checked(body)
    assert body["toolConfig"]["toolChoice"] == expected


def test_no_tool_is_to_be_called(wire: BedrockWire) -> None:
    tools = (Tool("look", "{}"),)
    assert "toolConfig" not in body_of(wire, request(tools=tools, tool_choice="none"), NOVA)
    turns = (
        Message("assistant", "", tool_calls=(ToolCall("t", "look", "{}"),)),
        Message("tool", "x", tool_call_id="t"),
    )
    with pytest.raises(ModelError, match="tool_choice"):
        wire.call(request(Message("user", "?"), *turns, tools=tools, tool_choice="none"), NOVA, stream=False)


@pytest.mark.parametrize(
    ("model", "effort", "expected"),
    [
        (
            "us.amazon.nova-2-lite-v1:0",
            "high",
            {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "high"}},
        ),
        ("us.amazon.nova-2-lite-v1:0", "none", {"reasoningConfig": {"type": "disabled"}}),
        ("openai.gpt-oss-120b-1:0", "low", {"reasoning_effort": "low"}),
        (
            "anthropic.claude-opus-4-8",
            "high",
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "high"}},
        ),
    ],
)
def test_efforts(wire: BedrockWire, model: str, effort: Any, expected: dict[str, Any]) -> None:
    body = body_of(wire, request(sampling=Sampling(reasoning_effort=effort)), model)
    checked(body, model)
    assert body["additionalModelRequestFields"] == expected


def test_sampling(wire: BedrockWire) -> None:
    body = body_of(wire, request(sampling=Sampling(0.5, 9, 0.9)), NOVA)
    checked(body)
    assert body["inferenceConfig"] == {"maxTokens": 9, "temperature": 0.5, "topP": 0.9}
    assert body_of(wire, request(sampling=Sampling(1.0, 9, 0.9)), CLAUDE)["inferenceConfig"] == {
        "maxTokens": 9,
        "topP": 0.9,
    }


def test_what_cannot_be_said_is_refused_before_the_call(wire: BedrockWire) -> None:
    for asked, model, word in (
        (request(Message("user", "?", images=(Image(url="https://a.test/b.png"),))), NOVA, "S3"),
        (request(sampling=Sampling(temperature=1.5)), NOVA, "temperature"),
        (request(sampling=Sampling(reasoning_effort="none")), "openai.gpt-oss-20b-1:0", "none"),
        (request(Message("system", "alone")), NOVA, "system"),
    ):
        with pytest.raises(ModelError, match=word) as caught:
            wire.call(asked, model, stream=False)
        assert (caught.value.kind, caught.value.vendor) == ("bad_request", "bedrock")


def test_capabilities(wire: BedrockWire) -> None:
    claude, nova, micro, titan = (
        wire.capabilities(name) for name in (CLAUDE, NOVA, "amazon.nova-micro-v1:0", "amazon.titan-embed-text-v2:0")
    )
    assert all((claude.tools, claude.images, claude.json_schema, claude.reasoning_effort, nova.tools, nova.images))
    assert not any((claude.seed, claude.logprobs, nova.seed, nova.json_schema, micro.images, titan.streaming))
    assert titan.embeddings
    profile = wire.capabilities("arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc")
    assert profile.tools


@pytest.fixture
def keys(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (bedrock.TOKEN, "AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "session")


@pytest.mark.usefixtures("keys")
@pytest.mark.parametrize(
    "model", [CLAUDE, "arn:aws:bedrock:eu-west-1:1:inference-profile/us.amazon.nova-pro-v1:0", "a b/ä"]
)
def test_a_service_that_checks_the_signature_accepts_it(wire: BedrockWire, model: str) -> None:
    from yarl import URL

    call = wire.call(request(), model, stream=False)
    url = f"https://bedrock-runtime.eu-west-1.amazonaws.com{call.path}"
    signed = wire.auth("", url, call.body)
    # What arrives: the path as aiohttp writes it into the request line.
    received = f"https://bedrock-runtime.eu-west-1.amazonaws.com{URL(url).raw_path}"
    assert received == url
    again = AWSRequest("POST", received, data=call.body)
    again.context["timestamp"] = signed["X-Amz-Date"]
    signer = SigV4Auth(Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI", "session"), "bedrock", "eu-west-1")
    again.headers["X-Amz-Date"] = signed["X-Amz-Date"]
    again.headers["X-Amz-Security-Token"] = signed["X-Amz-Security-Token"]
    canonical = signer.canonical_request(again)
    assert "host:bedrock-runtime.eu-west-1.amazonaws.com" in canonical
    expected = signer.signature(signer.string_to_sign(again, canonical), again)
    assert signed["Authorization"].endswith(f"Signature={expected}")
    assert "/eu-west-1/bedrock/aws4_request" in signed["Authorization"]
    assert signed["X-Amz-Security-Token"] == "session"


@pytest.mark.usefixtures("keys")
def test_another_body_has_another_signature_and_no_secret_shows(wire: BedrockWire) -> None:
    url = "https://bedrock-runtime.eu-west-1.amazonaws.com/model/x/converse"
    first, second = wire.auth("", url, b"1"), wire.auth("", url, b"2")
    assert first["Authorization"] != second["Authorization"]
    assert "wJalrXUtnFEMI" not in str(first)
    assert {"wJalrXUtnFEMI", "session"} <= set(wire.secrets(""))


@pytest.mark.usefixtures("keys")
def test_the_region_is_that_of_the_options_or_of_the_address() -> None:
    wire = bedrock.make(ROW, options())
    assert wire.region("https://bedrock-runtime.us-west-2.amazonaws.com/model/x/converse") == "us-west-2"
    assert wire.region("https://bedrock-runtime-fips.us-east-1.amazonaws.com/") == "us-east-1"
    with pytest.raises(ModelError, match="region"):
        wire.region("http://127.0.0.1:8000/model/x/converse")


def test_an_api_key_goes_before_signatures(wire: BedrockWire, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(bedrock.TOKEN, "bedrock-key")
    assert wire.auth("", "https://x", b"") == {"Authorization": "Bearer bedrock-key"}
    assert wire.auth("given", "https://x", b"") == {"Authorization": "Bearer given"}
    assert "bedrock-key" in wire.secrets("")


@pytest.mark.usefixtures("keys")
def test_without_credentials_the_error_says_how(wire: BedrockWire, monkeypatch: pytest.MonkeyPatch) -> None:
    from botocore.session import Session

    monkeypatch.setattr(Session, "get_credentials", lambda self: None)
    with pytest.raises(ModelError) as caught:
        wire.auth("", "https://bedrock-runtime.eu-west-1.amazonaws.com/model/x/converse", b"")
    assert (caught.value.kind, caught.value.vendor) == ("auth", "bedrock")
    assert "AWS_ACCESS_KEY_ID" in str(caught.value)


@pytest.mark.usefixtures("keys")
def test_without_botocore_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sigv4, "installed", lambda: False)
    with pytest.raises(UsageError) as caught:
        bedrock.make(ROW, options())
    assert "weighbridge[bedrock]" in str(caught.value)


@pytest.mark.parametrize(
    ("status", "word", "message", "kind"),
    [
        (429, "ThrottlingException:http://internal.amazon.com/coral/", "Too many requests", "rate_limit"),
        (429, "ThrottlingException", "Too many tokens per day, please wait", "quota"),
        (400, "ServiceQuotaExceededException", "x", "quota"),
        (403, "AccessDeniedException", "You don't have access to the model", "auth"),
        (403, "UnrecognizedClientException", "The security token is invalid", "auth"),
        (403, "ExpiredTokenException", "x", "auth"),
        (400, "ValidationException", "maxTokens is too large", "bad_request"),
        (400, "ValidationException", "The provided model identifier is invalid.", "dead"),
        (404, "ResourceNotFoundException", "x", "dead"),
        (408, "ModelTimeoutException", "x", "timeout"),
        (424, "ModelErrorException", "x", "server"),
        (429, "ModelNotReadyException", "x", "server"),
        (500, "InternalServerException", "x", "server"),
        (503, "ServiceUnavailableException", "x", "server"),
    ],
)
def test_refusals(wire: BedrockWire, status: int, word: str, message: str, kind: str) -> None:
    headers = {"x-amzn-errortype": word, "x-amzn-requestid": "r1"}
    found = wire.failure(status, headers, json.dumps({"message": message}).encode(), "bedrock:x")
    assert (found.kind, found.status, found.vendor, found.request_id) == (kind, status, "bedrock", "r1")
    assert found.code == word.partition(":")[0]
    unnamed = wire.failure(
        status, {}, json.dumps({"__type": f"a.b#{word}", "message": message}).encode(), "bedrock:x"
    )
    assert unnamed.kind == kind


def test_embeddings(wire: BedrockWire) -> None:
    call = wire.embeddings(["a"], "amazon.titan-embed-text-v2:0")
    assert (call.path, json.loads(call.body)) == ("/model/amazon.titan-embed-text-v2:0/invoke", {"inputText": "a"})
    with pytest.raises(ModelError, match="one text"):
        wire.embeddings(["a", "b"], "amazon.titan-embed-text-v2:0")
    both = json.loads(wire.embeddings(["a", "b"], "cohere.embed-english-v3").body)
    assert both == {"texts": ["a", "b"], "input_type": "search_document"}
    for body, rows in (
        (b'{"embedding": [1, 2], "inputTextTokenCount": 1}', [[1, 2]]),
        (b'{"embeddings": [[1, 2], [3, 4]]}', [[1, 2], [3, 4]]),
        (b'{"embeddings": {"float": [[1, 2]]}}', [[1, 2]]),
    ):
        reader = wire.vectors("bedrock:x", len(rows))
        reader.document(body)
        assert reader.vectors() == rows
