"""What a model returned for one request, and what it used."""

from __future__ import annotations

from enum import StrEnum

import msgspec


class Finish(StrEnum):
    """Why the model stopped."""

    STOP = "stop"
    LENGTH = "length"
    REFUSAL = "refusal"
    FILTER = "filter"
    ERROR = "error"
    """No usable answer came; `Completion.error` says why."""


class Usage(msgspec.Struct, frozen=True):
    """Tokens and times of one call. None means the engine did not report it; it is never taken as 0."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    """All generated tokens, reasoning included."""
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    duration: float | None = None
    """Seconds from sending the request to the last byte."""
    first_token: float | None = None
    """Seconds from sending the request to the first token; None where the answer was not streamed."""
    cost: float | None = None
    """Money for this call as its source states it (a record, a server's bill); used where no price is given."""


class Scored(msgspec.Struct, frozen=True):
    """One given continuation of a prompt, as the model finds it."""

    text: str
    logprob: float
    """Sum over its tokens of the natural-log probability of each, given what stands before it."""
    tokens: int
    greedy: bool | None = None
    """Whether every token was the likeliest at its place; None where the engine does not say."""


class Completion(msgspec.Struct, frozen=True):
    """One answer. It is stored as it came; scorers see it after `tasks.reasoning.visible` took reasoning away."""

    text: str
    finish: Finish = Finish.STOP
    usage: Usage = Usage()
    model: str | None = None
    """The model version the server said it ran, where it said so."""
    logprobs: list[tuple[str, float]] | None = None
    """(token, natural-log probability) of the generated tokens, where asked for."""
    error: str | None = None
    request_id: str | None = None
    scored: list[Scored] | None = None
    """The given continuations (or a classifier's labels), in the order asked, where they were scored."""
    prompt: str | None = None
    """The text the engine read, after its chat template, where the engine says it."""
