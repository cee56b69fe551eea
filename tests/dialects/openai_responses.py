"""OpenAI's Responses, written through the types of its SDK and read by its client."""

from __future__ import annotations

import json
from typing import Any

from openai.types.responses import Response, ResponseStreamEvent
from pydantic import TypeAdapter

from dialects.openai_chat import client
from dialects.said import Read, Said
from wire_server import SSE

STREAM = SSE
_EVENT: TypeAdapter[Any] = TypeAdapter(ResponseStreamEvent)


def _items(said: Said) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    if said.text:
        part = {"type": "output_text", "text": said.text, "annotations": []}
        items.append(
            {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [part]}
        )
    items += [
        {"type": "function_call", "id": f"fc_{one}", "call_id": one, "name": name, "arguments": arguments,
         "status": "completed"}
        for one, name, arguments in said.tools
    ]  # fmt: skip
    return items


def _response(said: Said, status: str, items: list[dict[str, Any]]) -> dict[str, Any]:
    why = {"length": "max_output_tokens", "filter": "content_filter"}.get(said.finish)
    ended = status != "in_progress"
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "model": "m-1",
        "output": items,
        "parallel_tool_calls": True,
        "tool_choice": "auto",
        "tools": [],
        "error": None,
        "incomplete_details": {"reason": why} if ended and why else None,
        "instructions": None,
        "metadata": {},
        "temperature": 1.0,
        "top_p": 1.0,
        "status": ("incomplete" if why else "completed") if ended else status,
        "usage": {
            "input_tokens": said.input,
            "output_tokens": said.output,
            "total_tokens": said.input + said.output,
            "input_tokens_details": {"cached_tokens": said.cached, "cache_write_tokens": 0},
            "output_tokens_details": {"reasoning_tokens": 0},
        }
        if ended
        else None,
    }


def document(said: Said) -> bytes:
    whole = Response.model_validate(_response(said, "completed", _items(said)))
    return whole.model_dump_json(exclude_unset=True).encode()


def stream(said: Said) -> bytes:
    values: list[dict[str, Any]] = []

    def event(kind: str, **more: Any) -> None:
        values.append({"type": f"response.{kind}", "sequence_number": len(values), **more})

    event("created", response=_response(said, "in_progress", []))
    for place, item in enumerate(_items(said)):
        if item["type"] == "message":
            part = item["content"][0]
            where = {"item_id": item["id"], "output_index": place, "content_index": 0}
            event("output_item.added", output_index=place, item={**item, "content": [], "status": "in_progress"})
            event("content_part.added", **where, part={**part, "text": ""})
            for piece in said.cut(said.text):
                event("output_text.delta", **where, delta=piece, logprobs=[])
            event("output_text.done", **where, text=said.text, logprobs=[])
            event("content_part.done", **where, part=part)
        else:
            where = {"item_id": item["id"], "output_index": place}
            event("output_item.added", output_index=place, item={**item, "arguments": "", "status": "in_progress"})
            for piece in said.cut(item["arguments"]):
                event("function_call_arguments.delta", **where, delta=piece)
            event("function_call_arguments.done", **where, arguments=item["arguments"], name=item["name"])
        event("output_item.done", output_index=place, item=item)
    last = _response(said, "completed", _items(said))
    event(str(last["status"]), response=last)
    return b"".join(
        f"event: {value['type']}\ndata: {_EVENT.validate_python(value).model_dump_json(exclude_unset=True)}"
        "\n\n".encode()
        for value in values
    )


def read(url: str, streamed: bool) -> Read:
    with client(url) as openai:
        if streamed:
            last = list(openai.responses.create(model="m", input="hello", stream=True))[-1]
            whole = last.response
        else:
            whole = openai.responses.create(model="m", input="hello")
    tools = [(one.name, json.loads(one.arguments)) for one in whole.output if one.type == "function_call"]
    why = whole.incomplete_details.reason if whole.incomplete_details else whole.status
    used = whole.usage
    return Read(
        whole.output_text, tools, why, used.input_tokens, used.output_tokens, used.input_tokens_details.cached_tokens
    )
