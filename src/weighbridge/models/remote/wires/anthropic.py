"""Anthropic's Messages, as requests go out and limits and refusals come back.

Reference: https://docs.anthropic.com/en/api/messages. Answers are read by `anthropic_answer`.
"""

from __future__ import annotations

import base64
import time
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, RateLimits, Request
from weighbridge.models.remote.wires.anthropic_answer import FORMAT, AnthropicReader, kind_of_type
from weighbridge.models.remote.wires.base import BaseWire, echoed, system_texts
from weighbridge.models.remote.wires.claude import claude_capabilities, sampled, thinking
from weighbridge.models.remote.wires.protocol import Call
from weighbridge.models.remote.wires.vendor import Vendor
from weighbridge.tasks.item import Image, Message

VERSION = "2023-06-01"
_SPENT = ("enforced_spend_limit_reached", "credit balance is too low", "specified api usage limits")

_NAMES = {
    what: tuple(f"anthropic-ratelimit-{what}-{part}" for part in ("limit", "remaining", "reset"))
    for what in ("requests", "tokens", "input-tokens")
}


class AnthropicWire(BaseWire):
    """One Claude model of Anthropic's own."""

    name = FORMAT
    version_path = "/v1"

    def capabilities(self, model: str) -> Capabilities:
        return claude_capabilities(model)

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002 - a wire's form
        return {"x-api-key": key} if key else {}

    def call(self, request: Request, model: str, stream: bool) -> Call:
        body: dict[str, Any] = {
            "model": model,
            "max_tokens": request.sampling.max_tokens,
            "messages": self.turns(request),
            **sampled(request, model, self.lacks),
        }
        if system := system_texts(request.messages):
            body["system"] = "\n\n".join(system)
        if request.sampling.stop:
            body["stop_sequences"] = list(request.sampling.stop)
        if stream:
            body["stream"] = True
        if request.tools:
            body["tools"] = [
                {
                    "name": tool.name,
                    **({"description": tool.description} if tool.description else {}),
                    "input_schema": self.object_of(tool.parameters, f"the parameters of the tool {tool.name}"),
                }
                for tool in request.tools
            ]
            if request.tool_choice is not None:
                body["tool_choice"] = _choice(request.tool_choice)
        thought, effort = thinking(request, model, self.lacks)
        if thought is not None:
            body["thinking"] = thought
        output: dict[str, Any] = {} if effort is None else {"effort": effort}
        if (schema := self.wanted_schema(request)) is not None:
            output["format"] = {"type": "json_schema", "schema": shut(schema)}
        if output:
            body["output_config"] = output
        return Call(f"{self.root}/messages", self.finished(body), {"anthropic-version": VERSION})

    def turns(self, request: Request) -> list[dict[str, Any]]:
        """The messages as user and assistant in turn: neighbours of one role become one, as results of tools do."""
        turns = self.alternating(request.messages, self.blocks)
        final = turns[-1]["content"][-1]
        if turns[-1]["role"] == "assistant" and final["type"] == "text":
            # A beginning of the answer may not end in blanks: https://docs.anthropic.com/en/api/errors
            final["text"] = final["text"].rstrip()
        return turns

    def blocks(self, message: Message) -> list[dict[str, Any]]:
        """The content of one message; empty texts, which the vendor refuses, are left out."""
        text = [{"type": "text", "text": message.content}] if message.content.strip() else []
        pictures = [self.picture(image) for image in message.images]
        if message.role == "tool":
            result: dict[str, Any] = {"type": "tool_result", "tool_use_id": message.tool_call_id or ""}
            if pictures or text:
                result["content"] = [*pictures, *text] if pictures else message.content
            return [result]
        if message.role != "assistant":
            return [*pictures, *text]
        earlier = echoed(message, FORMAT)
        if isinstance(earlier, list):
            return earlier
        asked = [
            {
                "type": "tool_use",
                "id": call.id,
                "name": call.name,
                "input": self.object_of(call.arguments, f"the arguments of the call {call.id}"),
            }
            for call in message.tool_calls
        ]
        return [*text, *asked]

    def picture(self, image: Image) -> dict[str, Any]:
        """One image block."""
        if image.data is not None:
            data = base64.b64encode(image.data).decode()
            return {"type": "image", "source": {"type": "base64", "media_type": image.media_type, "data": data}}
        if image.url is None:
            self.lacks("was given a picture with neither bytes nor an address", "give one of the two")
        return {"type": "image", "source": {"type": "url", "url": image.url}}

    def reader(self, where: str, request: Request) -> AnthropicReader:
        return AnthropicReader(where, request)

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError:
        error = self.refused(status, headers, body, where)
        kind = kind_of_type(error.code)
        if kind is not None and status >= 400:
            error.kind = kind
        text = body.decode("utf-8", "replace").lower()
        if any(word in text for word in _SPENT):
            error.kind, error.retry_after = "quota", None
        self.explain(error)
        return error

    def limits(self, headers: Mapping[str, str]) -> RateLimits | None:
        return anthropic_limits(headers)


def _choice(choice: str) -> dict[str, str]:
    if choice in ("auto", "none"):
        return {"type": choice}
    return {"type": "any"} if choice == "required" else {"type": "tool", "name": choice}


def shut(schema: Any) -> Any:  # noqa: ANN401 - JSON
    """`schema` with ``additionalProperties: false`` where an object leaves it open, which the vendor refuses."""
    if isinstance(schema, list):
        return [shut(one) for one in schema]
    if not isinstance(schema, dict):
        return schema
    out = {
        name: (
            {inner: shut(one) for inner, one in value.items()}
            if name in ("properties", "$defs", "definitions") and isinstance(value, dict)
            else value
            if name in ("enum", "const", "default", "examples")
            else shut(value)
        )
        for name, value in schema.items()
    }
    if out.get("type") == "object" and "additionalProperties" not in out:
        out["additionalProperties"] = False
    return out


def anthropic_limits(headers: Mapping[str, str], now: float | None = None) -> RateLimits | None:
    """``anthropic-ratelimit-{requests,tokens}-{limit,remaining,reset}``; of input tokens where no sum is given.

    `now` is Unix time; resets are points in time of RFC 3339.
    """
    at = time.time() if now is None else now
    requests = _three(headers, "requests", at)
    tokens = _three(headers, "tokens", at) or _three(headers, "input-tokens", at)
    if requests is None and tokens is None:
        return None
    return RateLimits(*(requests or (None, None, None)), *(tokens or (None, None, None)))


def _three(headers: Mapping[str, str], what: str, now: float) -> tuple[int | None, int | None, float | None] | None:
    names = _NAMES[what]
    limit, left, reset = headers.get(names[0]), headers.get(names[1]), headers.get(names[2])
    if limit is None and left is None and reset is None:
        return None
    return _count(limit), _count(left), _until(reset, now)


def _count(text: str | None) -> int | None:
    return int(text) if text and text.strip().isdecimal() else None


def _until(text: str | None, now: float) -> float | None:
    try:
        return max(0.0, datetime.fromisoformat(text or "").timestamp() - now)
    except (ValueError, OverflowError):
        return None


def make(vendor: Vendor, options: ModelOptions) -> AnthropicWire:
    """The wire that a vendor's row names."""
    return AnthropicWire(vendor, options)
