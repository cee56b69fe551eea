"""Any server with OpenAI's first API: given continuations by ``echo`` and ``logprobs`` of ``/completions``.

Used where a project says `scoring: true` of a server that is none of those known. What such a server does with chat
templates cannot be seen, so messages go to it as plain text. The context goes along as a prompt of its own, for its
tokens tell where the continuations begin.
"""

from __future__ import annotations

import msgspec

from weighbridge.evidence import Completion, Scored, Usage
from weighbridge.models.local.chat_template import plain
from weighbridge.models.protocol import Request
from weighbridge.models.remote.servers.scored import check, completion, moved, no_start
from weighbridge.models.remote.servers.service import Service


class _Logprobs(msgspec.Struct):
    tokens: list[str] = []
    token_logprobs: list[float | None] = []
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
        # Some servers refuse 0. Places in the text cannot tell the token more apart: where a character is several
        # tokens they are counted wrong.
        "max_tokens": 1,
        "temperature": 0,
        "logprobs": 1,
        "echo": True,
    }
    answer = await service.ask(f"{service.url}/completions", body, _Answer)
    used = answer.usage or _Usage()
    made = 1 if used.completion_tokens is None else round(used.completion_tokens / len(prompts))
    rows = {choice.index: choice.logprobs for choice in answer.choices}
    begin = _own(service, rows.get(0), made)
    scored = [_scored(service, one, rows.get(at + 1), begin, made) for at, one in enumerate(texts)]
    return completion(request, scored, None, Usage(used.prompt_tokens, used.completion_tokens), text, answer.model)


def _own(service: Service, row: _Logprobs | None, made: int) -> int:
    """How many tokens are the prompt's; the last `made` were generated."""
    if row is None or not row.token_logprobs or len(row.token_logprobs) <= made:
        raise service.error(
            "the server gave no log-probabilities of the prompt although it was asked for them",
            "dead",
            fix="it does not heed `echo` with `logprobs`: say `scoring: false` and weigh by `protocol: choice`, or "
            "say which server it is (`server: vllm`)",
        )
    return len(row.token_logprobs) - made


def _scored(service: Service, text: str, row: _Logprobs | None, begin: int, made: int) -> Scored:
    end = _own(service, row, made)
    values = row.token_logprobs if row is not None else []
    tops = row.top_logprobs if row is not None else None
    # A continuation that merges with the context's last token has no token beyond: then that one counts.
    own = range(min(begin, end - 1), end)
    found = [value for at in own if (value := values[at]) is not None]
    if len(found) < len(own):
        raise service.error("the server left out log-probabilities of the prompt's tokens", "malformed")
    greedy = None
    if tops is not None and len(tops) == len(values) and all(tops[at] for at in own):
        likely = [max((tops[at] or {}).values()) for at in own]
        greedy = all(value >= most for value, most in zip(found, likely, strict=True))
    return Scored(text, sum(found), len(found), greedy)
