"""llama.cpp's server: given continuations as forced tokens, and the text behind its chat template.

It gives no log-probabilities of a prompt. Those of given tokens are had one continuation a call (`forced`); the
prompt they share stays in the slot's cache.

Reference: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.protocol import Request
from weighbridge.models.remote.servers.forced import forced, tokens_of
from weighbridge.models.remote.servers.scored import border, check, completion, moved, no_start
from weighbridge.models.remote.servers.service import Service
from weighbridge.tasks.item import Message


class _Prompt(msgspec.Struct):
    prompt: str


async def chat_text(service: Service, messages: Sequence[Message], more: dict[str, Any]) -> str:
    """The text behind the chat template, without a first token that the tokenizer adds. `more`: what else it sees."""
    body = {**more, "messages": [{"role": message.role, "content": message.content} for message in messages]}
    return (await service.ask(f"{service.root}/apply-template", body, _Prompt)).prompt


async def score(service: Service, request: Request, text: str, first: int | None = None) -> Completion:
    """One attempt at scoring behind `text`, which the model reads as it stands. Raises ModelError.

    `first`: the token that stands before a text with nothing before it, where the tokenizer adds none.
    """
    texts = check(request, service.transport.where)
    scored, usage, model = await rows(service, text, texts, first)
    alone = None
    if request.normalise == "unconditional":
        alone, more, _ = await rows(service, "", texts, first)
        usage = Usage((usage.input_tokens or 0) + (more.input_tokens or 0), 0)
    return completion(request, scored, alone, usage, text, model)


async def rows(
    service: Service, text: str, texts: Sequence[str], first: int | None = None
) -> tuple[list[Scored], Usage, str | None]:
    """Each of `texts` behind `text`, one after the other: side by side they would read `text` in a slot each."""
    pairs = [moved(text, one) for one in texts]
    bare = pairs[0][0]
    context, *wholes = await asyncio.gather(
        tokens_of(service, bare), *(tokens_of(service, before + after) for before, after in pairs)
    )
    scored: list[Scored] = []
    read = 0
    model: str | None = None
    for one, whole in zip(texts, wholes, strict=True):
        start = border([token.id for token in context], [token.id for token in whole])
        before = [token.id for token in whole[:start]]
        if not before:
            if first is None:
                raise no_start(service.transport.where, "this model")
            before = [first]
        found = await forced(service, before, whole[start:])
        read += found.read
        model = found.model
        scored.append(Scored(one, found.logprob, len(whole) - start, found.greedy))
    return scored, Usage(input_tokens=read, output_tokens=0), model
