"""What a race is asked, in numbers, and what it answers. No model in sight."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

Goal = Literal["best", "non_inferior", "superior", "pareto"]
Claim = Literal["population", "pool"]
Kind = Literal["best", "non_inferior", "superior", "frontier", "undecided", "none"]


@dataclass(frozen=True, slots=True)
class Rules:
    """A question about K candidates, by index."""

    goal: Goal = "best"
    claim: Claim = "population"
    alpha: float = 0.05
    epsilon: float = 0.02
    """Tolerance of ``best`` and ``pareto``; 0 asks for the strict best."""
    margin: float = 0.03
    """``non_inferior``: how far below the reference is still good enough."""
    challengers: tuple[int, ...] = ()
    """``non_inferior``, ``superior``: the candidates that may win (the open ones)."""
    references: tuple[int, ...] = ()
    """``non_inferior``, ``superior``: the candidates to match or beat (the closed ones)."""
    costs: tuple[float, ...] | None = None
    """``pareto``: cost of each candidate; costs that cannot be told apart should be given as
    equal; NaN = unknown."""
    look: int | None = None
    """Draws between decisions; None starts at 4 and widens as more is drawn."""


@dataclass(frozen=True, slots=True)
class Span:
    """Draw positions [start, stop) that `candidate` must be scored on before the next step."""

    candidate: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class Look:
    """The race as it stands after one step."""

    drawn: int
    """Draw positions opened so far (the furthest candidate)."""
    means: Floats
    """Shape (K,): mean score over what each candidate was asked; NaN where nothing was."""
    counts: NDArray[np.int64]
    """Shape (K,): draw positions each candidate was asked."""
    alive: NDArray[np.bool_]
    """Shape (K,): still being asked."""
    leader: int


@dataclass(frozen=True, slots=True)
class Outcome:
    """What may be claimed at this moment; valid whenever it is read."""

    kind: Kind
    winners: tuple[int, ...]
    """Winner; ``frontier``: all that are on it; ``undecided``: the leader; ``none``: empty."""
    leader: int
    certified: Floats
    """Shape (K,): smallest epsilon at which the leader is now certified against each candidate (0 for itself; 1 at
    most). For ``non_inferior`` the smallest margin at which the leading challenger is certified against each
    reference; NaN for those that are no reference."""
    out: tuple[str | None, ...]
    """Why each candidate left the race, or None."""
    out_at: tuple[int | None, ...]
    exhausted: bool
    """Whether every unit was drawn for every candidate still in question."""
    more_units: int | None
    """Undecided: about how many more draws would settle it (None: cannot be said, or the pool claim's pool is all
    there is)."""
