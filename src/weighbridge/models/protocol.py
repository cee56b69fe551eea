"""What every model offers, and the values that pass through it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from typing import Annotated, Literal, Protocol, runtime_checkable

import msgspec
from msgspec import Meta

from weighbridge.errors import WeighbridgeError
from weighbridge.evidence import Completion, Side
from weighbridge.tasks.item import Item, Message


class Sampling(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Decoding settings; each one is part of the store key."""

    temperature: Annotated[float, Meta(ge=0, le=2)] = 0.0
    """0 always takes the likeliest token; more is more varied."""
    max_tokens: Annotated[int, Meta(ge=1)] = 256
    """The most tokens one answer may have, reasoning included; an answer cut there has status `truncated`."""
    top_p: Annotated[float, Meta(gt=0, le=1)] | None = None
    """Draw from the likeliest tokens that together have this probability; the engine's default where absent."""
    seed: int | None = None
    """Seed handed to the engine, where it takes one (not the seed of the run)."""
    stop: tuple[str, ...] = ()
    """Texts at which the answer ends."""
    reasoning_effort: Literal["none", "minimal", "low", "medium", "high"] | None = None
    """How long a reasoning model may think, in the vendor's own grades; its default where absent."""


class Tool(msgspec.Struct, frozen=True):
    """A function the model may ask for."""

    name: str
    parameters: str
    """JSON Schema of the arguments, as JSON text."""
    description: str = ""


Normalise = Literal["none", "characters", "bytes", "tokens", "unconditional"]
"""What a continuation's log-probability is divided by before the likeliest is taken: nothing, its length in
characters (lm-eval's ``acc_norm``), UTF-8 bytes or tokens; ``unconditional`` subtracts its log-probability without
the prompt (lm-eval's ``acc_mutual_info``)."""


class Request(msgspec.Struct, frozen=True):
    """One call to be made."""

    messages: tuple[Message, ...]
    sampling: Sampling = Sampling()
    choices: tuple[str, ...] | None = None
    """The answer must be one of these, where the engine can be held to it (`Capabilities.choices`)."""
    json_schema: str | None = None
    """JSON Schema (as JSON text) the answer must follow, where the engine can be held to it."""
    logprobs: bool = False
    continuations: tuple[str, ...] | None = None
    """Score these texts as continuations of the prompt instead of generating (`Capabilities.scoring`): the answer's
    text is the likeliest of them under `normalise`, and `Completion.scored` holds all, in this order."""
    normalise: Normalise = "none"
    tools: tuple[Tool, ...] = ()
    tool_choice: str | None = None
    """``auto``, ``none``, ``required``, or the tool it must ask for; the vendor's default where absent."""
    repeat: int = 0
    """Which of the repeated answers to the same prompt this is."""
    item: Item | None = None
    """The item behind the prompt. Only `python:`, `recorded:` and `simulated:` read it."""


class Capabilities(msgspec.Struct, frozen=True):
    """What a model can do; declared, never discovered by failing."""

    choices: bool = False
    json_schema: bool = False
    logprobs: bool = False
    scoring: bool = False
    """Scores given continuations (`Request.continuations`)."""
    embeddings: bool = False
    """Is an `Embedder`."""
    prompts: bool = False
    """Says in `Completion.prompt` what text it read after its chat template."""
    streaming: bool = False
    seed: bool = False
    tools: bool = False
    images: bool = False
    reasoning_effort: bool = False
    stop: bool = True
    temperature: bool = True
    top_p: bool = True
    needs_item: bool = False
    """Answers from `Request.item` rather than from the rendered prompt."""
    fixed_concurrency: bool = False
    """`Model.concurrency` is the most it may get, not a first guess: the user said so."""
    elastic: bool = False
    """`Model.concurrency` follows machines that come and go: it is read before each call, and never exceeded."""


ErrorKind = Literal[
    "rate_limit",
    "timeout",
    "server",
    "connection",
    "cut",
    "malformed",
    "empty",
    "auth",
    "quota",
    "bad_request",
    "dead",
]
RETRYABLE: frozenset[ErrorKind] = frozenset(
    {"rate_limit", "timeout", "server", "connection", "cut", "malformed", "empty"}
)
FATAL: frozenset[ErrorKind] = frozenset({"auth", "quota", "dead"})
"""Kinds that take the candidate down: asking again, or asking for another item, cannot help."""


class ModelError(WeighbridgeError):
    """One attempt failed. `kind` decides whether another may follow; the caller, never the model, retries."""

    def __init__(
        self,
        what: str,
        *,
        kind: ErrorKind,
        where: str | None = None,
        fix: str | None = None,
        retry_after: float | None = None,
        status: int | None = None,
        usage_may_be_billed: bool = False,
        vendor: str | None = None,
        code: str | None = None,
        request_id: str | None = None,
    ) -> None:
        super().__init__(what, where=where, fix=fix)
        self.kind: ErrorKind = kind
        self.vendor = vendor
        """The vendor's name in spec strings; None for a server of one's own."""
        self.code = code
        """The vendor's own word for the error."""
        self.request_id = request_id
        """By which the vendor finds the call again."""
        self.retry_after = retry_after
        """Seconds the server asked to wait, from any spelling of Retry-After."""
        self.status = status
        self.usage_may_be_billed = usage_may_be_billed
        """True where the server may have done (and charged) the work, for example after a cut stream."""

    @property
    def retryable(self) -> bool:
        return self.kind in RETRYABLE


@runtime_checkable
class Model(Protocol):
    """Something that completes text: an engine in this process, a server, a record, a rule.

    `complete` makes exactly one attempt and raises `ModelError` on failure; concurrency, retries, deadlines and
    budgets belong to the caller. Engines that batch gather concurrent calls inside.
    """

    @property
    def spec(self) -> str:
        """The spec string it was made from, without secrets."""
        ...

    @property
    def revision(self) -> str:
        """What fixes the weights: a hash, a revision, a file's digest; empty where unknown."""
        ...

    @property
    def engine(self) -> str:
        """Engine name and version, for example ``llama.cpp 2026.10``."""
        ...

    @property
    def endpoint(self) -> str:
        """What calls share: rate limits and concurrency are kept per endpoint."""
        ...

    @property
    def side(self) -> Side:
        """``open``, ``closed`` or ``rule``, as the spec implies; a project file may overrule it."""
        ...

    @property
    def simulated(self) -> bool: ...

    @property
    def capabilities(self) -> Capabilities: ...

    @property
    def concurrency(self) -> int:
        """The most calls worth having under way at once (slots of a local engine; a first guess for a server)."""
        ...

    async def complete(self, request: Request) -> Completion: ...

    def stream(self, request: Request) -> AsyncIterator[str]:
        """Pieces of text as they come; where `Capabilities.streaming`."""
        ...

    async def close(self) -> None: ...


@runtime_checkable
class Embedder(Protocol):
    """A model that turns texts into vectors; where `Capabilities.embeddings`."""

    async def embed(self, texts: Sequence[str]) -> list[list[float]]:
        """One vector a text, in order. One attempt; raises `ModelError`."""
        ...


class Reading(msgspec.Struct, frozen=True):
    """How a model turns messages into the text it reads."""

    template: Literal["chat", "plain", "unknown"] = "unknown"
    """``chat``: through the model's own chat template. ``plain``: as text, without one."""
    notes: tuple[str, ...] = ()
    """What the user must be told, one sentence each: no template, a template that drops the system message."""


@runtime_checkable
class Rendering(Protocol):
    """A model that can show the exact text its engine reads, without generating anything."""

    async def rendered(self, request: Request) -> str | None:
        """The text for `request` after the chat template; None where it cannot be had. Raises `ModelError`."""
        ...


@runtime_checkable
class Templated(Protocol):
    """A model that knows how it turns messages into text."""

    async def reading(self) -> Reading:
        """Known once the engine is there, which this may start. Raises `ModelError`."""
        ...


@runtime_checkable
class Starting(Protocol):
    """A model whose engine takes long to come up: weights are fetched and loaded."""

    async def start(self) -> object:
        """Bring the engine up, unless it is; a caller's time limit for an answer begins after it.

        Calls do this by themselves where nobody did. Raises `ModelError`.
        """
        ...


class Known(msgspec.Struct, frozen=True):
    """What earlier runs wrote down of a model: its revision and engine, as the store keeps them."""

    revision: str
    engine: str


@runtime_checkable
class Preparing(Protocol):
    """A model that must look before it knows what it can do: a server that says what it is."""

    @property
    def prepared(self) -> bool:
        """Whether `capabilities`, `engine` and `revision` are final. Until then they hold what was declared: a check
        that makes no call must take what is missing as unknown, not as absent."""
        ...

    async def prepare(self, known: Sequence[Known] = ()) -> None:
        """Look, once and within seconds; never raises for a server that does not answer.

        Awaited before anything reads `capabilities` or makes a key of the store. `known`, newest last, is what
        earlier runs found: a server that cannot be reached is taken for what it was, so that its answers are found
        again.
        """
        ...


class RateLimits(msgspec.Struct, frozen=True):
    """What a vendor's headers say of the room that is left. None: not said."""

    requests: int | None = None
    """Requests of one period."""
    requests_left: int | None = None
    requests_reset: float | None = None
    """Seconds until `requests_left` is full again."""
    tokens: int | None = None
    tokens_left: int | None = None
    tokens_reset: float | None = None
    """Seconds until `tokens_left` is full again."""


@runtime_checkable
class Limited(Protocol):
    """A model whose vendor says with each answer how much room is left."""

    @property
    def limits(self) -> RateLimits | None:
        """As the newest answer or refusal said; None where none said anything. Read once after each call."""
        ...


@runtime_checkable
class Refusing(Protocol):
    """A model that can tell, before any call, that it has not what a request needs."""

    def refused(self, request: Request) -> ModelError | None:
        """Why `request` cannot be made (``bad_request``, naming the field and the vendor); None where it can."""
        ...
