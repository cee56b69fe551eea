"""OpenAI's chat completions, written through the types of its SDK and read by its client."""

from __future__ import annotations

import json
from typing import Any

from openai import OpenAI
from openai.types.chat import ChatCompletion, ChatCompletionChunk

from dialects.said import Read, Said
from wire_server import SSE

STREAM = SSE
WORDS = {"stop": "stop", "length": "length", "filter": "content_filter", "tool": "tool_calls"}


def _usage(said: Said) -> dict[str, Any]:
    return {
        "prompt_tokens": said.input,
        "completion_tokens": said.output,
        "total_tokens": said.input + said.output,
        "prompt_tokens_details": {"cached_tokens": said.cached},
    }


def document(said: Said) -> bytes:
    calls = [
        {"id": one, "type": "function", "function": {"name": name, "arguments": arguments}}
        for one, name, arguments in said.tools
    ]
    message = {"role": "assistant", "content": said.text or None, "refusal": None}
    if calls:
        message["tool_calls"] = calls
    choice = {"index": 0, "finish_reason": WORDS[said.finish], "logprobs": None, "message": message}
    head = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1,
        "model": "m-1",
        "system_fingerprint": "fp_1",
    }
    whole = ChatCompletion.model_validate({**head, "choices": [choice], "usage": _usage(said)})
    return whole.model_dump_json(exclude_unset=True).encode()


def _chunk(delta: dict[str, Any] | None, finish: str | None = None, usage: dict[str, Any] | None = None) -> bytes:
    choices = [] if delta is None else [{"index": 0, "delta": delta, "finish_reason": finish, "logprobs": None}]
    head = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m-1"}
    whole = ChatCompletionChunk.model_validate(
        {**head, "system_fingerprint": "fp_1", "choices": choices, "usage": usage}
    )
    return b"data: " + whole.model_dump_json(exclude_unset=True).encode() + b"\n\n"


def stream(said: Said) -> bytes:
    out = [_chunk({"role": "assistant", "content": ""})]
    out += [_chunk({"content": piece}) for piece in said.cut(said.text)]
    begun = []
    for index, (one, name, arguments) in enumerate(said.tools):
        start: dict[str, Any] = {"index": index, "id": one, "type": "function", "function": {"name": name}}
        start["function"]["arguments"] = arguments if said.whole_calls else ""
        out.append(_chunk({"tool_calls": [start]}))
        begun.append([{"index": index, "function": {"arguments": piece}} for piece in said.cut(arguments)])
        if said.whole_calls:
            begun.pop()
    # The pieces of parallel calls come in turn, as the format allows.
    for place in range(max((len(pieces) for pieces in begun), default=0)):
        out += [_chunk({"tool_calls": [pieces[place]]}) for pieces in begun if place < len(pieces)]
    out += [_chunk({}, WORDS[said.finish]), _chunk(None, usage=_usage(said)), b"data: [DONE]\n\n"]
    return b"".join(out)


def client(url: str) -> OpenAI:
    return OpenAI(api_key="key-1", base_url=url, max_retries=0, _strict_response_validation=True)


def read(url: str, streamed: bool) -> Read:
    messages: Any = [{"role": "user", "content": "hello"}]
    with client(url) as openai:
        if not streamed:
            whole = openai.chat.completions.create(model="m", messages=messages)
            choice, used = whole.choices[0], whole.usage
            text, reason = choice.message.content or "", choice.finish_reason
            tools = [
                (one.function.name, json.loads(one.function.arguments)) for one in choice.message.tool_calls or ()
            ]
        else:
            with openai.chat.completions.stream(model="m", messages=messages) as events:
                for _ in events:
                    pass
                last = events.current_completion_snapshot
            choice, used = last.choices[0], last.usage
            text, reason = choice.message.content or "", choice.finish_reason
            tools = [
                (one.function.name, json.loads(one.function.arguments)) for one in choice.message.tool_calls or ()
            ]
    assert used is not None
    return Read(
        text, tools, reason, used.prompt_tokens, used.completion_tokens, used.prompt_tokens_details.cached_tokens
    )
