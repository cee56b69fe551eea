"""A request as OpenAI's Responses API takes it: instructions, input items, and what is asked of the text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from weighbridge.models.protocol import Request, Tool
from weighbridge.models.remote.turns import address
from weighbridge.models.remote.wire import CHOICE_KEY
from weighbridge.models.remote.wires.openai_chat import closed
from weighbridge.tasks.item import Message


def instructions_of(messages: Sequence[Message]) -> tuple[str | None, Sequence[Message]]:
    """The system messages at the beginning as one text, and what follows them."""
    count = 0
    while count < len(messages) and messages[count].role == "system":
        count += 1
    return "\n\n".join(message.content for message in messages[:count]) or None, messages[count:]


def items_of(messages: Sequence[Message]) -> list[Any]:
    """The turns as input items. What an earlier answer wants back unchanged stands in place of its turn."""
    items: list[Any] = []
    for message in messages:
        if message.role == "tool":
            items.append(
                {"type": "function_call_output", "call_id": message.tool_call_id or "", "output": message.content}
            )
        elif message.role == "assistant":
            items += _answered(message)
        elif message.images:
            parts: list[dict[str, Any]] = [
                {"type": "input_image", "image_url": address(image), "detail": "auto"} for image in message.images
            ]
            if message.content:
                parts.append({"type": "input_text", "text": message.content})
            items.append({"role": message.role, "content": parts})
        else:
            role = "developer" if message.role == "system" else message.role
            items.append({"role": role, "content": message.content})
    return items


class _Echo(msgspec.Struct):
    output: list[msgspec.Raw] | None = None


def _answered(message: Message) -> list[Any]:
    if message.echo:
        echoed = msgspec.json.decode(message.echo, type=_Echo).output
        if echoed:
            return list(echoed)
    items: list[Any] = [{"role": "assistant", "content": message.content}] if message.content else []
    items += [
        {"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments}
        for call in message.tool_calls
    ]
    return items


def tools_of(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """The functions a model may ask for; unlike in chat completions they lie open, and are strict unless told."""
    out = []
    for tool in tools:
        schema = msgspec.json.decode(tool.parameters)
        one = {"type": "function", "name": tool.name, "parameters": schema, "strict": False}
        if tool.description:
            one["description"] = tool.description
        out.append(one)
    return out


def tool_choice_of(choice: str) -> str | dict[str, str]:
    """``auto``, ``none``, ``required``, or the named function."""
    return choice if choice in ("auto", "none", "required") else {"type": "function", "name": choice}


def format_of(request: Request) -> dict[str, Any] | None:
    """What the text must be: one of the choices (in an object's only field), or after the schema."""
    if request.choices:
        schema: Any = {
            "type": "object",
            "properties": {CHOICE_KEY: {"type": "string", "enum": list(request.choices)}},
            "required": [CHOICE_KEY],
            "additionalProperties": False,
        }
        return {"type": "json_schema", "name": "choice", "schema": schema, "strict": True}
    if request.json_schema is None:
        return None
    schema = msgspec.json.decode(request.json_schema)
    return {"type": "json_schema", "name": "answer", "schema": schema, "strict": closed(schema)}
