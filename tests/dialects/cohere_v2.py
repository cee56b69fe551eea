"""Cohere's v2 chat, written through the types of its SDK and read by its client."""

from __future__ import annotations

import json
from typing import Any

import cohere
import cohere.v2.types
from cohere.v2.types import V2ChatResponse

from dialects.said import Read, Said
from wire_server import SSE

STREAM = SSE
WORDS = {"stop": "COMPLETE", "length": "MAX_TOKENS", "filter": "ERROR_TOXIC", "tool": "TOOL_CALL"}


def _usage(said: Said) -> dict[str, Any]:
    counts = {"input_tokens": said.input, "output_tokens": said.output}
    return {"billed_units": counts, "tokens": counts, "cached_tokens": said.cached}


def document(said: Said) -> bytes:
    message: dict[str, Any] = {"role": "assistant"}
    if said.text:
        message["content"] = [{"type": "text", "text": said.text}]
    if said.tools:
        message["tool_calls"] = [
            {"id": one, "type": "function", "function": {"name": name, "arguments": arguments}}
            for one, name, arguments in said.tools
        ]
    value = {"id": "c-1", "finish_reason": WORDS[said.finish], "message": message, "usage": _usage(said)}
    V2ChatResponse.model_validate(value)
    return json.dumps(value).encode()


def _event(kind: str, **value: Any) -> bytes:
    whole = {"type": kind, **value}
    name = "".join(word.capitalize() for word in kind.split("-")) + "V2ChatStreamResponse"
    getattr(cohere.v2.types, name).model_validate(whole)
    return f"event: {kind}\ndata: {json.dumps(whole)}\n\n".encode()


def stream(said: Said) -> bytes:
    start = {"message": {"role": "assistant", "content": [], "tool_plan": "", "tool_calls": [], "citations": []}}
    out = [_event("message-start", id="c-1", delta=start)]
    if said.text:
        out.append(_event("content-start", index=0, delta={"message": {"content": {"type": "text", "text": ""}}}))
        out += [
            _event("content-delta", index=0, delta={"message": {"content": {"text": piece}}})
            for piece in said.cut(said.text)
        ]
        out.append(_event("content-end", index=0))
    for index, (one, name, arguments) in enumerate(said.tools):
        call = {"id": one, "type": "function", "function": {"name": name, "arguments": ""}}
        out.append(_event("tool-call-start", index=index, delta={"message": {"tool_calls": call}}))
        out += [
            _event(
                "tool-call-delta", index=index, delta={"message": {"tool_calls": {"function": {"arguments": piece}}}}
            )
            for piece in said.cut(arguments)
        ]
        out.append(_event("tool-call-end", index=index))
    out.append(_event("message-end", delta={"finish_reason": WORDS[said.finish], "usage": _usage(said)}))
    return b"".join(out)


def client(url: str) -> cohere.ClientV2:
    return cohere.ClientV2(api_key="key-1", base_url=url.removesuffix("/v2"))


def read(url: str, streamed: bool) -> Read:
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    sdk = client(url)
    if not streamed:
        whole = sdk.chat(**asked)
        text = "".join(block.text for block in whole.message.content or () if block.type == "text")
        tools = [(one.function.name, json.loads(one.function.arguments)) for one in whole.message.tool_calls or ()]
        used = whole.usage
        return Read(
            text, tools, whole.finish_reason, used.tokens.input_tokens, used.tokens.output_tokens, used.cached_tokens
        )
    text, begun, reason, used = "", {}, None, None
    for event in sdk.chat_stream(**asked):
        if event.type == "content-delta":
            text += event.delta.message.content.text
        elif event.type == "tool-call-start":
            begun[event.index] = (event.delta.message.tool_calls.function.name, [])
        elif event.type == "tool-call-delta":
            begun[event.index][1].append(event.delta.message.tool_calls.function.arguments)
        elif event.type == "message-end":
            reason, used = event.delta.finish_reason, event.delta.usage
    tools = [(name, json.loads("".join(parts))) for name, parts in begun.values()]
    return Read(text, tools, reason, used.tokens.input_tokens, used.tokens.output_tokens, used.cached_tokens)
