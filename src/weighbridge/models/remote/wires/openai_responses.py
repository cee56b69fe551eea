"""OpenAI's Responses API, without state at the vendor: nothing is stored there, and reasoning comes back encrypted.

Reference: https://platform.openai.com/docs/api-reference/responses.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from weighbridge.evidence import Completion, Finish
from weighbridge.models.abilities import adjusted
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, RateLimits, Request
from weighbridge.models.remote.failures import from_status
from weighbridge.models.remote.sse import EventReader
from weighbridge.models.remote.wire import encode
from weighbridge.models.remote.wires.openai_chat import filtered
from weighbridge.models.remote.wires.openai_limits import openai_limits
from weighbridge.models.remote.wires.protocol import Call, Framer
from weighbridge.models.remote.wires.responses_items import (
    format_of,
    instructions_of,
    items_of,
    tool_choice_of,
    tools_of,
)
from weighbridge.models.remote.wires.responses_reader import ResponsesReader
from weighbridge.models.remote.wires.vectors import OpenAIVectors
from weighbridge.models.remote.wires.vendor import Vendor

_LEAST = 16
"""The smallest ``max_output_tokens`` that the interface takes."""


class ResponsesWire:
    """One model in this format."""

    name = "openai-responses"

    def __init__(self, vendor: Vendor, options: ModelOptions) -> None:
        self.vendor = vendor
        self.options = options

    @property
    def framer(self) -> Callable[[], Framer]:
        return EventReader

    def capabilities(self, model: str) -> Capabilities:
        """Those of chat completions, less what this interface has no field for."""
        return msgspec.structs.replace(self.vendor.of(model), seed=False, stop=False, embeddings=False)

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002 - a wire's form
        return {"Authorization": f"Bearer {key}"} if key else {}

    def secrets(self, key: str) -> Sequence[str]:
        return (key,)

    def path(self) -> str:
        return "/responses"

    def call(self, request: Request, model: str, stream: bool) -> Call:
        return Call(self.path(), encode(self.body(request, model, stream)))

    def body(self, request: Request, model: str, stream: bool) -> dict[str, Any]:
        """The request as a JSON object. Raises ModelError for a limit below the interface's least."""
        sampling, can = request.sampling, adjusted(self.capabilities(model), self.options)
        if sampling.max_tokens < _LEAST:
            raise ModelError(
                f"the Responses API takes no max_tokens below {_LEAST}, and {sampling.max_tokens} is asked for",
                kind="bad_request",
                fix=f"say `max_tokens: {_LEAST}` or more, or leave `api: responses` out",
            )
        instructions, rest = instructions_of(request.messages)
        out: dict[str, Any] = {
            **self.options.extra,
            "model": model,
            "input": items_of(rest),
            "max_output_tokens": sampling.max_tokens,
            "store": False,
        }
        if instructions is not None:
            out["instructions"] = instructions
        if can.temperature:
            out["temperature"] = sampling.temperature
        if sampling.top_p is not None:
            out["top_p"] = sampling.top_p
        if stream:
            out["stream"] = True
        include = []
        if can.reasoning_effort:
            include.append("reasoning.encrypted_content")
        if request.logprobs:
            include.append("message.output_text.logprobs")
            out["top_logprobs"] = 1
        if include:
            out["include"] = include
        if sampling.reasoning_effort is not None:
            out["reasoning"] = {**_dict(out.get("reasoning")), "effort": sampling.reasoning_effort}
        wanted = format_of(request)
        if wanted is not None:
            out["text"] = {**_dict(out.get("text")), "format": wanted}
        if request.tools:
            out["tools"] = tools_of(request.tools)
            if request.tool_choice is not None:
                out["tool_choice"] = tool_choice_of(request.tool_choice)
        for name in self.options.omit:
            out.pop(name, None)
        return out

    def reader(self, where: str, request: Request) -> ResponsesReader:
        return ResponsesReader(where, request)

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError | Completion:
        error = from_status(status, headers, body, where)
        if status == 400 and filtered(body):
            return Completion("", Finish.FILTER, request_id=error.request_id, stop_reason="content_filter")
        if status in (404, 405):
            such = f" (such as {self.vendor.example})" if self.vendor.example else ""
            error.fix = f"check the model's name{such}, and whether this account may use it"
        return error

    def embeddings(self, texts: Sequence[str], model: str) -> Call:  # noqa: ARG002 - a wire's form
        raise ModelError(
            "the Responses API makes no embeddings", kind="bad_request", fix="leave `api: responses` out"
        )

    def vectors(self, where: str, count: int) -> OpenAIVectors:
        return OpenAIVectors(where, count)

    def limits(self, headers: Mapping[str, str]) -> RateLimits | None:
        return openai_limits(headers)


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
