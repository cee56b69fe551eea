"""Ollama's own chat, written through the types of its SDK and read by its client."""

from __future__ import annotations

import json
from typing import Any

from ollama import ChatResponse, Client

from dialects.said import Read, Said
from wire_server import LINES

STREAM = LINES
WORDS = {"stop": "stop", "length": "length", "tool": "stop"}


def _line(message: dict[str, Any], last: Said | None = None) -> bytes:
    value: dict[str, Any] = {
        "model": "m-1",
        "created_at": "2026-11-21T06:00:00.000000Z",
        "message": {"role": "assistant", "content": "", **message},
        "done": last is not None,
    }
    if last is not None:
        value |= {
            "done_reason": WORDS[last.finish],
            "total_duration": 5_000_000,
            "load_duration": 1_000_000,
            "prompt_eval_count": last.input,
            "prompt_eval_duration": 1_000_000,
            "eval_count": last.output,
            "eval_duration": 3_000_000,
        }
    return ChatResponse.model_validate(value).model_dump_json(exclude_unset=True).encode()


def _calls(said: Said) -> dict[str, Any]:
    calls = [{"function": {"name": name, "arguments": json.loads(arguments)}} for _, name, arguments in said.tools]
    return {"tool_calls": calls} if calls else {}


def document(said: Said) -> bytes:
    return _line({"content": said.text, **_calls(said)}, said)


def stream(said: Said) -> bytes:
    lines = [_line({"content": piece}) for piece in said.cut(said.text)]
    if said.tools:
        lines.append(_line(_calls(said)))
    return b"".join(line + b"\n" for line in [*lines, _line({}, said)])


def read(url: str, streamed: bool) -> Read:
    text, tools, last = "", [], None
    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "hello"}], "stream": streamed}
    found = Client(host=url.removesuffix("/api")).chat(**asked)
    for last in found if streamed else [found]:
        text += last.message.content or ""
        tools += [(one.function.name, dict(one.function.arguments)) for one in last.message.tool_calls or ()]
    return Read(text, tools, last.done_reason, last.prompt_eval_count, last.eval_count)
