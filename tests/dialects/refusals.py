"""How each vendor words what goes wrong: bodies and headers as its reference and its SDK's errors have them."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass

from dialects import bedrock
from wire_server import JSON, Reply

REQUEST_ID = "req-0123"


@dataclass(frozen=True)
class Words:
    """One vendor's words, by what is wrong."""

    body: Callable[[int, str], bytes]
    """(status, message) -> body"""
    id_header: str = "x-request-id"
    empty: bytes = b""
    """A document of status 200 with an empty list of choices, or the like; none where the format has no such."""
    event: bytes = b""
    """An error in the middle of a stream, as it stands there."""
    quota: tuple[int, bytes] | None = None
    """(status, body) of an account that may not spend more."""
    wait: bytes | None = None
    """A 429 whose body says to wait 7 seconds."""
    filtered: tuple[int, bytes] | None = None
    """(status, body) of a prompt that a filter stopped."""
    typed: dict[int, str] | None = None
    """By status, the error type that goes into the header `x-amzn-ErrorType`."""

    def reply(self, status: int, message: str = "something is wrong", retry_after: str | None = None) -> Reply:
        headers = [(self.id_header, REQUEST_ID)]
        if retry_after is not None:
            headers.append(("Retry-After", retry_after))
        if self.typed is not None and status in self.typed:
            headers.append(("x-amzn-ErrorType", self.typed[status]))
        return Reply(self.body(status, message), JSON, status, tuple(headers))


def _openai(status: int, message: str) -> bytes:
    kind = {401: "invalid_request_error", 429: "rate_limit_error"}.get(status, "server_error")
    code = {401: "invalid_api_key", 429: "rate_limit_exceeded"}.get(status)
    return json.dumps({"error": {"message": message, "type": kind, "param": None, "code": code}}).encode()


_ANTHROPIC = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def _anthropic(status: int, message: str) -> bytes:
    error = {"type": _ANTHROPIC.get(status, "api_error"), "message": message}
    return json.dumps({"type": "error", "error": error, "request_id": REQUEST_ID}).encode()


_GOOGLE = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def _google(status: int, message: str, details: list[object] | None = None) -> bytes:
    error = {"code": status, "message": message, "status": _GOOGLE.get(status, "UNKNOWN"), "details": details or []}
    return json.dumps({"error": error}).encode()


_RETRY = [{"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "7s"}]
_DAY = [
    {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        "violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}],
    }
]
_AWS = {
    400: "ValidationException",
    401: "UnrecognizedClientException",
    403: "AccessDeniedException",
    404: "ResourceNotFoundException",
    429: "ThrottlingException",
    500: "InternalServerException",
    503: "ServiceUnavailableException",
}
_FILTER = {"message": "The response was filtered", "type": None, "param": "prompt", "code": "content_filter"}
_EMPTY_CHAT = b'{"id": "x", "object": "chat.completion", "created": 1, "model": "m", "choices": []}'
_OPENAI = Words(
    _openai,
    empty=_EMPTY_CHAT,
    event=b'data: {"error": {"message": "The server had an error", "type": "server_error", "code": null}}\n\n',
    quota=(429, b'{"error": {"message": "You exceeded your current quota", "type": "insufficient_quota", '
                b'"param": null, "code": "insufficient_quota"}}'),
)  # fmt: skip
_GEMINI = Words(
    _google,
    empty=b'{"candidates": [], "usageMetadata": {"promptTokenCount": 3}}',
    event=b'data: {"error": {"code": 503, "message": "overloaded", "status": "UNAVAILABLE"}}\r\n\r\n',
    quota=(429, _google(429, "You exceeded your current quota", _DAY)),
    wait=_google(429, "You exceeded your current quota", _RETRY),
    filtered=(200, b'{"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 3}}'),
)
WORDS: dict[str, Words] = {
    "openai": _OPENAI,
    "openai-responses": Words(
        _openai,
        event=b'event: error\ndata: {"type": "error", "sequence_number": 9, "code": "server_error", '
        b'"message": "The server had an error", "param": null}\n\n',
        quota=_OPENAI.quota,
    ),
    "azure": Words(
        _openai,
        "apim-request-id",
        empty=_EMPTY_CHAT,
        event=_OPENAI.event,
        quota=_OPENAI.quota,
        filtered=(400, json.dumps({"error": {**_FILTER, "status": 400}}).encode()),
    ),
    "anthropic": Words(
        _anthropic,
        "request-id",
        empty=b'{"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "content": [], '
        b'"stop_reason": "end_turn", "usage": {"input_tokens": 3, "output_tokens": 0}}',
        event=b'event: error\ndata: {"type": "error", "error": {"type": "overloaded_error", '
        b'"message": "Overloaded"}}\n\n',
        quota=(400, _anthropic(400, "Your credit balance is too low to access the Anthropic API.")),
    ),
    "gemini": _GEMINI,
    "vertex": _GEMINI,
    "cohere": Words(
        lambda status, message: json.dumps({"id": REQUEST_ID, "message": message}).encode(),
        "x-debug-trace-id",
        empty=b'{"id": "c", "finish_reason": "COMPLETE", "message": {"role": "assistant", "content": []}}',
        quota=(402, b'{"message": "Please add or update your payment method"}'),
    ),
    "bedrock": Words(
        lambda status, message: json.dumps({"message": message}).encode(),
        "x-amzn-requestid",
        empty=b'{"output": {"message": {"role": "assistant", "content": []}}, "stopReason": "end_turn", '
        b'"usage": {"inputTokens": 3, "outputTokens": 0, "totalTokens": 3}, "metrics": {"latencyMs": 1}}',
        event=bedrock.exception("modelStreamErrorException", "The model had an error"),
        typed=_AWS,
    ),
    "ollama": Words(
        lambda status, message: json.dumps({"error": message}).encode(),
        event=b'{"error": "an error was encountered while running the model: CUDA error"}\n',
        empty=b'{"model": "m", "created_at": "2026-11-21T06:00:00Z", "message": {"role": "assistant", '
        b'"content": ""}, "done": true, "done_reason": "stop", "prompt_eval_count": 3, "eval_count": 0}',
    ),
}  # fmt: skip
WORDS["azure-responses"] = WORDS["openai-responses"]
