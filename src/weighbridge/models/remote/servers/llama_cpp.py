"""llama.cpp's server: given continuations as forced tokens, and the text behind its chat template.

It gives no log-probabilities of a prompt. A grammar that admits one sequence of tokens and no other (``<[id]>`` is a
token in GBNF) has it generate the continuation, and with ``n_probs`` it gives of each generated token the
log-probability before grammar, temperature and sampling: what the model gives that token. One call a continuation;
the prompt they share stays in the slot's cache.

Reference: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md and grammars/README.md.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec

from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.protocol import ModelError, Request
from weighbridge.models.remote.servers.scored import border, check, completion, moved, no_start
from weighbridge.models.remote.servers.service import Service
from weighbridge.tasks.item import Message


class _Tokens(msgspec.Struct):
    tokens: list[int]


class _Prompt(msgspec.Struct):
    prompt: str


class _Top(msgspec.Struct):
    id: int = -1


class _Token(msgspec.Struct):
    id: int
    logprob: float
    top_logprobs: list[_Top] = []


class _Answer(msgspec.Struct):
    completion_probabilities: list[_Token] = []
    tokens_evaluated: int | None = None
    tokens_predicted: int | None = None
    model: str | None = None


async def tokens_of(service: Service, text: str) -> list[int]:
    """The tokens of a text as the server reads prompts: special tokens added where the model wants them."""
    body = {"content": text, "add_special": True, "parse_special": True}
    return (await service.ask(f"{service.root}/tokenize", body, _Tokens)).tokens


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
        start = border(context, whole)
        if start == 0:
            if first is None:
                raise no_start(service.transport.where, "this model")
            whole, start = [first, *whole], 1
        answer = await _forced(service, whole[:start], whole[start:])
        read += (answer.tokens_evaluated or 0) + len(whole) - start
        model = answer.model
        greedy = all(token.top_logprobs and token.top_logprobs[0].id == token.id for token in _told(answer))
        scored.append(Scored(one, sum(token.logprob for token in _told(answer)), len(whole) - start, greedy))
    return scored, Usage(input_tokens=read, output_tokens=0), model


def _told(answer: _Answer) -> list[_Token]:
    return answer.completion_probabilities


async def _forced(service: Service, prompt: list[int], tokens: list[int]) -> _Answer:
    body = {
        "prompt": prompt,
        "n_predict": len(tokens),
        "n_probs": 1,
        "temperature": 0,
        "post_sampling_probs": False,
        "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in tokens),
        "cache_prompt": True,
    }
    try:
        answer = await service.ask(f"{service.root}/completion", body, _Answer)
    except ModelError as error:
        if error.kind == "bad_request" and "grammar" in error.what.lower():
            raise service.error(
                "this llama.cpp server knows no tokens in grammars, by which continuations are scored",
                "dead",
                fix="update llama.cpp (builds since the end of 2025 do), or weigh by `protocol: choice`",
            ) from None
        raise
    given = [token.id for token in _told(answer)]
    if given != tokens:
        if not given:
            raise service.error(
                "the llama.cpp server gave no log-probabilities although n_probs asked for them",
                "dead",
                fix="ask the server itself, for a gateway may drop n_probs; or weigh by `protocol: choice`",
            )
        raise service.error("the llama.cpp server did not generate the continuation it was held to", "malformed")
    return answer
