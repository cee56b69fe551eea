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
    TOOL = "tool"
    """It asks for the tools in `Completion.tool_calls`; whole, like ``stop``."""
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
    cache_write_tokens: int | None = None
    """Input tokens written to the provider's cache, where that has a price of its own; part of `input_tokens`."""
    concurrency: int | None = None
    """The most calls that were under way at this call's endpoint while it was, itself included; None where the times
    are not this run's own."""
    batched: bool = False
    """The call went through the vendor's batch interface, whose price may be another (`Price.batch_share`)."""


class ToolCall(msgspec.Struct, frozen=True):
    """A function the model wants called."""

    id: str
    """The vendor's name for this call, to which its result refers; made up (``call_0``) where a vendor gives none."""
    name: str
    arguments: str
    """JSON text, exactly as the model wrote it; ``{}`` where it wrote nothing."""


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
    tool_calls: list[ToolCall] | None = None
    reasoning: str | None = None
    """What the model thought before it answered, where the vendor shows it outside the text."""
    stop_reason: str | None = None
    """The vendor's own word for why it stopped."""
    fingerprint: str | None = None
    """What the vendor says of the system behind the model (OpenAI's `system_fingerprint`)."""
    echo: str | None = None
    """JSON that must go back unchanged in the next turn (signed reasoning), for `Message.echo`."""
