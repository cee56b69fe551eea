"""Anthropic's Messages, written through the types of its SDK and read by its client."""

from __future__ import annotations

import json
from typing import Any

from anthropic import Anthropic
from anthropic.types import Message, RawMessageStreamEvent
from pydantic import TypeAdapter

from dialects.said import Read, Said
from wire_server import SSE

STREAM = SSE
WORDS = {"stop": "end_turn", "length": "max_tokens", "filter": "refusal", "tool": "tool_use"}
_EVENT: TypeAdapter[Any] = TypeAdapter(RawMessageStreamEvent)


def _usage(said: Said) -> dict[str, Any]:
    return {
        "input_tokens": said.input - said.cached,
        "output_tokens": said.output,
        "cache_read_input_tokens": said.cached,
        "cache_creation_input_tokens": 0,
    }


def _message(said: Said, content: list[Any], reason: str | None) -> dict[str, Any]:
    head = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m-1", "stop_sequence": None}
    return {**head, "content": content, "stop_reason": reason, "usage": _usage(said)}


def document(said: Said) -> bytes:
    content: list[Any] = [{"type": "text", "text": said.text, "citations": None}] if said.text else []
    content += [
        {"type": "tool_use", "id": one, "name": name, "input": json.loads(arguments)}
        for one, name, arguments in said.tools
    ]
    whole = Message.model_validate(_message(said, content, WORDS[said.finish]))
    return whole.model_dump_json(exclude_unset=True).encode()


def _event(value: dict[str, Any]) -> bytes:
    whole = _EVENT.validate_python(value)
    data = whole.model_dump_json(exclude_unset=True)
    return f"event: {value['type']}\ndata: {data}\n\n".encode()


def stream(said: Said) -> bytes:
    start = _message(said, [], None)
    start["usage"] = {**start["usage"], "output_tokens": 1}
    out = [_event({"type": "message_start", "message": start}), b'event: ping\ndata: {"type": "ping"}\n\n']
    blocks: list[tuple[dict[str, Any], list[dict[str, Any]]]] = []
    if said.text:
        deltas = [{"type": "text_delta", "text": piece} for piece in said.cut(said.text)]
        blocks.append(({"type": "text", "text": "", "citations": None}, deltas))
    for one, name, arguments in said.tools:
        deltas = [{"type": "input_json_delta", "partial_json": piece} for piece in ["", *said.cut(arguments)]]
        blocks.append(({"type": "tool_use", "id": one, "name": name, "input": {}}, deltas))
    for index, (block, deltas) in enumerate(blocks):
        out.append(_event({"type": "content_block_start", "index": index, "content_block": block}))
        out += [_event({"type": "content_block_delta", "index": index, "delta": delta}) for delta in deltas]
        out.append(_event({"type": "content_block_stop", "index": index}))
    end = {"stop_reason": WORDS[said.finish], "stop_sequence": None}
    out.append(_event({"type": "message_delta", "delta": end, "usage": {"output_tokens": said.output}}))
    out.append(_event({"type": "message_stop"}))
    return b"".join(out)


def client(url: str) -> Anthropic:
    return Anthropic(api_key="key-1", base_url=url.removesuffix("/v1"), max_retries=0)


def read(url: str, streamed: bool) -> Read:
    asked: Any = {"model": "m", "max_tokens": 32, "messages": [{"role": "user", "content": "hello"}]}
    with client(url) as anthropic:
        if streamed:
            with anthropic.messages.stream(**asked) as events:
                whole = events.get_final_message()
        else:
            whole = anthropic.messages.create(**asked)
    text = "".join(block.text for block in whole.content if block.type == "text")
    tools = [(block.name, block.input) for block in whole.content if block.type == "tool_use"]
    cached = whole.usage.cache_read_input_tokens or 0
    written = whole.usage.cache_creation_input_tokens or 0
    read = whole.usage.input_tokens + cached + written
    return Read(text, tools, whole.stop_reason, read, whole.usage.output_tokens, cached)
