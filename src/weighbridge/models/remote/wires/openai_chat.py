"""OpenAI's chat completions, of OpenAI itself and of every vendor that took the format over.

Reference: https://platform.openai.com/docs/api-reference/chat. What a vendor does otherwise is a row of data
(`wires.vendor.Quirks`). Bodies and answers are those of `remote.wire` and `remote.answer`, which servers of open
models share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from weighbridge.evidence import Completion, Finish
from weighbridge.models.abilities import adjusted
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, RateLimits, Request
from weighbridge.models.remote import wire
from weighbridge.models.remote.answer import Answer
from weighbridge.models.remote.failures import from_status, told
from weighbridge.models.remote.sse import EventReader
from weighbridge.models.remote.turns import tool_choice_of
from weighbridge.models.remote.wires.openai_limits import openai_limits
from weighbridge.models.remote.wires.protocol import Call, Framer
from weighbridge.models.remote.wires.vectors import OpenAIVectors
from weighbridge.models.remote.wires.vendor import Quirks, Vendor


class ChatReader(Answer):
    """An `Answer` that knows its request."""

    __slots__ = ("request",)

    def __init__(self, where: str, request: Request, echoed: str = "") -> None:
        super().__init__(where, echoed)
        self.request = request

    def completion(self, request: Request | None = None, unwrap: bool = True) -> Completion:
        return super().completion(self.request if request is None else request, unwrap)


class ChatWire:
    """One model of one vendor in this format."""

    name = "openai"

    def __init__(self, vendor: Vendor, options: ModelOptions) -> None:
        self.vendor = vendor
        self.options = options

    @property
    def framer(self) -> Callable[[], Framer]:
        return EventReader

    def capabilities(self, model: str) -> Capabilities:
        return self.vendor.of(model)

    def quirks(self, model: str) -> Quirks:
        special = self.vendor.special(model)
        return self.vendor.quirks if special is None or special.quirks is None else special.quirks

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002 - a wire's form
        return {"Authorization": f"Bearer {key}"} if key else {}

    def secrets(self, key: str) -> Sequence[str]:
        return (key,)

    def call(self, request: Request, model: str, stream: bool) -> Call:
        return Call(self.path(model), wire.encode(self.body(request, model, stream)))

    def path(self, model: str) -> str:  # noqa: ARG002 - Azure's depends on it
        return "/chat/completions"

    def body(self, request: Request, model: str, stream: bool) -> dict[str, Any]:
        """The request as a JSON object, after the vendor's own way."""
        quirks, can = self.quirks(model), adjusted(self.capabilities(model), self.options)
        out = wire.body(request, model, self._resolved(quirks, can, stream))
        if not can.temperature:
            out.pop("temperature", None)
        if quirks.developer:
            for turn in out["messages"]:
                if turn["role"] == "system":
                    turn["role"] = "developer"
        if quirks.seed_field != "seed" and "seed" in out:
            out[quirks.seed_field] = out.pop("seed")
        if request.tools and request.tool_choice is not None:
            out["tool_choice"] = tool_choice_of(request.tool_choice, quirks.required)
        if not quirks.top_logprobs and "logprobs" in out:
            out["logprobs"] = out.pop("top_logprobs")
        if "response_format" in out:
            _loosen(out, quirks)
        return out

    def _resolved(self, quirks: Quirks, can: Capabilities, stream: bool) -> ModelOptions:
        given = self.options
        said = given.max_tokens_field
        return msgspec.structs.replace(
            given,
            server="openai",
            constrained=given.constrained or ("json_schema" if can.json_schema else "none"),
            json_schema=can.json_schema,
            logprobs=can.logprobs,
            stream=stream,
            max_tokens_field=said if said != "max_tokens" else quirks.max_tokens_field,
            omit=(*quirks.omit, *given.omit),
            extra={**quirks.extra, **given.extra},
        )

    def reader(self, where: str, request: Request) -> ChatReader:
        return ChatReader(where, request, self.vendor.quirks.echo)

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError | Completion:
        error = from_status(status, headers, body, where)
        if status == 400 and filtered(body):
            return Completion("", Finish.FILTER, request_id=error.request_id, stop_reason="content_filter")
        if status in (404, 405):
            such = f" (such as {self.vendor.example})" if self.vendor.example else ""
            error.fix = f"check the model's name{such}, and whether this account may use it"
        return error

    def embeddings(self, texts: Sequence[str], model: str) -> Call:
        body = {"model": model, "input": list(texts), "encoding_format": "float"}
        for name in (*self.vendor.quirks.omit, *self.options.omit):
            body.pop(name, None)
        return Call("/embeddings", wire.encode(body))

    def vectors(self, where: str, count: int) -> OpenAIVectors:
        return OpenAIVectors(where, count)

    def limits(self, headers: Mapping[str, str]) -> RateLimits | None:
        return openai_limits(headers)


def filtered(body: bytes) -> bool:
    """Whether a refusal says that a filter stopped the prompt (Azure, OpenAI and others with its words)."""
    _, code = told(body)
    words = code.split()
    return "content_filter" in words or "content_policy_violation" in words


def _loosen(out: dict[str, Any], quirks: Quirks) -> None:
    """Ask for strictness only where the schema and the vendor can have it."""
    wanted = out["response_format"].get("json_schema")
    if wanted is None:
        return
    if not quirks.strict:
        wanted.pop("strict", None)
    else:
        wanted["strict"] = closed(wanted["schema"])


def closed(schema: object) -> bool:
    """Whether strict decoding can follow `schema`: each object lists all its properties and allows no others.

    OpenAI refuses ``strict: true`` for any other (structured outputs, "all fields must be required").
    """
    if isinstance(schema, list):
        return all(closed(one) for one in schema)
    if not isinstance(schema, dict):
        return True
    properties = schema.get("properties")
    if schema.get("type") == "object" or isinstance(properties, dict):
        named = set(properties) if isinstance(properties, dict) else set()
        if schema.get("additionalProperties") is not False or named != set(schema.get("required") or ()):
            return False
        if isinstance(properties, dict) and not all(closed(one) for one in properties.values()):
            return False
    return all(closed(value) for name, value in schema.items() if name not in ("properties", "enum", "const"))


def make_chat(vendor: Vendor, options: ModelOptions) -> ChatWire:
    """The wire of an OpenAI-compatible vendor."""
    return ChatWire(vendor, options)


def make_openai(vendor: Vendor, options: ModelOptions) -> Any:  # noqa: ANN401 - one of two wires
    """OpenAI's own: chat completions, or the Responses API with ``api: responses``."""
    if options.api == "responses":
        from weighbridge.models.remote.wires.openai_responses import ResponsesWire

        return ResponsesWire(vendor, options)
    return ChatWire(vendor, options)
