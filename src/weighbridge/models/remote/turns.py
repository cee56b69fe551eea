"""Messages, tools and tool choices as OpenAI's chat completions write them."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from typing import Any

import msgspec

from weighbridge.models.protocol import Tool
from weighbridge.tasks.item import Image, Message


def turns(messages: Sequence[Message]) -> list[dict[str, Any]]:
    """The messages in order, each with its pictures, its tool calls or the call it is the result of."""
    return [
        {"role": message.role, "content": message.content}
        if not (message.images or message.tool_calls or message.tool_call_id or message.echo)
        else _turn(message)
        for message in messages
    ]


def _turn(message: Message) -> dict[str, Any]:
    content: object = message.content
    if message.images:
        parts: list[dict[str, Any]] = [
            {"type": "image_url", "image_url": {"url": address(image)}} for image in message.images
        ]
        content = [*parts, {"type": "text", "text": message.content}] if message.content else parts
    elif message.tool_calls and not message.content:
        content = None
    out: dict[str, Any] = {"role": message.role, "content": content}
    if message.tool_calls:
        out["tool_calls"] = [
            {"id": call.id, "type": "function", "function": {"name": call.name, "arguments": call.arguments}}
            for call in message.tool_calls
        ]
    if message.tool_call_id is not None:
        out["tool_call_id"] = message.tool_call_id
    if message.echo:
        # Fields of an earlier answer, under the names they came by; an echo of another format has other names.
        echoed = msgspec.json.decode(message.echo)
        if isinstance(echoed, dict):
            out |= {name: echoed[name] for name in ECHOED if name in echoed}
    return out


ECHOED = ("reasoning_content", "reasoning_details")
"""Fields of an answer that some vendors want back with its tool calls."""


def address(image: Image) -> str:
    """The picture's address, or its bytes as a data URL. Raises ValueError for one that has neither."""
    if image.data is not None:
        return f"data:{image.media_type};base64,{base64.b64encode(image.data).decode()}"
    if image.url is None:
        raise ValueError("a picture has neither bytes nor an address")
    return image.url


def tools_of(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """The functions a model may ask for."""
    return [{"type": "function", "function": function_of(tool)} for tool in tools]


def function_of(tool: Tool) -> dict[str, Any]:
    """One function, its schema decoded."""
    out: dict[str, Any] = {"name": tool.name, "parameters": msgspec.json.decode(tool.parameters)}
    if tool.description:
        out["description"] = tool.description
    return out


def tool_choice_of(choice: str, required: str = "required") -> str | dict[str, Any]:
    """``auto``, ``none``, "some tool" in the vendor's word, or the named one."""
    if choice in ("auto", "none"):
        return choice
    return required if choice == "required" else {"type": "function", "function": {"name": choice}}
