"""What is asked of the evidence, and what a run may use."""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec
from msgspec import Meta

Goal = Literal["best", "non_inferior", "superior", "pareto"]
Claim = Literal["population", "pool"]
Side = Literal["open", "closed", "rule", "unknown"]


class Question(msgspec.Struct, frozen=True):
    """A question with its error guarantee; fixed before the first call."""

    goal: Goal = "best"
    """``best``: one candidate at most `epsilon` below the best. ``non_inferior``: an open candidate at most `margin`
    below the reference. ``superior``: an open candidate above the reference. ``pareto``: who is dominated by a
    cheaper one, who is on the frontier."""
    epsilon: Annotated[float, Meta(ge=0, lt=1)] = 0.02
    """Tolerance of ``best`` and ``pareto``, in score units (0.02 = 2 points). 0 asks for the strict best."""
    margin: Annotated[float, Meta(gt=0, lt=1)] = 0.03
    """Non-inferiority margin in score units."""
    reference: str | None = None
    """Candidate name to be non-inferior or superior to; None means the best of the closed ones."""
    alpha: Annotated[float, Meta(gt=0, lt=0.5)] = 0.05
    """Probability of a wrong verdict, at most."""
    claim: Claim = "population"
    """``population``: the traffic the items were drawn from. ``pool``: these items, as if all were run."""


class Budget(msgspec.Struct, frozen=True):
    """What a run may use. None: no cap."""

    money: Annotated[float, Meta(ge=0)] | None = None
    """Money that new calls of one run may cost; a call that could go over it is not sent."""
    calls: Annotated[int, Meta(ge=0)] | None = None
    """Requests that one run may send."""
    minutes: Annotated[float, Meta(ge=0)] | None = None
    """Minutes one run may last."""
