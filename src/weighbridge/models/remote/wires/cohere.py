"""Cohere's chat, version 2, as requests go out and refusals come back.

Reference: https://docs.cohere.com/v2/reference/chat. Answers are read by `cohere_answer`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from weighbridge.evidence import Completion, Finish
from weighbridge.models.options import ModelOptions
from weighbridge.models.protocol import Capabilities, ModelError, RateLimits, Request
from weighbridge.models.remote.failures import request_id_of, told
from weighbridge.models.remote.turns import address
from weighbridge.models.remote.wires.base import BaseWire, echoed
from weighbridge.models.remote.wires.cohere_answer import FORMAT, CohereReader, CohereVectors
from weighbridge.models.remote.wires.protocol import Call
from weighbridge.models.remote.wires.vendor import Vendor
from weighbridge.tasks.item import Message

_MOST_STOPS = 5
_MOST_TEXTS = 96
_SHARES = {"minimal": 0.1, "low": 0.2, "medium": 0.5, "high": 0.8}
"""Part of the answer's tokens that an effort grants to thinking, which Cohere counts in tokens."""


class CohereWire(BaseWire):
    """One model of Cohere's."""

    name = FORMAT
    version_path = "/v2"

    def capabilities(self, model: str) -> Capabilities:
        name = model.lower()
        if "embed" in name:
            return Capabilities(embeddings=True, stop=False, temperature=False, top_p=False)
        sees = "vision" in name
        return Capabilities(
            choices=True,
            json_schema=True,
            logprobs=True,
            streaming=True,
            seed=True,
            tools=not sees,
            images=sees,
            reasoning_effort="reasoning" in name,
        )

    def auth(self, key: str, url: str, body: bytes) -> dict[str, str]:  # noqa: ARG002 - a wire's form
        return {"Authorization": f"Bearer {key}"} if key else {}

    def call(self, request: Request, model: str, stream: bool) -> Call:
        sampling = request.sampling
        body: dict[str, Any] = {
            "model": model,
            "messages": [self.turn(message) for message in request.messages],
            "stream": stream,
            "max_tokens": sampling.max_tokens,
            "temperature": sampling.temperature,
        }
        if sampling.temperature > 1:
            self.lacks(
                f"takes temperatures from 0 to 1, not {sampling.temperature:g}", "set temperature to at most 1"
            )
        if sampling.top_p is not None:
            if not 0.01 <= sampling.top_p <= 0.99:
                self.lacks(f"takes a top_p from 0.01 to 0.99, not {sampling.top_p:g}", "leave top_p out")
            body["p"] = sampling.top_p
        if sampling.seed is not None:
            # Repeats of one prompt must be able to differ, and be the same again in a second run.
            body["seed"] = sampling.seed + request.repeat
        if sampling.stop:
            if len(sampling.stop) > _MOST_STOPS:
                self.lacks(f"takes at most {_MOST_STOPS} stop texts, not {len(sampling.stop)}", "name fewer")
            body["stop_sequences"] = list(sampling.stop)
        if request.logprobs:
            body["logprobs"] = True
        if (schema := self.wanted_schema(request)) is not None:
            if request.tools:
                self.lacks("follows no schema while it has tools", "leave out one of the two")
            body["response_format"] = {"type": "json_object", "json_schema": schema}
        if sampling.reasoning_effort is not None:
            body["thinking"] = thinking(sampling.reasoning_effort, sampling.max_tokens)
        if request.tools:
            body["tools"] = [self.function(tool) for tool in request.tools]
            if request.tool_choice in ("none", "required"):
                body["tool_choice"] = request.tool_choice.upper()
            elif request.tool_choice not in (None, "auto"):
                self.lacks(
                    f"cannot force the tool {request.tool_choice!r} alone", "use `required`, and offer that tool only"
                )
        return Call(f"{self.root}/chat", self.finished(body))

    def function(self, tool: Any) -> dict[str, Any]:  # noqa: ANN401 - a Tool
        """One function a model may ask for."""
        out: dict[str, Any] = {
            "name": tool.name,
            "parameters": self.object_of(tool.parameters, f"the parameters of the tool {tool.name}"),
        }
        if tool.description:
            out["description"] = tool.description
        return {"type": "function", "function": out}

    def turn(self, message: Message) -> dict[str, Any]:
        """One message."""
        role = "system" if message.role == "developer" else message.role
        content: Any = message.content
        if message.images:
            if role == "tool":
                self.lacks("takes no pictures in the result of a tool", "put them into a user message")
            try:
                content = [{"type": "image_url", "image_url": {"url": address(image)}} for image in message.images]
            except ValueError as neither:
                self.lacks(f"was given no picture: {neither}", "give its bytes or its address")
            content += [{"type": "text", "text": message.content}] if message.content else []
        out: dict[str, Any] = {"role": role, "content": content}
        if role == "tool":
            out["tool_call_id"] = message.tool_call_id or ""
        if role != "assistant":
            return out
        if message.tool_calls:
            out["tool_calls"] = [
                {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
                for call in message.tool_calls
            ]
            if not message.content:
                del out["content"]
        earlier = echoed(message, FORMAT)
        if isinstance(earlier, dict):
            # The plan of a turn that called tools, and its thinking, in the vendor's own fields.
            out |= {name: earlier[name] for name in ("tool_plan", "content") if name in earlier}
        return out

    def reader(self, where: str, request: Request) -> CohereReader:
        return CohereReader(where, request)

    def failure(self, status: int, headers: Mapping[str, str], body: bytes, where: str) -> ModelError | Completion:
        """498 says that a text on the vendor's deny list was met: an outcome."""
        message, _ = told(body)
        if status == 498 and "invalid api token" not in message.lower():
            return Completion("", Finish.FILTER, request_id=request_id_of(headers), stop_reason="498")
        error = self.refused(status, headers, body, where)
        if status == 498:
            error.kind = "auth"
        elif status == 499:
            error.kind = "server"
        elif status == 429 and ("/ month" in message or "per month" in message):
            # A trial key's calls of the month are used up; those of a minute are a rate limit.
            error.kind, error.retry_after = "quota", None
        self.explain(error)
        return error

    def embeddings(self, texts: Sequence[str], model: str) -> Call:
        if len(texts) > _MOST_TEXTS:
            self.lacks(f"embeds at most {_MOST_TEXTS} texts a call, not {len(texts)}", "ask for fewer at once")
        body = {
            "model": model,
            "texts": list(texts),
            "input_type": self.options.extra.get("input_type", "search_document"),
            "embedding_types": ["float"],
        }
        return Call(f"{self.root}/embed", self.finished(body))

    def vectors(self, where: str, count: int) -> CohereVectors:
        return CohereVectors(where, count)

    def limits(self, headers: Mapping[str, str]) -> RateLimits | None:
        """Of trial keys, the only ones that are told."""
        limit, left = headers.get("x-trial-endpoint-call-limit"), headers.get("x-trial-endpoint-call-remaining")
        if left is None or not left.isdecimal():
            return None
        return RateLimits(int(limit) if limit is not None and limit.isdecimal() else None, int(left))


def thinking(effort: str, most: int) -> dict[str, Any]:
    """``thinking`` of an effort, in an answer of at most `most` tokens."""
    if effort == "none":
        return {"type": "disabled"}
    return {"type": "enabled", "token_budget": max(1, int(most * _SHARES[effort]))}


def make(vendor: Vendor, options: ModelOptions) -> CohereWire:
    """The wire of Cohere."""
    return CohereWire(vendor, options)
