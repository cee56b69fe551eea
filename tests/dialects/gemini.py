"""Google's generateContent, written through the types of its SDK and read by its client."""

from __future__ import annotations

import json
from typing import Any

from google import genai
from google.genai import types

from dialects.said import Read, Said
from wire_server import SSE

STREAM = SSE
WORDS = {"stop": "STOP", "length": "MAX_TOKENS", "filter": "SAFETY", "tool": "STOP"}


def _answer(said: Said, parts: list[dict[str, Any]], reason: str | None, output: int) -> bytes:
    candidate: dict[str, Any] = {"index": 0, "content": {"role": "model", "parts": parts}}
    if reason is not None:
        candidate["finishReason"] = reason
    used = {
        "promptTokenCount": said.input,
        "candidatesTokenCount": output,
        "totalTokenCount": said.input + output,
        "cachedContentTokenCount": said.cached,
    }
    whole = types.GenerateContentResponse.model_validate(
        {"candidates": [candidate], "usageMetadata": used, "modelVersion": "m-1", "responseId": "r-1"}
    )
    return whole.model_dump_json(by_alias=True, exclude_none=True).encode()


def _calls(said: Said) -> list[dict[str, Any]]:
    return [
        {"functionCall": {"id": one, "name": name, "args": json.loads(arguments)}}
        for one, name, arguments in said.tools
    ]


def document(said: Said) -> bytes:
    parts = [{"text": said.text}] if said.text else []
    return _answer(said, [*parts, *_calls(said)], WORDS[said.finish], said.output)


def stream(said: Said) -> bytes:
    parts: list[dict[str, Any]] = [{"text": piece} for piece in said.cut(said.text)] + _calls(said) or [{"text": ""}]
    last = len(parts) - 1
    out = [
        _answer(said, [part], WORDS[said.finish] if place == last else None, said.output if place == last else 1)
        for place, part in enumerate(parts)
    ]
    return b"".join(b"data: " + one + b"\r\n\r\n" for one in out)


def client(url: str) -> genai.Client:
    return genai.Client(api_key="key-1", http_options=types.HttpOptions(base_url=url.removesuffix("/v1beta")))


def read(url: str, streamed: bool) -> Read:
    text, tools, reason, used = "", [], None, None
    google = client(url)
    if streamed:
        answers = list(google.models.generate_content_stream(model="m", contents="hello"))
    else:
        answers = [google.models.generate_content(model="m", contents="hello")]
    google.close()
    for answer in answers:
        candidate = answer.candidates[0]
        for part in (candidate.content and candidate.content.parts) or ():
            text += part.text or ""
            if part.function_call:
                tools.append((part.function_call.name, part.function_call.args))
        reason = candidate.finish_reason.value if candidate.finish_reason else reason
        used = answer.usage_metadata or used
    return Read(
        text, tools, reason, used.prompt_token_count, used.candidates_token_count, used.cached_content_token_count
    )
