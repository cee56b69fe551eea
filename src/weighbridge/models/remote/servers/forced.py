"""Log-probabilities of given tokens from llama.cpp's server, which gives them of generated tokens only.

Two ways, both of the distribution before grammar, temperature and sampling:

- A grammar that admits one sequence of tokens and no other (``<[id]>`` is a token in GBNF) has the server generate
  that sequence, and ``n_probs`` tells each token's log-probability: one call for many tokens.
- A token that is part of a character (bytes of UTF-8 that are no text) is left out of what the server tells, and
  several in a row break its grammar (builds of 2026-10). Such a token is looked up among the likeliest at its place:
  one call a token, with a longer list where it is not among them.

Reference: https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md and grammars/README.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

import msgspec

from weighbridge.models.protocol import ModelError
from weighbridge.models.remote.servers.service import Service

_LISTS = (1000, 1_000_000)
"""Lengths of the list a token is looked for in; the second is longer than any vocabulary."""


class Token(msgspec.Struct, frozen=True):
    """A token as ``/tokenize`` gives it: `piece` is its text, or its bytes where they are no text."""

    id: int
    piece: str | list[int] = ""


class _Tokens(msgspec.Struct):
    tokens: list[Token]


class _Top(msgspec.Struct):
    id: int = -1
    logprob: float | None = None


class _Told(msgspec.Struct):
    id: int
    logprob: float
    top_logprobs: list[_Top] = []


class _Answer(msgspec.Struct):
    completion_probabilities: list[_Told] = []
    tokens_evaluated: int | None = None
    tokens_predicted: int | None = None
    model: str | None = None


@dataclass(slots=True)
class Forced:
    """What the model gives the tokens of one text, all together."""

    logprob: float = 0.0
    greedy: bool = True
    """Whether each was the likeliest at its place."""
    read: int = 0
    """Tokens of prompts, counted once a call."""
    model: str | None = None


async def tokens_of(service: Service, text: str, special: bool = True) -> list[Token]:
    """The tokens of a text as the server reads prompts: with `special` ones added where the model wants them."""
    body = {"content": text, "add_special": special, "parse_special": True, "with_pieces": True}
    return (await service.ask(f"{service.root}/tokenize", body, _Tokens)).tokens


async def forced(service: Service, prompt: Sequence[int], tokens: Sequence[Token]) -> Forced:
    """The log-probability of `tokens` behind `prompt` (at least one token). Raises ModelError."""
    found = Forced()
    before = list(prompt)
    for is_text, group in groupby(tokens, lambda token: isinstance(token.piece, str) and token.piece != ""):
        run = [token.id for token in group]
        if not is_text or not await _generated(service, before, run, found):
            await _looked_up(service, before, run, found)
        before += run
    found.read += len(tokens)
    return found


async def _generated(service: Service, prompt: list[int], run: list[int], found: Forced) -> bool:
    """Have the server generate `run`; False where it ended before, as it does behind a token that ends texts."""
    answer = await _asked(service, prompt, run, 1)
    told = answer.completion_probabilities
    if [token.id for token in told] != run:
        return False
    found.logprob += sum(token.logprob for token in told)
    found.greedy &= all(token.top_logprobs and token.top_logprobs[0].id == token.id for token in told)
    found.read = max(found.read, answer.tokens_evaluated or 0)
    found.model = answer.model or found.model
    return True


async def _looked_up(service: Service, prompt: list[int], run: list[int], found: Forced) -> None:
    """Look up each token of `run` in the list of the likeliest, while the server generates something harmless."""
    (harmless, *_) = await tokens_of(service, "a", special=False)
    for at, wanted in enumerate(run):
        for length in _LISTS:
            answer = await _asked(service, [*prompt, *run[:at]], [harmless.id], length)
            tops = answer.completion_probabilities[0].top_logprobs if answer.completion_probabilities else []
            values = {top.id: top.logprob for top in tops}
            value = values.get(wanted)
            if value is not None:
                break
        else:
            raise service.error("the llama.cpp server gave no log-probability of a token", "malformed")
        found.logprob += value
        found.greedy &= tops[0].id == wanted
        found.read = max(found.read, answer.tokens_evaluated or 0)
        found.model = answer.model or found.model


async def _asked(service: Service, prompt: list[int], run: list[int], count: int) -> _Answer:
    body = {
        "prompt": prompt,
        "n_predict": len(run),
        "n_probs": count,
        "temperature": 0,
        "post_sampling_probs": False,
        "grammar": "root ::= " + " ".join(f"<[{token}]>" for token in run),
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
    if not answer.completion_probabilities:
        raise service.error(
            "the llama.cpp server gave no log-probabilities although n_probs asked for them",
            "dead",
            fix="ask the server itself, for a gateway may drop n_probs; or weigh by `protocol: choice`",
        )
    return answer
