"""What a run tells while it runs. The report room draws it; anything callable with one event may listen.

A listener is called in the run's own thread, between two answers: it must be quick, and what it raises stops the run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from weighbridge.evidence import Budget, Question, Side
from weighbridge.stats.rules import Look, Outcome

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Started:
    """The first event."""

    names: tuple[str, ...]
    sides: tuple[Side, ...]
    simulated: tuple[bool, ...]
    repeats: tuple[int, ...]
    question: Question
    budget: Budget
    seed: int
    items: int
    units: int
    """What is drawn: items, or whole clusters."""
    unit: Literal["item", "cluster"]


@dataclass(frozen=True, slots=True)
class Answered:
    """An answer came (and is in the store), or was found there, or never came."""

    candidate: int
    item: int
    """Position in `Task.items`."""
    from_store: bool
    failed: bool
    seconds: float | None
    """Measured when the answer was paid for, which may be long ago."""
    cost: float | None
    """Money spent on it by this run."""


@dataclass(frozen=True, slots=True)
class Retried:
    """An attempt failed and another one will follow."""

    candidate: int
    item: int
    attempt: int
    kind: str
    """The `ErrorKind`."""
    what: str
    wait: float
    """Seconds until the next attempt."""


@dataclass(frozen=True, slots=True)
class Slowed:
    """An endpoint asked for patience: fewer calls at once from now on."""

    endpoint: str
    concurrency: int
    pause: float
    """Seconds during which nothing is sent there; 0 where the server named none."""


@dataclass(frozen=True, slots=True)
class Batched:
    """A lot at a vendor was looked at."""

    candidate: int
    lot: str
    """The vendor's id for it."""
    word: str
    """The vendor's word for its state."""
    done: int | None
    """Requests worked off; None where the vendor does not say."""
    size: int


@dataclass(frozen=True, slots=True)
class Down:
    """A candidate left because it cannot answer; the run goes on without it."""

    candidate: int
    why: str


@dataclass(frozen=True, slots=True)
class Tally:
    """One candidate's answers so far."""

    answers: int = 0
    from_store: int = 0
    failed: int = 0
    retries: int = 0
    cost_mean: float | None = None
    """Money per answer; None where the price is unknown or needs a figure that did not come."""
    seconds_mean: float | None = None


@dataclass(frozen=True, slots=True)
class Spent:
    """What this run used of its budget; the caps are in `Started.budget`."""

    money: float | None
    """None where a price is unknown."""
    calls: int
    """Requests sent, repeated attempts included."""
    seconds: float
    in_flight: int


@dataclass(frozen=True, slots=True)
class LookDone:
    """The race took a step."""

    look: Look
    outcome: Outcome | None
    """Only with the last look: what may be claimed."""
    tallies: tuple[Tally, ...]
    spent: Spent
    values: Floats
    """Shape (K, units): score of each unit in draw order, NaN where not asked. The run's own array, to be read at
    once and never written: enough to draw a mean with its interval."""


@dataclass(frozen=True, slots=True)
class Ended:
    """The last event."""

    stopped: str
    seconds: float
    spent: Spent


Event = Started | Answered | Retried | Slowed | Batched | Down | LookDone | Ended


class Progress(Protocol):
    """A listener."""

    def __call__(self, event: Event, /) -> None: ...


def silent(event: Event, /) -> None:
    """The listener that says nothing."""
    del event
