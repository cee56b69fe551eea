"""Mistral's and AI21's own clients, which read OpenAI's format as their vendors send it."""

from __future__ import annotations

import json
from typing import Any

from dialects.openai_chat import STREAM, WORDS, document, stream
from dialects.said import Read

__all__ = ["STREAM", "WORDS", "document", "read_ai21", "read_mistral", "stream"]


def read_mistral(url: str, streamed: bool) -> Read:
    from mistralai.client import Mistral

    asked: Any = {"model": "m", "messages": [{"role": "user", "content": "hello"}]}
    text, begun, reason, used = "", {}, None, None
    with Mistral(api_key="key-1", server_url=url.removesuffix("/v1")) as mistral:
        if not streamed:
            answers = [mistral.chat.complete(**asked)]
        else:
            answers = [event.data for event in mistral.chat.stream(**asked)]
    for answer in answers:
        used = answer.usage or used
        for choice in answer.choices:
            piece = choice.delta if streamed else choice.message
            text += piece.content or ""
            reason = choice.finish_reason or reason
            for place, call in enumerate(piece.tool_calls or ()):
                _, parts = begun.setdefault(call.index if streamed else place, (call.function.name, []))
                parts.append(call.function.arguments)
    tools = [(name, json.loads("".join(parts))) for name, parts in begun.values()]
    return Read(text, tools, reason, used.prompt_tokens, used.completion_tokens)


def read_ai21(url: str, streamed: bool) -> Read:
    from ai21 import AI21Client
    from ai21.models.chat import UserMessage

    ai21 = AI21Client(api_key="key-1", api_host=url, num_retries=0)
    asked: Any = {"model": "m", "messages": [UserMessage(content="hello")]}
    text, tools, reason, used = "", [], None, None
    if not streamed:
        whole = ai21.chat.completions.create(**asked)
        choice = whole.choices[0]
        tools = [(one.function.name, json.loads(one.function.arguments)) for one in choice.message.tool_calls or ()]
        text, reason, used = choice.message.content or "", choice.finish_reason, whole.usage
    else:
        for chunk in ai21.chat.completions.create(**asked, stream=True):
            used = chunk.usage or used
            for choice in chunk.choices:
                text += choice.delta.content or ""
                reason = choice.finish_reason or reason
    return Read(text, tools, reason, used.prompt_tokens, used.completion_tokens)
