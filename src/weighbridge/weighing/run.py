"""What a run leaves behind: the evidence, the race's outcome and the count of calls."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from weighbridge.evidence import Evidence, Finding, Question
from weighbridge.stats.rules import Look, Outcome

Stopped = Literal[
    "decided", "budget", "pool exhausted", "interrupted", "stored", "candidates down", "version changed"
]
"""``candidates down``: so many candidates were taken down that nothing was left to compare. ``version changed``: a
vendor put another model behind the same name (`weighing.versions`)."""


@dataclass(frozen=True, slots=True)
class Run:
    """Input of `decide`; from live calls, from the store, or from imported scores."""

    evidence: Evidence
    question: Question
    outcome: Outcome
    looks: tuple[Look, ...]
    """One per step, in order."""
    stopped: Stopped
    seed: int
    calls_made: int
    calls_exhaustive: int
    calls_from_store: int = 0
    retries: int = 0
    spent: float | None = None
    """Money for all answers used; None where a price is unknown."""
    spent_now: float | None = None
    planned: float | None = None
    """Money that a plan from this run's first items foretold for the likely stop; None where it cannot be said."""
    price_sources: dict[str, str] = field(default_factory=dict)
    """By candidate: where its price comes from, where the project does not state it."""
    seconds: float | None = None
    dead: dict[str, str] = field(default_factory=dict)
    """Candidates taken down in the middle, and why."""
    notes: tuple[str, ...] = ()
    """Warnings to show above the verdict."""
    findings: tuple[Finding, ...] = ()
    """What the run itself established, beside the scores."""
