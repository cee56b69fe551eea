"""What an engine in Python offers to whoever hosts it: calls in, outcomes out, several at once.

An engine is synchronous and knows nothing of event loops, processes or clusters. A host (a child process, an actor)
gathers calls that come at the same time and hands them over together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, Protocol, runtime_checkable

import msgspec

from weighbridge.evidence import Completion
from weighbridge.models.protocol import ErrorKind, Request
from weighbridge.tasks.item import Message


class Failure(msgspec.Struct, frozen=True, tag=True):
    """One call failed; a host turns it into a `ModelError`."""

    what: str
    kind: ErrorKind = "bad_request"
    fix: str | None = None


Outcome = Completion | Failure
Done = Callable[[int, Outcome], None]
"""Takes the outcome of the call with that number."""
Emit = Callable[[int, str], object]
"""Takes a piece of text of the call with that number. It answers False where nobody waits for that call any more: an
engine may then end it early (its outcome is still handed to `Done`, once)."""
More = Callable[[], Sequence[Request]]
"""Calls that have come since it was last asked, at once and possibly none; they are numbered on from the last."""


def no_more() -> Sequence[Request]:
    """For callers that have all their calls at hand."""
    return ()


class Description(msgspec.Struct, frozen=True):
    """What an engine is once it is loaded."""

    engine: str
    """Names and versions, number type and device: ``transformers 5.23.0, torch 2.13.0, float32, cpu``."""
    architecture: str
    """``model_type`` of its configuration, such as ``llama``."""
    kind: Literal["causal", "seq2seq", "classifier", "masked", "encoder"]
    context: int | None
    """Most tokens of prompt and answer; None where it has no limit."""
    template: Literal["chat", "plain"]
    """Whether messages go through the tokenizer's chat template, or are read as plain text."""
    scoring: str = ""
    """How continuations are scored (``packed``, ``cached prefix``, ``encode once``, ``naive``), why; empty: not."""
    notes: tuple[str, ...] = ()
    """What the user must be told, one sentence each: an odd template, a fallback taken."""


class Batcher(Protocol):
    """An engine. All methods block; a host calls one at a time."""

    def describe(self) -> Description: ...

    def run(self, calls: Sequence[Request], done: Done, more: More = no_more, emit: Emit | None = None) -> None:
        """Carry out `calls`, numbered from 0, and those that `more` brings meanwhile.

        `done` is called exactly once a call, as soon as its outcome is there, in any order. What is wrong with one
        call is its `Failure` and leaves the others alone. Requests with `continuations` are scored, the others
        generated.
        """
        ...

    def embed(self, texts: Sequence[str]) -> list[list[float]]: ...


@runtime_checkable
class Renderer(Protocol):
    """An engine that shows the text it reads."""

    def render(self, messages: Sequence[Message]) -> str:
        """The text for `messages` after the chat template. Raises UsageError where the template refuses them."""
        ...
