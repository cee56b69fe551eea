"""Text Generation Inference: given continuations by the prefill's log-probabilities, and the templated text.

Reference: https://huggingface.co/docs/text-generation-inference and its openapi.json. ``/generate`` with
``decoder_input_details`` gives id, text and log-probability of each token of the prompt, the first without one. Since
3.0 it leaves them out unless it was started with ``--enable-prefill-logprobs``.

Its pages tokenize as the tokenizer does by itself, first token and all, which a request cannot change
(`GenerateRequest.add_special_tokens` is skipped when read). A template that writes the first token into its text
would have it doubled: then the text goes without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec

from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.local.chat_template import plain
from weighbridge.models.protocol import Request
from weighbridge.models.remote.servers.scored import border, check, completion, moved, no_start
from weighbridge.models.remote.servers.service import Service
from weighbridge.tasks.item import Message


class _Templated(msgspec.Struct):
    templated_text: str


class _Place(msgspec.Struct):
    id: int
    start: int = 0
    stop: int = 0
    """Characters of the text that the token stands for."""


class _Token(msgspec.Struct):
    id: int
    logprob: float | None = None


class _Details(msgspec.Struct):
    prefill: list[_Token] = []


class _Answer(msgspec.Struct):
    details: _Details | None = None


async def chat_text(service: Service, messages: Sequence[Message]) -> str:
    """The text behind the chat template."""
    listed = [{"role": message.role, "content": message.content} for message in messages]
    body = {"model": service.model, "messages": listed}
    return (await service.ask(f"{service.root}/chat_tokenize", body, _Templated)).templated_text


async def score(service: Service, request: Request, as_text: bool) -> Completion:
    """One attempt at scoring. `as_text`: the model has no chat template. Raises ModelError."""
    texts = check(request, service.transport.where)
    text = plain(request.messages) if as_text else await chat_text(service, request.messages)
    scored, read = await _rows(service, text if as_text else await _undoubled(service, text), texts)
    alone = None
    if request.normalise == "unconditional":
        alone, more = await _rows(service, "", texts)
        read += more
    return completion(request, scored, alone, Usage(read, len(texts)), text)


async def _undoubled(service: Service, text: str) -> str:
    """`text` without a first token that the tokenizer adds again."""
    added, places = await asyncio.gather(_places(service, ""), _places(service, text))
    if added and len(places) > 1 and places[0].id == places[1].id == added[0].id:
        return text[places[1].stop :]
    return text


async def _rows(service: Service, text: str, texts: Sequence[str]) -> tuple[list[Scored], int]:
    pairs = [moved(text, one) for one in texts]
    context = [place.id for place in await _places(service, pairs[0][0])]
    if not context:
        raise no_start(service.transport.where, "TGI")
    prefills = await asyncio.gather(*(_prefill(service, before + after) for before, after in pairs))
    scored = []
    for one, prefill in zip(texts, prefills, strict=True):
        places = prefill[border(context, [token.id for token in prefill]) :]
        known = [token.logprob for token in places if token.logprob is not None]
        if not known or len(known) < len(places):
            raise service.error("TGI left out log-probabilities of the prompt's tokens", "malformed")
        scored.append(Scored(one, sum(known), len(known)))
    return scored, sum(len(prefill) for prefill in prefills)


async def _places(service: Service, text: str) -> list[_Place]:
    return await service.ask(f"{service.root}/tokenize", {"inputs": text}, list[_Place])


async def _prefill(service: Service, text: str) -> list[_Token]:
    wanted = {"details": True, "decoder_input_details": True, "max_new_tokens": 1, "do_sample": False}
    body = {"inputs": text, "parameters": wanted}
    answer = await service.ask(f"{service.root}/generate", body, _Answer)
    if answer.details is None or not answer.details.prefill:
        raise service.error(
            "TGI gave no log-probabilities of the prompt although it was asked for them",
            "dead",
            fix="start it with --enable-prefill-logprobs, or say `scoring: false` and weigh by `protocol: choice`",
        )
    return answer.details.prefill
