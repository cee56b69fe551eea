"""Any server with OpenAI's first API: given continuations by ``echo`` and ``logprobs`` of ``/completions``.

Used where a project says `scoring: true` of a server that is none of those known. What such a server does with chat
templates cannot be seen, so messages go to it as plain text. The context goes along as a prompt of its own, for its
tokens tell where the continuations begin.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.local.chat_template import plain
from weighbridge.models.protocol import Request
from weighbridge.models.remote.servers.scored import check, completion, moved, no_start
from weighbridge.models.remote.servers.service import Service


class _Logprobs(msgspec.Struct):
    tokens: list[str] = []
    token_logprobs: list[float | None] = []
    text_offset: list[int] = []
    top_logprobs: list[dict[str, float] | None] | None = None


class _Choice(msgspec.Struct):
    index: int = 0
    logprobs: _Logprobs | None = None


class _Usage(msgspec.Struct):
    prompt_tokens: int | None = None
    completion_tokens: int | None = None


class _Answer(msgspec.Struct):
    choices: list[_Choice]
    usage: _Usage | None = None
    model: str | None = None


async def score(service: Service, request: Request) -> Completion:
    """One attempt at scoring. Raises ModelError."""
    texts = check(request, service.transport.where)
    if request.normalise == "unconditional":
        raise no_start(service.transport.where, "this server")
    text = plain(request.messages)
    pairs = [moved(text, one) for one in texts]
    prompts = [pairs[0][0], *(before + after for before, after in pairs)]
    if not prompts[0]:
        raise no_start(service.transport.where, "this server")
    body = {
        "model": service.model,
        "prompt": prompts,
        # Some servers refuse 0; the one token more is told apart by its place in the text.
        "max_tokens": 1,
        "temperature": 0,
        "logprobs": 1,
        "echo": True,
    }
    answer = await service.ask(f"{service.url}/completions", body, _Answer)
    rows = {choice.index: choice.logprobs for choice in answer.choices}
    begin = len(_within(service, rows.get(0), prompts[0]))
    scored = [_scored(service, one, rows.get(at + 1), prompts[at + 1], begin) for at, one in enumerate(texts)]
    used = answer.usage or _Usage()
    return completion(request, scored, None, Usage(used.prompt_tokens, used.completion_tokens), text, answer.model)


def _within(service: Service, row: _Logprobs | None, prompt: str) -> Sequence[int]:
    """The places of the prompt's own tokens."""
    if row is None or not row.text_offset or len(row.text_offset) != len(row.token_logprobs):
        raise service.error(
            "the server gave no log-probabilities of the prompt although it was asked for them",
            "dead",
            fix="it does not heed `echo` with `logprobs`: say `scoring: false` and weigh by `protocol: choice`, or "
            "say which server it is (`server: vllm`)",
        )
    first = row.text_offset[0]
    return [at for at, offset in enumerate(row.text_offset) if offset - first < len(prompt)]


def _scored(service: Service, text: str, row: _Logprobs | None, prompt: str, begin: int) -> Scored:
    places = _within(service, row, prompt)
    if row is None or not places:
        raise service.error("the server left out a prompt", "malformed")
    # A continuation that merges with the context's last token has no token beyond: then that one counts.
    own = places[min(begin, len(places) - 1) :]
    found = [value for at in own if (value := row.token_logprobs[at]) is not None]
    if len(found) < len(own):
        raise service.error("the server left out log-probabilities of the prompt's tokens", "malformed")
    tops = row.top_logprobs
    greedy = None
    if tops is not None and len(tops) == len(row.token_logprobs) and all(tops[at] for at in own):
        likely = [max((tops[at] or {}).values()) for at in own]
        greedy = all(value >= most for value, most in zip(found, likely, strict=True))
    return Scored(text, sum(found), len(found), greedy)
