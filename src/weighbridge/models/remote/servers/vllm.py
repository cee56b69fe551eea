"""vLLM: given continuations by ``prompt_logprobs``, and the text behind its chat template.

Reference: https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html and vllm/entrypoints/openai of 0.32.
``/v1/completions`` takes several prompts at once and gives, with ``prompt_logprobs: 0``, of every token of each its
id, log-probability (before temperature) and rank. Asking for them turns the prefix cache off for that call.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.local.chat_template import plain
from weighbridge.models.protocol import ModelError, Request
from weighbridge.models.remote.servers.scored import border, check, completion, moved, no_start
from weighbridge.models.remote.servers.service import Service
from weighbridge.tasks.item import Message


class _Tokens(msgspec.Struct):
    tokens: list[int]


class _Text(msgspec.Struct):
    prompt: str


class _Token(msgspec.Struct):
    logprob: float
    rank: int | None = None


Row = list[dict[str, _Token] | None]


class _Choice(msgspec.Struct):
    index: int = 0
    prompt_logprobs: Row | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None
    model: str | None = None


async def tokens_of(service: Service, text: str, special: bool) -> list[int]:
    """The tokens of a text."""
    body = {"model": service.model, "prompt": text, "add_special_tokens": special}
    return (await service.ask(f"{service.root}/tokenize", body, _Tokens)).tokens


async def chat_text(service: Service, messages: Sequence[Message], more: dict[str, Any]) -> tuple[str, list[int]]:
    """The text behind the chat template, and its tokens. A last message of the assistant is continued.

    `more`: fields of the project's own that the template sees, such as ``chat_template_kwargs``.
    """
    goes_on = bool(messages) and messages[-1].role == "assistant"
    body = {
        **more,
        "model": service.model,
        "messages": [{"role": message.role, "content": message.content} for message in messages],
        "add_generation_prompt": not goes_on,
        "continue_final_message": goes_on,
    }
    ids = (await service.ask(f"{service.root}/tokenize", body, _Tokens)).tokens
    back = {"model": service.model, "tokens": ids}
    return (await service.ask(f"{service.root}/detokenize", back, _Text)).prompt, ids


async def score(service: Service, request: Request, more: dict[str, Any], as_text: bool) -> Completion:
    """One attempt at scoring. `as_text`: messages are plain text; `more`: as for `chat_text`. Raises ModelError."""
    texts = check(request, service.transport.where)
    alone = None
    if as_text:
        text = plain(request.messages)
        scored, usage, model = await _rows(service, text, None, texts)
    else:
        text, ids = await chat_text(service, request.messages, more)
        scored, usage, model = await _rows(service, text, ids, texts)
    if request.normalise == "unconditional":
        alone, again, _ = await _rows(service, "", None, texts)
        usage = Usage(_sum(usage.input_tokens, again.input_tokens), _sum(usage.output_tokens, again.output_tokens))
    return completion(request, scored, alone, usage, text, model)


async def _rows(
    service: Service, text: str, ids: list[int] | None, texts: Sequence[str]
) -> tuple[list[Scored], Usage, str | None]:
    """Each of `texts` behind `text`. `ids`: the tokens of a templated text, which holds its special tokens."""
    special = ids is None
    pairs = [moved(text, one) for one in texts]
    prompts: list[Any] = [before + after for before, after in pairs]
    context, again = await asyncio.gather(_context(service, pairs[0][0], special), _again(service, text, ids))
    if ids is not None and again != ids:
        # The text does not lead back to the tokens it was made from: the template's own tokens count.
        context = ids
        prompts = [ids + await tokens_of(service, one, False) for one in texts]
    body = {
        "model": service.model,
        "prompt": prompts,
        "max_tokens": 1,
        "temperature": 0,
        "prompt_logprobs": 0,
        "add_special_tokens": special,
    }
    answer = await service.ask(f"{service.url}/completions", body, _Answer)
    rows = {choice.index: choice.prompt_logprobs for choice in answer.choices}
    scored = []
    for at, one in enumerate(texts):
        row = rows.get(at)
        if not row:
            raise missing(service, "vLLM")
        scored.append(_scored(service, one, context, row))
    used = answer.usage or _Usage()
    return scored, Usage(used.prompt_tokens, used.completion_tokens), answer.model


async def _context(service: Service, text: str, special: bool) -> list[int]:
    context = await tokens_of(service, text, special)
    if not context:
        raise no_start(service.transport.where, "vLLM")
    return context


async def _again(service: Service, text: str, ids: list[int] | None) -> list[int] | None:
    return None if ids is None else await tokens_of(service, text, False)


def _scored(service: Service, text: str, context: Sequence[int], row: Row) -> Scored:
    # With prompt_logprobs 0 each place holds the prompt's own token alone; a server that adds the likeliest puts the
    # prompt's own first. The first place of all has none: nothing stands before it.
    own = [next(iter(place.items())) if place else None for place in row]
    whole = [-1 if one is None else int(one[0]) for one in own]
    if whole and context:
        whole[0] = context[0]
    places = own[border(context, whole) :]
    if not places or None in places:
        raise service.error("vLLM left out log-probabilities of the prompt's tokens", "malformed")
    found = [one[1] for one in places if one is not None]
    ranks = [one.rank for one in found]
    greedy = None if None in ranks else all(rank == 1 for rank in ranks)
    return Scored(text, sum(one.logprob for one in found), len(found), greedy)


def missing(service: Service, server: str) -> ModelError:
    """For a server that answered, and left out what it was asked for."""
    return service.error(
        f"{server} gave no prompt_logprobs although it was asked for them",
        "dead",
        fix="ask vLLM itself, for a gateway in between may drop the field prompt_logprobs; or say `scoring: false` "
        "and weigh by `protocol: choice`",
    )


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other
